package stream_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

// judge looks at a group and gives what it does wrong.
type judge func(r *rig) []string

// law is the scenario of a judge, who has nothing to say.
func law(j judge) func(r *rig) {
	return func(r *rig) {
		r.t.Helper()
		require.Empty(r.t, j(r))
	}
}

func TestPlantedFaultsAreCaught(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults stream.Faults
		judge  judge
	}{
		{"a batch is committed before it is handled", stream.Faults{CommitEarly: true}, committedBeforeTheHandlerReturned},
		{"a generation commits what the one before it has handled", stream.Faults{OffsetsOutlive: true}, committedForAnotherGeneration},
		{"workers go on when their generation has ended", stream.Faults{WorkersOutlive: true}, handedOnBeforeTheHandlerReturned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream.Plant(t, tt.faults)
			broken := tt.judge(newRig(t))
			require.NotEmpty(t, broken)
			t.Log(broken)
		})
	}
}

// happens reports whether a condition comes to hold before a time is over.
func happens(within time.Duration, ok func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); <-tick.C {
		if ok() {
			return true
		}
	}
	return ok()
}

// onEach puts records on every partition of a topic, numbered from n on, and gives the number behind the last.
func (r *rig) onEach(p *stream.Producer, topic string, each, n int) int {
	r.t.Helper()
	var in []stream.Record
	for partition := range 4 {
		for range each {
			x := rec(topic, fmt.Sprint(n), n)
			x.Pinned, x.Partition = true, partition
			in = append(in, x)
			n++
		}
	}
	require.NoError(r.t, p.Publish(r.t.Context(), in))
	return n
}

// committedBeforeTheHandlerReturned holds a handler up, lets it fail, and looks at what the group has committed meanwhile and at the end.
func committedBeforeTheHandlerReturned(r *rig) (broken []string) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", 1)}))
	called := make(chan struct{}, 1000)
	gate := make(chan struct{})
	h := stream.HandlerFunc(func(context.Context, stream.Batch) error {
		called <- struct{}{}
		<-gate
		return errors.New("redis is away")
	})
	_, stop := r.consume(stream.ConsumerConfig{Group: group, Topics: []string{topic}, CommitEvery: 10 * time.Millisecond, BackoffMin: 20 * time.Millisecond}, h)
	<-called
	if happens(300*time.Millisecond, func() bool { return r.lag(group, topic) == 0 }) {
		broken = append(broken, "committed while the handler is busy")
	}
	close(gate)
	<-called
	<-called
	if r.lag(group, topic) != 1 {
		broken = append(broken, "committed while it fails")
	}
	require.NoError(t, stop())
	if r.lag(group, topic) != 1 {
		broken = append(broken, "committed at the end")
	}
	return broken
}

// committedForAnotherGeneration lets a member handle every partition, its offsets held by its gate, and then gives half of them to another, who
// reads on. When the gate opens, the first one still has offsets of partitions that are not its own any more.
func committedForAnotherGeneration(r *rig) (broken []string) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	read := r.onEach(p, topic, 5, 0)
	var open atomic.Bool
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{topic}}
	gated := cfg
	gated.Gate = func() time.Time {
		if open.Load() {
			return time.Now()
		}
		return time.Time{}
	}
	first, second := newSink(), newSink()
	_, stopOne := r.consume(gated, first)
	eventually(t, "the first member has read all", func() bool { return first.count() == read })
	_, stopTwo := r.consumeWith(r.connect(r.addr, nil), cfg, second)
	eventually(t, "the second member has read what is its own now", func() bool { return second.count() == read/2 })
	read = r.onEach(p, topic, 5, read)
	eventually(t, "each has read what is its own", func() bool { return len(first.and(second)) == read && second.count() == read/2 })
	eventually(t, "the second member has committed", func() bool { return r.lag(group, topic) == int64(read/2) })
	before, err := r.client.Committed(t.Context(), group, topic)
	require.NoError(t, err)
	open.Store(true)
	eventually(t, "the first member commits", func() bool { return r.lag(group, topic) != int64(read/2) })
	after, err := r.client.Committed(t.Context(), group, topic)
	require.NoError(t, err)
	for partition, offset := range before[topic] {
		if after[topic][partition] < offset {
			broken = append(broken, fmt.Sprintf("partition %d went from %d to %d", partition, offset, after[topic][partition]))
		}
	}
	require.NoError(t, stopOne())
	require.NoError(t, stopTwo())
	return broken
}

// and gives the numbers that either has seen.
func (s *sink) and(other *sink) map[int]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	all := maps.Clone(s.seen)
	maps.Copy(all, other.seen)
	return all
}

// tenant is a handler that stays in its first batch until it is let go, and hears what it is assigned.
type tenant struct {
	*sink

	first   atomic.Bool
	called  chan struct{}
	end     chan struct{}
	busy    atomic.Int64
	revoked atomic.Int64 // while a batch was under way
}

func (h *tenant) Batch(ctx context.Context, b stream.Batch) error {
	h.busy.Add(1)
	defer h.busy.Add(-1)
	if h.first.CompareAndSwap(false, true) {
		close(h.called)
		<-h.end // it does not look at its context
	}
	return h.sink.Batch(ctx, b)
}

func (h *tenant) Assigned(context.Context, []stream.Assignment) error { return nil }

func (h *tenant) Revoked([]stream.Assignment) {
	if h.busy.Load() > 0 {
		h.revoked.Add(1)
	}
}

// handedOnBeforeTheHandlerReturned takes partitions away from a member whose handler is busy.
func handedOnBeforeTheHandlerReturned(r *rig) (broken []string) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	total := r.onEach(p, topic, 5, 0)
	h, late := &tenant{sink: newSink(), called: make(chan struct{}), end: make(chan struct{})}, newSink()
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{topic}}
	one, stopOne := r.consume(cfg, h)
	<-h.called
	_, stopTwo := r.consumeWith(r.connect(r.addr, nil), cfg, late)
	eventually(t, "the first member has to give its partitions back", func() bool { return !one.Ready() || h.revoked.Load() > 0 || late.count() > 0 })
	if happens(500*time.Millisecond, func() bool { return h.revoked.Load() > 0 }) {
		broken = append(broken, "partitions are revoked while a batch of them is under way")
	}
	if late.count() > 0 {
		broken = append(broken, "another member handles what the first has not let go")
	}
	close(h.end)
	eventually(t, "both read, and miss nothing", func() bool { return len(h.and(late)) == total })
	require.NoError(t, stopOne())
	require.NoError(t, stopTwo())
	if r.lag(group, topic) != 0 {
		broken = append(broken, "what was handled is not committed")
	}
	return broken
}
