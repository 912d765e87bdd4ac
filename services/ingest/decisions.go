package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"rcu/pkg/stream"
)

// errUndecided says that decisions which Kafka has are not in the registers yet.
var errUndecided = errors.New("waiting until the decisions on rcu.consents stand in the registers")

// decisions tells when the registers hold what Kafka knows. A denial that came while Redis was away lies on rcu.consents alone, and so
// does a grant: the resolver joins them when Redis is back, and what is judged before would be judged by the registers of yesterday.
type decisions struct {
	lag func(ctx context.Context) ([]stream.PartitionLag, error)

	mu      sync.Mutex
	batches map[int]awaited // by partition of rcu.held
}

// awaited is what must have been joined before a batch is judged.
type awaited struct {
	first int64         // offset of the batch
	ends  map[int]int64 // of rcu.consents, when the batch was first seen with Redis there
}

func newDecisions(client *stream.Client, group string) *decisions {
	return &decisions{batches: map[int]awaited{}, lag: func(ctx context.Context) ([]stream.PartitionLag, error) {
		return client.Lag(ctx, group, stream.TopicConsents)
	}}
}

// await is nil once every decision that lay on Kafka when the batch was first seen stands in the registers.
func (d *decisions) await(ctx context.Context, partition int, first int64) error {
	parts, err := d.lag(ctx)
	if err != nil {
		return fmt.Errorf("asking which decisions stand in the registers: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.batches[partition]
	if !ok || a.first != first {
		a = awaited{first: first, ends: map[int]int64{}}
		for _, p := range parts {
			a.ends[p.Partition] = p.End
		}
		d.batches[partition] = a
	}
	for _, p := range parts {
		if max(p.Committed, p.Start) < a.ends[p.Partition] {
			return errUndecided
		}
	}
	return nil
}

// forget lets the next batch of a partition ask anew.
func (d *decisions) forget(partition int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.batches, partition)
}
