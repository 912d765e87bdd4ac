// Package consumer is the example of docs/consumer.md: who keeps ids of customers elsewhere follows rcu.identity.map, and always knows who
// an id that it was once given is now.
//
// Its promise: whenever one begins to follow, after everything that lies on the topic was read the table is the same.
package consumer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// Map is the table of ids. Every id ever given to a customer is the name of one of the identifiers, so it has a line of its own.
// Safe for concurrent use.
type Map struct {
	mu    sync.RWMutex
	lines map[string]Line
}

// Line says where an id leads now.
type Line struct {
	Current  string // the id of the customer
	Standing string // clean, or why the identifier is nobody's: blocked, quarantined, contested
}

// NewMap returns an empty table.
func NewMap() *Map { return &Map{lines: map[string]Line{}} }

// Learn takes a record of rcu.identity.map in. Of several records of one key the last holds, whatever their versions: that is also what
// compaction leaves.
func (m *Map) Learn(r stream.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Value == nil {
		delete(m.lines, string(r.Key))
		return nil
	}
	var entry eventpb.MapEntry
	if err := r.Decode(&entry); err != nil {
		return fmt.Errorf("reading partition %d at %d: %w", r.Partition, r.Offset, err)
	}
	m.lines[string(r.Key)] = Line{Current: entry.GetCanonical(), Standing: entry.GetStanding()}
	return nil
}

// Find says where an id leads. An id that has no line was never joined with anything: it is its own.
func (m *Map) Find(id string) Line {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if line, known := m.lines[id]; known {
		return line
	}
	return Line{Current: id, Standing: "clean"}
}

// Len is how many ids have a line.
func (m *Map) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.lines)
}

// Follow reads the topic from its start and keeps the table up to date until ctx ends. caughtUp, which may be nil, is called once
// everything that lay there at the call is in the table. A program that keeps its table on disk keeps with it the offsets that it has
// read, and goes on behind them.
func (m *Map) Follow(ctx context.Context, client *stream.Client, caughtUp func()) error {
	partitions, err := client.Partitions(ctx, stream.TopicIdentityMap)
	if err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicIdentityMap, err)
	}
	var behind atomic.Int64
	behind.Store(int64(partitions))
	read := func() {
		if behind.Add(-1) == 0 && caughtUp != nil {
			caughtUp()
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for p := range partitions {
		group.Go(func() error {
			return client.Follow(ctx, stream.TopicIdentityMap, p, stream.FromStart, m.Learn, read)
		})
	}
	return group.Wait()
}
