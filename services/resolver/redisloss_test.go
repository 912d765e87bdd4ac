package resolver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"rcu/pkg/embedded"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// lossy is a history on a real broker, resolved into a real Redis that loses its last seconds.
type lossy struct {
	*rig
	h       *history
	dir     string
	redis   *embedded.Server
	addrs   []string // where resolvers look for it; none: its own
	log     string   // the append-only file: another one since the last, where the server wrote it anew
	samples []sample // of that file
	started int
	ended   chan error // of the last resolver launched
	next    map[place]int
}

// sample is how long the append-only file was at a time.
type sample struct {
	at   time.Time
	size int64
}

func newLossy(t *testing.T, seed uint64, steps int) *lossy {
	t.Helper()
	l := newLog(t, seed, steps)
	l.dir = t.TempDir()
	l.redis = testkit.StartRedisIn(t, l.dir)
	return l
}

// newLog is a history on a real broker, without a Redis yet.
func newLog(t *testing.T, seed uint64, steps int) *lossy {
	t.Helper()
	l := &lossy{rig: newRig(t), h: newHistory(t, seed, steps), next: map[place]int{}}
	for _, k := range l.h.keys {
		rec, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(k.GetId()), k, time.Now())
		require.NoError(t, err)
		rec.Pinned = true
		require.NoError(t, l.out.Publish(t.Context(), []stream.Record{rec}))
	}
	return l
}

func (l *lossy) open() *stateredis.Client {
	l.t.Helper()
	addrs := l.addrs
	if len(addrs) == 0 {
		addrs = []string{l.redis.Addr()}
	}
	client, err := stateredis.Open(l.t.Context(), stateredis.Config{Addrs: addrs})
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = client.Close() })
	return client
}

// launch starts a resolver with a connection of its own.
func (l *lossy) launch() (stop func() error) {
	l.t.Helper()
	client := l.open()
	graph, err := resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
	require.NoError(l.t, err)
	l.started++
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance, cfg.BatchRecords = []string{space}, fmt.Sprint(l.started), 8
	cfg.HoldBack, cfg.PublishEvery, cfg.OutboxEvery, cfg.SweepEvery = 0, 20*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	cfg.Lease = 500 * time.Millisecond
	s, err := resolver.New(cfg, resolver.Deps{
		Log: zaptest.NewLogger(l.t), Metrics: prometheus.NewRegistry(), Stream: l.client, Output: l.out, Graph: graph,
		Cells: stateredis.NewCells(client), Markers: stateredis.NewMarkers(client), Keyring: l.h.ring,
	})
	require.NoError(l.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	l.ended = make(chan error, 1)
	told := l.ended
	go func() {
		err := s.Run(ctx)
		told <- err
		done <- err
	}()
	var ended error
	stopped := false
	stop = func() error {
		if !stopped {
			stopped = true
			cancel()
			ended = <-done
		}
		return ended
	}
	l.t.Cleanup(func() { _ = stop() })
	return stop
}

// publish puts the history up to a part of it on the log, slowly, and notes how the append-only file grows.
func (l *lossy) publish(part, of int) {
	l.t.Helper()
	for more := true; more; {
		more = false
		for _, p := range l.h.places {
			all := l.h.records[p]
			if i := l.next[p]; i < len(all)*part/of {
				require.NoError(l.t, l.out.Publish(l.t.Context(), []stream.Record{all[i]}))
				l.next[p]++
				more = true
			}
		}
		l.sample()
	}
}

func (l *lossy) sample() {
	l.t.Helper()
	if l.dir == "" { // its file is not for us to cut
		return
	}
	if log := testkit.RedisLog(l.t, l.dir); log != l.log {
		l.log, l.samples = log, nil
	}
	info, err := os.Stat(l.log)
	require.NoError(l.t, err)
	l.samples = append(l.samples, sample{time.Now(), info.Size()})
}

// begin puts the start of the history on the log and waits until it is worked on: Redis does not lose that. A server that lost everything is
// for rcu rebuild.
func (l *lossy) begin(part, of int) {
	l.t.Helper()
	l.publish(part, of)
	l.committed()
	testkit.AwaitRedisWritten(l.t, l.redis)
	l.samples = nil
	l.sample()
}

// lose lets Redis fall back to how it was a while ago, at some byte of its file.
func (l *lossy) lose(rng *rand.Rand, back time.Duration) {
	l.t.Helper()
	l.sample()
	now := l.samples[len(l.samples)-1]
	keep := now.size
	for i := len(l.samples) - 1; i > 0 && now.at.Sub(l.samples[i].at) < back; i-- {
		keep = l.samples[i-1].size
	}
	keep += rng.Int64N(1 + (now.size-keep)/10)
	l.t.Logf("redis loses %d of %d bytes", now.size-keep, now.size)
	l.redis = testkit.LoseRedis(l.t, l.redis, l.dir, keep)
	l.samples = nil
	l.sample()
}

// settled waits until everything was read and the state is as a clean run has it.
func (l *lossy) settled() {
	l.t.Helper()
	require.Empty(l.t, l.unsettled(40*time.Second))
}

// unsettled waits for so long that the state is as a clean run has it, and gives what is not.
func (l *lossy) unsettled(within time.Duration) []string {
	l.t.Helper()
	clean := cleanRun(l.t, l.h)
	client := l.open()
	w := newWorld(l.t, l.h, stateredis.NewCells(client), stateredis.NewGraph(client), worldConfig{seed: 1})
	w.stateOnly, w.now = true, today.Add(time.Hour)
	for _, cells := range [...]map[string]string{clean.leaves, clean.registers} {
		for cell := range cells {
			w.cells.written[cell] = true
		}
	}
	broken := []string{"nothing was read"}
	for deadline := time.Now().Add(within); len(broken) > 0 && time.Now().Before(deadline); {
		w.readTopics(l.rig)
		broken = w.broken(clean)
	}
	return broken
}

func redisLoses(t *testing.T, seed uint64, steps int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	l := newLossy(t, seed, steps)
	l.launch()
	l.launch()
	const parts = 9
	l.begin(1, parts)
	for part := 3; part < parts; part += 2 {
		l.publish(part, parts)
		l.lose(rng, time.Duration(300+rng.IntN(2000))*time.Millisecond)
	}
	l.publish(parts, parts)
	l.settled()
}

func TestRedisLosesItsLastSecondsWhileAllRuns(t *testing.T) { redisLoses(t, 1, 120) }

func TestRedisLosesItsLastSecondsLong(t *testing.T) {
	testkit.Long(t)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			redisLoses(t, seed, 600)
		})
	}
}

func TestRedisLosesItsLastSecondsWhileNothingRuns(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	l := newLossy(t, 3, 80)
	stop := l.launch()
	l.begin(1, 8)
	l.publish(4, 8)
	l.committed()
	require.NoError(t, stop())
	l.lose(rng, time.Second)
	stop = l.launch()
	l.publish(2, 2)
	l.settled()
	require.NoError(t, stop())
}

// committed waits until the group has committed everything that was published.
func (l *lossy) committed() {
	l.t.Helper()
	l.eventually("everything is committed", func() bool {
		lag, err := l.client.Lag(l.t.Context(), resolver.Default().Group)
		require.NoError(l.t, err)
		sum := int64(0)
		for _, p := range lag {
			sum += p.Lag()
		}
		return sum == 0 && len(lag) > 0
	})
}

// await waits until the last resolver ends by itself.
func (l *lossy) await() error {
	l.t.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(20 * time.Second):
		require.Fail(l.t, "it goes on")
		return nil
	}
}

// A Redis without state stops the resolver, whatever others have written there meanwhile.
func TestWipedRedisStopsTheResolver(t *testing.T) {
	l := newLossy(t, 4, 40)
	stop := l.launch()
	l.publish(1, 1)
	l.committed()
	require.NoError(t, stop())
	l.redis.Kill()
	l.dir = t.TempDir()
	l.redis = testkit.StartRedisIn(t, l.dir)
	l.launch()
	err := l.await()
	require.ErrorIs(t, err, resolver.ErrStateMissing)
	require.ErrorContains(t, err, "rcu rebuild redis")
}

// A resolver that was killed before its first commit has published keys and what they seal. Whoever began anew over an empty Redis would seal with
// other keys.
func TestEmptyRedisBesideChangelogsStopsTheResolver(t *testing.T) {
	l := newLossy(t, 4, 10)
	cell := "l:leaf"
	leaf, err := stream.Encode(stream.TopicLeaves, []byte(cell), &eventpb.Changelog{Space: space, Key: []byte(cell), Version: 1}, time.Now())
	require.NoError(t, err)
	require.NoError(t, l.out.Publish(t.Context(), []stream.Record{leaf}))
	l.launch()
	require.ErrorIs(t, l.await(), resolver.ErrStateMissing)
}

// Rules are told before the first event.
func TestRulesAloneDoNotStopTheFirstResolver(t *testing.T) {
	l := newLossy(t, 4, 10)
	rules, err := resolver.GraphControl(space, resolver.GraphRules, 1, []byte("{}"), time.Now())
	require.NoError(t, err)
	require.NoError(t, l.out.Publish(t.Context(), []stream.Record{rules}))
	stop := l.launch()
	l.publish(1, 1)
	l.committed()
	require.NoError(t, stop())
}
