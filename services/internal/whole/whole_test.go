package whole_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/internal/whole"
)

// world is what a state is asked of: markers of two nodes, and a ledger of two partitions, the second of which is empty.
type world struct {
	epoch    uint64
	lost     error
	away     error
	next     []int64 // of the first partition, by node; -1: no marker
	end      int64
	asked    int
	logID    stream.LogID
	markedIn stream.LogID
}

func (w *world) Whole(context.Context) error { return w.lost }
func (w *world) Epoch() uint64               { return w.epoch }
func (w *world) LoadMarkers(context.Context, []resolve.MarkerKey) (out []resolve.NodeMarkers, err error) {
	for _, next := range w.next {
		out = append(out, resolve.NodeMarkers{
			Holds: true, Markers: []resolve.Marker{{LogID: w.markedIn, Next: next}, {}}, Known: []bool{next >= 0, false},
		})
	}
	return out, nil
}
func (w *world) Partitions(context.Context, string) (int, error) { return 2, w.away }
func (w *world) Bounds(context.Context, string, ...int) (map[int]stream.Bounds, error) {
	w.asked++
	return map[int]stream.Bounds{0: {Start: 3, End: w.end}, 1: {}}, nil
}
func (w *world) TopicLogID(context.Context, string) (stream.LogID, error) { return w.logID, nil }

func TestCheck(t *testing.T) {
	w := &world{epoch: 4, next: []int64{0, 0}, end: 20}
	s := whole.Of(w, w, "resolver")
	check := func(want error) { t.Helper(); require.ErrorIs(t, s.Check(t.Context()), want) }
	check(nil)
	require.Zero(t, w.asked, "a process that starts believes what stands")
	w.lost = errors.New("lost")
	check(w.lost)
	w.lost = nil

	w.epoch++
	w.away = errors.New("kafka is away")
	check(w.away)
	w.away = nil
	check(whole.ErrBehind)
	w.next = []int64{20, 19}
	check(whole.ErrBehind)
	w.next = []int64{20, -1}
	check(whole.ErrBehind)
	w.end = 30 // what comes since stands already where it was written
	w.next = []int64{21, 20}
	check(nil)
	w.next = []int64{0, 0}
	check(nil)
	require.Equal(t, 1, w.asked)

	w.epoch, w.next, w.markedIn = 6, []int64{30, 30}, stream.LogID{1}
	check(whole.ErrBehind)
	w.markedIn = w.logID
	check(nil)
}

// A real Redis that comes back without its last seconds permits nothing until the resolver has read again what lay on the ledger.
func TestCheck_redisLosesItsLastSeconds(t *testing.T) {
	client, err := stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	dir := t.TempDir()
	redis := testkit.StartRedisIn(t, dir)
	open := func() *stateredis.Markers {
		c, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{redis.Addr()}})
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return stateredis.NewMarkers(c)
	}
	reader, resolver := open(), open()
	id, err := client.TopicLogID(t.Context(), stream.TopicConsents)
	require.NoError(t, err)
	key := resolve.MarkerKey{Group: "resolver", Topic: stream.TopicConsents, Partition: 1}
	at := func(next int64) resolve.Marker { return resolve.Marker{LogID: id, Next: next} }
	decide := func(n int) {
		for range n {
			require.NoError(t, out.Publish(t.Context(), []stream.Record{{Topic: stream.TopicConsents, Pinned: true, Partition: 1, Value: []byte{1}, Time: time.Now()}}))
		}
	}
	resolved := func(from, to int64) bool {
		ok, err := resolver.Advance(t.Context(), key, from, at(to))
		return err == nil && ok
	}
	decide(5)
	require.NoError(t, resolver.Settle(t.Context(), []resolve.MarkerKey{key}, []resolve.Marker{at(5)}))
	s := whole.Of(reader, client, "resolver")
	require.NoError(t, s.Check(t.Context()))
	keep := testkit.RedisSize(t, redis, dir)
	decide(2)
	require.True(t, resolved(5, 7))
	require.NoError(t, s.Check(t.Context()))

	redis = testkit.LoseRedis(t, redis, dir, keep)
	require.Eventually(t, func() bool {
		err := s.Check(t.Context())
		require.Error(t, err)
		return errors.Is(err, whole.ErrBehind)
	}, 20*time.Second, 5*time.Millisecond)
	require.ErrorIs(t, s.Check(t.Context()), whole.ErrBehind)
	require.Eventually(t, func() bool { return resolved(5, 7) }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, s.Check(t.Context()))
}
