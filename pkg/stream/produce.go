package stream

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// acksAll asks for the acknowledgement of every in-sync replica.
const acksAll = -1

// failure is a batch that was not acknowledged.
type failure struct {
	outgoing
	err error
}

// attempt sends the batches once, one request per leader, settles those that
// were acknowledged and gives back the others.
func (l *lane) attempt(ctx context.Context, batches []outgoing) []failure {
	leaders, err := l.leaders(ctx)
	if err != nil {
		return failAll(batches, err)
	}
	var groups [][]outgoing
	index := map[int]int{}
	for _, o := range batches {
		leader := leaders[o.partition]
		g, ok := index[leader]
		if !ok {
			g = len(groups)
			index[leader] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], o)
	}
	if len(groups) == 1 {
		return l.request(ctx, groups[0])
	}
	results := make([][]failure, len(groups))
	var wg sync.WaitGroup
	for i, g := range groups {
		wg.Go(func() { results[i] = l.request(ctx, g) })
	}
	wg.Wait()
	var out []failure
	for _, r := range results {
		out = append(out, r...)
	}
	return out
}

func failAll(batches []outgoing, err error) []failure {
	out := make([]failure, len(batches))
	for i, o := range batches {
		out[i] = failure{outgoing: o, err: err}
	}
	return out
}

// request writes the batches of one leader.
func (l *lane) request(ctx context.Context, batches []outgoing) []failure {
	p := l.producer
	timeout := p.client.cfg.RequestTimeout
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	topic := rawproduce.RequestTopic{Topic: l.topic, Partitions: make([]rawproduce.RequestPartition, 0, len(batches))}
	sent := 0
	for _, o := range batches {
		raw, err := o.batch.seal(p.codec)
		if err != nil {
			return failAll(batches, fmt.Errorf("compressing records for %s: %w", l.topic, err))
		}
		sent += len(raw)
		topic.Partitions = append(topic.Partitions, rawproduce.RequestPartition{
			Partition: int32(o.partition), //nolint:gosec // as Kafka numbers them
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(raw)},
		})
	}
	start := time.Now()
	res, err := p.client.transport.RoundTrip(ctx, p.client.addr, &rawproduce.Request{
		Acks: acksAll, Topics: []rawproduce.RequestTopic{topic},
		Timeout: int32(min(timeout.Milliseconds(), math.MaxInt32)), //nolint:gosec // clamped
	})
	if err != nil {
		for _, o := range batches {
			o.batch.shared = true
		}
		return failAll(batches, fmt.Errorf("producing to %s: %w", l.topic, err))
	}
	p.client.metrics.requests.WithLabelValues("ok").Inc()
	p.client.metrics.publishTime.WithLabelValues(l.topic).Observe(time.Since(start).Seconds())
	p.client.metrics.publishBytes.WithLabelValues(l.topic).Add(float64(sent))
	return l.outcomes(batches, res)
}

// outcomes settles the batches that the response acknowledges.
func (l *lane) outcomes(batches []outgoing, res kafka.Response) []failure {
	answers := make(map[int]*produce.ResponsePartition, len(batches))
	if r, ok := res.(*produce.Response); ok {
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				answer := &r.Topics[i].Partitions[j]
				answers[int(answer.Partition)] = answer
			}
		}
	}
	var out []failure
	for _, o := range batches {
		answer := answers[o.partition]
		switch {
		case answer == nil:
			out = append(out, failure{o, fmt.Errorf("producing to %s/%d: %w", l.topic, o.partition, errNoAnswer)})
		case answer.ErrorCode != 0:
			out = append(out, failure{o, fmt.Errorf("producing to %s/%d: %w", l.topic, o.partition, kafka.Error(answer.ErrorCode))})
		default:
			l.settle(o, nil)
		}
	}
	return out
}

// errNoAnswer says that a response left out a partition that was written to.
var errNoAnswer = protocol.Error("the response does not name the partition")
