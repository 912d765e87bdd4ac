package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// worker reads one partition for the length of a generation.
type worker struct {
	gen   *generation
	at    topicPartition
	logID LogID
	fetch fetcher
	log   *zap.Logger

	next      atomic.Int64 // first offset not handled
	highWater atomic.Int64
	fetched   atomic.Int64 // time of the last answer to a fetch
	progress  atomic.Int64 // time something last moved
	failing   atomic.Bool  // the last fetch failed
	seek      atomic.Int64 // offset asked for by SeekBack, or -1

	lag               prometheus.Gauge
	handleTime, size  prometheus.Observer
	consumed, retries prometheus.Counter
}

func newWorker(g *generation, a Assignment, now time.Time) *worker {
	m, cfg := g.consumer.client.metrics, &g.consumer.cfg
	w := &worker{
		gen: g, at: topicPartition{a.Topic, a.Partition}, logID: a.LogID,
		fetch: fetcher{
			client: g.consumer.client, topic: a.Topic, partition: a.Partition,
			offset: a.Offset, maxBytes: cfg.BatchBytes, wait: cfg.FetchWait,
		},
		log:        g.log.With(zap.String("topic", a.Topic), zap.Int("partition", a.Partition)),
		lag:        m.lag.WithLabelValues(cfg.Group, a.Topic, strconv.Itoa(a.Partition)),
		handleTime: m.handleTime.WithLabelValues(cfg.Group, a.Topic),
		size:       m.batchSize.WithLabelValues(cfg.Group, a.Topic),
		consumed:   m.consumed.WithLabelValues(cfg.Group, a.Topic),
		retries:    m.retries.WithLabelValues(cfg.Group, a.Topic),
	}
	w.next.Store(a.Offset)
	w.seek.Store(-1)
	w.fetched.Store(now.UnixNano())
	w.progress.Store(now.UnixNano())
	w.sawHighWater(a.End)
	return w
}

// run reads and handles until the generation ends (nil) or a position lies
// outside the log.
func (w *worker) run() error {
	cfg := &w.gen.consumer.cfg
	done := w.gen.life.Done()
	b := newBackoff(50*time.Millisecond, 2*time.Second)
	for failures := 0; !w.revoked(); {
		w.applySeek()
		start := time.Now()
		got, err := w.fetchOnce()
		if w.revoked() {
			return nil
		}
		if err != nil {
			var outside *OffsetError
			if errors.As(err, &outside) {
				return err
			}
			w.failing.Store(true)
			if failures++; worthALine(failures) {
				w.log.Warn("fetching records", zap.Int("attempt", failures), zap.Error(err))
			}
			b.sleep(done)
			continue
		}
		b.reset()
		failures = 0
		w.failing.Store(false)
		w.fetched.Store(time.Now().UnixNano())
		w.sawHighWater(got.highWater)
		if len(got.records) > 0 || got.highWater <= w.next.Load() {
			w.moved()
		}
		if w.handleAll(got); w.revoked() {
			return nil
		}
		if got.highWater <= w.fetch.offset { // all there is was fetched: let some more come together
			pause(cfg.BatchWait-time.Since(start), done)
		}
	}
	return nil
}

// revoked says that the partition was taken away or the program stops.
func (w *worker) revoked() bool { return w.gen.life.Err() != nil }

// fetchOnce fetches, and decides what an offset outside the log means.
func (w *worker) fetchOnce() (got fetched, err error) {
	err = retryBeyond(w.gen.life.Done(), func() error {
		got, err = w.fetch.fetch(w.gen.life)
		return err
	})
	var outside *OffsetError
	if errors.As(err, &outside) && outside.Truncated() && w.gen.consumer.cfg.SkipTruncated {
		w.log.Error("records were deleted before they were read; going on at the log start",
			zap.Int64("offset", outside.Offset), zap.Int64("log_start", outside.Start))
		w.fetch.offset = outside.Start
		w.next.Store(outside.Start)
		return fetched{highWater: outside.End}, nil
	}
	return got, err
}

// handleAll gives the records to the handler in batches, as far as they are
// still the next ones.
func (w *worker) handleAll(got fetched) {
	for records := got.records; len(records) > 0; {
		n := w.cut(records)
		batch := Batch{
			Topic: w.at.topic, Partition: w.at.partition, LogID: w.logID,
			Records: records[:n:n], HighWater: got.highWater,
		}
		if !w.handle(batch) {
			return
		}
		records = records[n:]
	}
}

// cut says how many of the records make the next batch.
func (w *worker) cut(records []Record) int {
	cfg := &w.gen.consumer.cfg
	most, size := w.batchRecords(), 0
	for i := range records {
		size += records[i].size()
		if i == most || (i > 0 && size > 2*cfg.BatchBytes) {
			return i
		}
	}
	return len(records)
}

// handle calls the handler until it accepts the batch. It gives up (false) when
// the generation has ended or the partition is to be read from another offset.
func (w *worker) handle(batch Batch) (accepted bool) {
	cfg := &w.gen.consumer.cfg
	w.size.Observe(float64(len(batch.Records)))
	b := newBackoff(cfg.BackoffMin, cfg.BackoffMax)
	for attempt := 1; ; attempt++ {
		turn, ok := w.enter()
		if !ok {
			return false
		}
		if w.revoked() || w.applySeek() {
			w.leave(turn)
			return false
		}
		if faults.commitEarly {
			w.accept(batch)
		}
		err := w.call(batch)
		w.leave(turn)
		w.moved()
		var rewind *Rewind
		var invalid *InvalidError
		switch {
		case err == nil:
			w.accept(batch)
			return true
		case errors.As(err, &rewind):
			w.rewind(min(rewind.Offset, batch.First()))
			b.sleep(w.gen.life.Done())
			return false
		case errors.As(err, &invalid) && cfg.DeadLetter != nil:
			if err = w.bury(batch, invalid); err == nil {
				w.accept(batch)
				return true
			}
		}
		w.retries.Inc()
		if worthALine(attempt) {
			w.log.Warn("handling a batch; trying again", zap.Int64("offset", batch.First()),
				zap.Int("records", len(batch.Records)), zap.Int("attempt", attempt), zap.Error(err))
		}
		b.sleep(w.gen.life.Done())
	}
}

// call runs the handler; a panic is an error of the batch.
func (w *worker) call(batch Batch) (err error) {
	start := time.Now()
	defer func() {
		w.handleTime.Observe(time.Since(start).Seconds())
		if r := recover(); r != nil {
			w.log.Error("handler panicked", zap.ByteString("stack", debug.Stack()))
			err = fmt.Errorf("handling a batch: panic of type %T", r)
		}
	}()
	return w.gen.consumer.handler.Batch(w.gen.handling, batch)
}

func (w *worker) accept(batch Batch) {
	next := batch.Next()
	w.next.Store(next)
	w.gen.commits.handled(w.at, next, time.Now())
	w.consumed.Add(float64(len(batch.Records)))
	w.sawHighWater(w.highWater.Load())
}

// bury sends the records that the handler named to the dead letter.
func (w *worker) bury(batch Batch, invalid *InvalidError) error {
	named := make(map[int64]bool, len(invalid.Offsets))
	for _, o := range invalid.Offsets {
		named[o] = true
	}
	for _, r := range batch.Records {
		if len(named) > 0 && !named[r.Offset] {
			continue
		}
		if err := w.gen.consumer.cfg.DeadLetter(w.gen.handling, r, invalid); err != nil {
			return fmt.Errorf("writing a dead letter: %w", err)
		}
		w.gen.consumer.client.metrics.deadLetters.WithLabelValues(w.at.topic, invalid.Reason).Inc()
	}
	return nil
}

// requestSeek asks for a lower offset; the lowest of several holds.
func (w *worker) requestSeek(offset int64) bool {
	if offset < 0 || offset > w.next.Load() {
		return false
	}
	for {
		old := w.seek.Load()
		if old >= 0 && old <= offset {
			return true
		}
		if w.seek.CompareAndSwap(old, offset) {
			return true
		}
	}
}

func (w *worker) applySeek() bool {
	offset := w.seek.Swap(-1)
	if offset < 0 {
		return false
	}
	w.rewind(offset)
	return true
}

// rewind goes back, and so does what the group has of the partition.
func (w *worker) rewind(offset int64) {
	w.log.Info("reading again from an earlier offset", zap.Int64("offset", offset), zap.Int64("from", w.next.Load()))
	w.fetch.offset = offset
	w.next.Store(offset)
	w.gen.commits.rewound(w.at, offset)
	w.sawHighWater(w.highWater.Load())
}

func (w *worker) moved() { w.progress.Store(time.Now().UnixNano()) }

func (w *worker) sawHighWater(hw int64) {
	w.highWater.Store(hw)
	w.gen.consumer.priority.saw(w.at, w.next.Load(), hw)
	w.lag.Set(float64(max(0, hw-w.next.Load())))
}

// stalled says that there is something to read and nothing has moved for long.
func (w *worker) stalled(now time.Time, limit time.Duration) bool {
	behind := w.highWater.Load() > w.next.Load() || w.failing.Load()
	return behind && now.Sub(time.Unix(0, w.progress.Load())) > limit
}

var _ Handler = HandlerFunc(func(context.Context, Batch) error { return nil })
