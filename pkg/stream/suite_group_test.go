package stream_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

// twoMembersEveryCompression is the whole of the package in one.
func twoMembersEveryCompression(r *rig) {
	t := r.t
	a, b, group := r.name("a"), r.name("b"), r.name("g")
	r.topics(a, b)
	id, err := r.client.LogID(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, stream.LogID{}, id)

	s := newSink()
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{a, b}, HoldBack: 200 * time.Millisecond}
	one, stopOne := r.consume(cfg, s)
	two, stopTwo := r.consumeWith(r.connect(r.client.Config().Brokers[0], nil), cfg, s)
	require.Eventually(t, func() bool { return one.Ready() && two.Ready() }, time.Minute, 10*time.Millisecond, "both are members")

	compressions := []string{"none", "snappy", "lz4", "zstd", "gzip"}
	var wg sync.WaitGroup
	for c, compression := range compressions {
		p := r.producer(stream.ProducerConfig{Compression: compression})
		wg.Go(func() {
			for i := range 100 {
				n := c*1000 + i*2
				recs := []stream.Record{rec(a, compression, n), rec(b, compression+"-b", n+1)}
				recs[0].Headers = []stream.Header{{Key: stream.HeaderType, Value: []byte("x")}}
				if err := p.Publish(t.Context(), recs); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	total := len(compressions) * 200
	require.Eventually(t, func() bool { return s.count() == total }, time.Minute, 10*time.Millisecond, "all records arrive")
	require.NoError(t, stopOne())
	require.NoError(t, stopTwo())
	for key, ns := range s.byKey() {
		slices.Sort(ns) // redelivery after a rebalance is allowed, gaps are not
		require.Len(t, slices.Compact(ns), 100, key)
	}
	afterwards(t, r.client, group, a, b)
}

// afterwards looks at what a finished group left behind.
func afterwards(t testing.TB, c *stream.Client, group, a, b string) {
	t.Helper()
	lag, err := c.Lag(t.Context(), group, a, b)
	require.NoError(t, err)
	require.Len(t, lag, 8)
	for _, l := range lag {
		require.Zero(t, l.Lag(), "%+v", l)
	}
	all, err := c.Lag(t.Context(), group)
	require.NoError(t, err)
	require.NotEmpty(t, all)

	got := 0
	require.NoError(t, c.Tail(t.Context(), stream.TailConfig{Topic: a, Last: 7}, func(x stream.Record) error {
		got++
		require.Equal(t, time.UTC, x.Time.Location())
		return nil
	}))
	require.Equal(t, 7, got)
}

func manyCallersInOrder(r *rig) {
	t := r.t
	a, b, group := r.name("a"), r.name("b"), r.name("g")
	r.topics(a, b)
	p := r.producer(stream.ProducerConfig{})
	const callers, each = 40, 100
	s := newSink()
	_, stop := r.consume(stream.ConsumerConfig{Group: group, Topics: []string{a, b}, BatchRecords: 64}, s)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			topic := []string{a, b}[c%2]
			for i := 0; i < each; i += 2 {
				key := fmt.Sprint("caller-", c)
				err := p.Publish(t.Context(), []stream.Record{rec(topic, key, c*each+i), rec(topic, key, c*each+i+1)})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "all records arrive", func() bool { return s.count() == callers*each })
	for key, ns := range s.byKey() {
		require.Len(t, ns, each, key)
		require.True(t, slices.IsSorted(ns), "order of %s", key)
	}
	require.NoError(t, stop())
	lag, err := r.client.Lag(t.Context(), group)
	require.NoError(t, err)
	require.Len(t, lag, 8)
	for _, l := range lag {
		require.Zero(t, l.Lag(), "%+v", l)
	}
}

func membersComeAndGo(r *rig) {
	t := r.t
	a, b, group := r.name("a"), r.name("b"), r.name("g")
	r.topics(a, b)
	p := r.producer(stream.ProducerConfig{})
	const total = 6000
	var sent sync.WaitGroup
	sent.Go(func() {
		for i := 0; i < total; i += 20 {
			var batch []stream.Record
			for j := range 20 {
				batch = append(batch, rec([]string{a, b}[j%2], fmt.Sprint(i+j), i+j))
			}
			if err := p.PublishAll(t.Context(), batch); err != nil {
				t.Error(err)
			}
		}
	})
	watch, unwatch := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { watchCommits(watch, t, r.client, group, a, b) })

	s := newSink()
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{a, b}, BatchRecords: 50, HoldBack: 100 * time.Millisecond}
	one, stopOne := r.consume(cfg, s)
	eventually(t, "the first member reads", func() bool { return one.Ready() && s.count() > 0 })
	second := r.connect(r.addr, nil)
	two, stopTwo := r.consumeWith(second, cfg, s)
	eventually(t, "the second member reads", two.Ready)
	eventually(t, "both read", func() bool { return one.Ready() && two.Ready() })
	require.NoError(t, stopOne())
	eventually(t, "the rest goes to the one that is left", func() bool { return two.Ready() })
	three, stopThree := r.consume(cfg, s)
	eventually(t, "a third joins", three.Ready)
	sent.Wait()
	eventually(t, "all records arrive", func() bool { return s.count() == total })
	require.NoError(t, stopTwo())
	require.NoError(t, stopThree())
	unwatch()
	watching.Wait()
	lag, err := r.client.Lag(t.Context(), group)
	require.NoError(t, err)
	for _, l := range lag {
		require.Zero(t, l.Lag(), "%+v", l)
	}
}

// watchCommits fails the test when a committed offset goes back.
func watchCommits(ctx context.Context, t testing.TB, c *stream.Client, group string, topics ...string) {
	t.Helper()
	last := map[string]map[int]int64{}
	for ctx.Err() == nil {
		now, err := c.Committed(ctx, group, topics...)
		if err != nil {
			continue
		}
		for topic, parts := range now {
			for p, offset := range parts {
				if before, ok := last[topic][p]; ok && offset < before {
					t.Errorf("%s/%d: committed offset went from %d to %d", topic, p, before, offset)
				}
			}
		}
		last = now
	}
}

// olderGenerationCannotCommit freezes a member that has offsets to commit, lets
// the group go on without it, and lets it wake up.
func olderGenerationCannotCommit(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	publish := func(from, to int) {
		for i := from; i < to; i++ {
			require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, fmt.Sprint(i), i)}))
		}
	}
	publish(0, 40)
	watch, unwatch := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { watchCommits(watch, t, r.client, group, topic) })
	defer watching.Wait()
	defer unwatch()

	road := &link{}
	sleeper, late := newSink(), newSink()
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{topic}, HoldBack: time.Hour}
	_, stopOne := r.consumeWith(r.connectBy(road), cfg, sleeper)
	eventually(t, "the first member has read all", func() bool { return sleeper.count() == 40 })
	road.freeze()
	cfg.HoldBack = 0
	_, stopTwo := r.consume(cfg, late)
	eventually(t, "the second member has it all, from the start", func() bool { return late.count() == 40 })
	publish(40, 80)
	eventually(t, "and reads on", func() bool { return late.count() == 80 })
	require.Eventually(t, func() bool { return r.lag(group, topic) == 0 }, 15*time.Second, 10*time.Millisecond, "its offsets are committed")
	road.thaw()
	next := 80
	eventually(t, "the first one reads again, in a new generation", func() bool {
		publish(next, next+1)
		next++
		return sleeper.count() > 40
	})
	before, err := r.client.Committed(t.Context(), group, topic)
	require.NoError(t, err)
	require.NoError(t, stopOne())
	require.NoError(t, stopTwo())
	after, err := r.client.Committed(t.Context(), group, topic)
	require.NoError(t, err)
	for p := range 4 {
		require.GreaterOrEqual(t, after[topic][p], before[topic][p], "the first member committed nothing of its older generation")
	}
}

// lag is the sum over the partitions.
func (r *rig) lag(group string, topics ...string) (sum int64) {
	r.t.Helper()
	parts, err := r.client.Lag(r.t.Context(), group, topics...)
	require.NoError(r.t, err)
	for _, l := range parts {
		sum += l.Lag()
	}
	return sum
}

func lagOfGroups(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	require.Zero(t, r.lag(group), "a group that nobody knows")
	p := r.producer(stream.ProducerConfig{})
	for i := range 10 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", i)}))
	}
	require.EqualValues(t, 10, r.lag(group, topic), "nothing committed: all of it")
	r.commit(group, topic, stream.PartitionOf([]byte("k"), 4), 7)
	require.EqualValues(t, 3, r.lag(group))
}
