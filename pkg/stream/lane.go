package stream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// lane is the queue of one topic: batches per partition, and one goroutine that
// sends what has waited long enough. A partition whose batch is under way is
// busy; its next batch fills up meanwhile, which keeps the order and makes
// batches grow with the load.
type lane struct {
	producer *Producer
	topic    string
	wake     chan struct{}
	next     atomic.Uint32 // partition of the next record without a key

	mu      sync.Mutex
	parts   []partitionQueue
	pending int // batches queued
	busy    int // partitions under way
	closing bool
}

type partitionQueue struct {
	batches []*recordBatch
	busy    bool
}

// free says that a batch waits and none is under way.
func (q *partitionQueue) free() bool { return !q.busy && len(q.batches) > 0 }

func newLane(p *Producer, topic string, partitions int) *lane {
	return &lane{producer: p, topic: topic, wake: make(chan struct{}, 1), parts: make([]partitionQueue, partitions)}
}

// add encodes the records into the batches of their partitions.
func (l *lane) add(now time.Time, c *call, records []Record, base int) {
	cfg := &l.producer.cfg
	l.mu.Lock()
	wake := l.pending == 0
	for i := range records {
		r := &records[i]
		q := &l.parts[l.partition(r)]
		var b *recordBatch
		if n := len(q.batches); n > 0 {
			b = q.batches[n-1]
		}
		if b == nil || len(b.acks) >= cfg.BatchRecords || b.size+r.size()+batchHeader > cfg.BatchBytes {
			wake = wake || b != nil // a full batch need not linger
			b = newRecordBatch(now)
			q.batches = append(q.batches, b)
			l.pending++
		}
		b.add(r, ack{call: c, index: int32(base + i)}) //nolint:gosec // the queue bounds a call
	}
	l.mu.Unlock()
	if wake {
		l.signal()
	}
}

func (l *lane) partition(r *Record) int {
	switch {
	case r.Pinned:
		return r.Partition
	case r.Key == nil:
		return int(l.next.Add(1) % uint32(len(l.parts))) //nolint:gosec // a count of partitions
	default:
		return PartitionOf(r.Key, len(l.parts))
	}
}

func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) close() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.signal()
}

// run sends batches until the lane is closed and empty.
func (l *lane) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		ready, wait, done := l.take(time.Now())
		if len(ready) > 0 {
			l.producer.work.Go(func() { l.send(ready) })
		}
		if done {
			return
		}
		timer.Reset(wait)
		select {
		case <-l.wake:
		case <-timer.C:
		}
	}
}

// outgoing is one batch under way.
type outgoing struct {
	partition int
	batch     *recordBatch
}

// take gives the oldest batch of every partition that is free, if any of them
// is full or has lingered; else how long to wait.
func (l *lane) take(now time.Time) (ready []outgoing, wait time.Duration, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if due, wait := l.due(now); !due {
		return nil, wait, l.closing && l.pending == 0 && l.busy == 0
	}
	for i := range l.parts {
		q := &l.parts[i]
		if !q.free() {
			continue
		}
		ready = append(ready, outgoing{partition: i, batch: q.batches[0]})
		q.batches = append(q.batches[:0], q.batches[1:]...)
		q.busy = true
		l.pending--
		l.busy++
	}
	return ready, time.Hour, l.closing && l.pending == 0 && l.busy == 0 && len(ready) == 0
}

// due says whether there is a batch to send now, or how long the oldest has
// still to linger.
func (l *lane) due(now time.Time) (due bool, wait time.Duration) {
	cfg := &l.producer.cfg
	due, wait = l.closing, time.Hour
	for i := range l.parts {
		q := &l.parts[i]
		if !q.free() {
			continue
		}
		b := q.batches[0]
		left := cfg.Linger - now.Sub(b.created)
		if left <= 0 || len(q.batches) > 1 || len(b.acks) >= cfg.BatchRecords {
			due = true
		}
		wait = min(wait, left)
	}
	return due, wait
}

// settle ends a batch: its callers get the outcome, its partition is free.
func (l *lane) settle(o outgoing, err error) {
	m := l.producer.client.metrics
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.published.WithLabelValues(l.topic, outcome).Add(float64(len(o.batch.acks)))
	l.producer.release(len(o.batch.acks), o.batch.size)
	for _, a := range o.batch.acks {
		a.call.settle(a.index, err)
	}
	o.batch.free()
	l.mu.Lock()
	l.parts[o.partition].busy = false
	l.busy--
	l.mu.Unlock()
	l.signal()
}

// send writes batches, those of one leader in one request, and tries again
// those that may still succeed.
func (l *lane) send(batches []outgoing) {
	p := l.producer
	ctx, cancel := context.WithTimeout(p.ctx, p.cfg.DeliveryTimeout)
	defer cancel()
	b := newBackoff(20*time.Millisecond, 500*time.Millisecond)
	for attempt := 1; len(batches) > 0; attempt++ {
		failed := l.attempt(ctx, batches)
		batches = batches[:0]
		for _, f := range failed {
			if !temporary(f.err) || ctx.Err() != nil {
				l.settle(f.outgoing, l.final(f.err))
				continue
			}
			batches = append(batches, f.outgoing)
		}
		if len(batches) == 0 {
			return
		}
		p.client.metrics.requests.WithLabelValues("retry").Inc()
		if worthALine(attempt) {
			p.client.log.Warn("produce request will be repeated", zap.String("topic", l.topic),
				zap.Int("partitions", len(batches)), zap.Int("attempt", attempt), zap.Error(failed[0].err))
		}
		if !b.sleep(ctx.Done()) {
			for _, o := range batches {
				l.settle(o, l.final(failed[0].err))
			}
			return
		}
	}
}

// final is the error a caller sees when nothing more is tried.
func (l *lane) final(err error) error {
	if l.producer.ctx.Err() != nil {
		return ErrClosed
	}
	return err
}

// leaders maps partitions to the broker that leads them.
func (l *lane) leaders(ctx context.Context) (map[int]int, error) {
	topics, err := l.producer.client.metadata(ctx, l.topic)
	if err != nil {
		return nil, err
	}
	t, ok := topics[l.topic]
	if !ok {
		return nil, kafka.UnknownTopicOrPartition
	}
	out := make(map[int]int, len(t.Partitions))
	for _, p := range t.Partitions {
		out[p.ID] = p.Leader.ID
	}
	return out, nil
}
