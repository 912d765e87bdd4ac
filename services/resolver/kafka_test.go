package resolver_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// running is a resolver that reads a broker.
type running struct {
	life *life
	stop context.CancelFunc
	done chan struct{}
}

// kill lets every later call of a store fail, so that nothing of its last flush comes out.
func (r *running) kill() {
	r.life.ended.Store(true)
	r.stop()
	<-r.done
}

// launch starts a resolver on the broker of a rig and the state of a world, which commits as soon as it may.
func (w *world) launch(r *rig, out *stream.Producer, log *zap.Logger) *running {
	w.t.Helper()
	return w.launchBehind(r, out, log, 0)
}

// launchBehind starts one that keeps offsets back for so long.
func (w *world) launchBehind(r *rig, out *stream.Producer, log *zap.Logger, holdBack time.Duration) *running {
	w.t.Helper()
	x := &running{life: &life{chaos: w.chaos}, done: make(chan struct{})}
	graph, err := resolve.NewGraph(&chaosGraph{w.graph.GraphState, x.life}, identity.DefaultRules())
	require.NoError(w.t, err)
	w.started++
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance, cfg.BatchRecords = []string{space}, fmt.Sprint(w.started), 8
	cfg.HoldBack, cfg.PublishEvery, cfg.OutboxEvery, cfg.SweepEvery = holdBack, 20*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	cfg.Lease = 500 * time.Millisecond
	s, err := resolver.New(cfg, resolver.Deps{
		Log: log, Metrics: prometheus.NewRegistry(), Stream: r.client, Output: out, Graph: graph,
		Cells: &chaosCells{Cells: w.cells.Cells, life: x.life, written: w.cells.written}, Keyring: w.h.ring,
	})
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	x.stop = cancel
	go func() {
		defer close(x.done)
		_ = s.Run(ctx) // its last flush fails, as it should
	}()
	w.t.Cleanup(x.kill)
	return x
}

// throughBroker resolves a history with some resolvers at once, kills each of them on the way, and waits until everything is as a
// clean run has it.
func throughBroker(t *testing.T, seed uint64, steps, resolvers int, cells resolve.Cells, graph resolve.GraphState) {
	t.Helper()
	h := newHistory(t, seed, steps)
	clean := cleanRun(t, h)
	r := newRig(t)
	w := newWorld(t, h, cells, graph, worldConfig{seed: seed, fail: .02})
	w.now = time.Now()
	w.chaos.tick = func() {}
	quiet := &life{chaos: &chaos{tick: func() {}}}
	w.cells.life, w.graph.life = quiet, quiet
	for _, k := range h.keys {
		rec, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(k.GetId()), k, time.Now())
		require.NoError(t, err)
		rec.Pinned = true
		require.NoError(t, r.out.Publish(t.Context(), []stream.Record{rec}))
	}
	core, logs := observer.New(zap.DebugLevel)
	var all []*running
	for range resolvers {
		all = append(all, w.launch(r, r.out, zap.New(core)))
	}
	w.publish(r, 0, 2)
	for i := range all {
		all[i].kill()
		all[i] = w.launch(r, r.out, zap.New(core))
		w.publish(r, i+1, resolvers+1)
	}
	w.publish(r, 1, 2)
	broken := []string{"nothing was read"}
	for deadline := time.Now().Add(30 * time.Second); len(broken) > 0 && time.Now().Before(deadline); {
		w.readTopics(r)
		broken = w.broken(clean)
	}
	require.Empty(t, broken, "seed %d", seed)
	w.nothingPersonal(logs)
}

// nothingPersonal: neither values nor a source's own ids stand in log lines, in keys of records, or in what rcu.identity tells.
func (w *world) nothingPersonal(logs *observer.ObservedLogs) {
	w.t.Helper()
	clean := func(where, text string) {
		for _, secret := range [...]string{"example.fr", "29900", "c-1", "store-1/e", "web-1/e"} {
			require.NotContains(w.t, text, secret, where)
		}
	}
	for _, e := range logs.All() {
		clean("log", fmt.Sprint(e.Message, e.ContextMap()))
	}
	for topic, records := range w.log.topics {
		for _, rec := range records {
			clean("key on "+topic, string(rec.Key))
		}
	}
	for _, m := range messages[eventpb.Transition](w.t, w.log.topics[stream.TopicIdentity]) {
		clean("cause", m.String())
	}
}

// publish puts a part of the history on the log, in order within each partition.
func (w *world) publish(r *rig, part, of int) {
	w.t.Helper()
	for _, p := range w.h.places {
		all := w.h.records[p]
		for i := w.positions[p].next; i < int64(len(all)*(part+1)/of); i++ {
			w.positions[p].next++
			require.NoError(w.t, r.out.Publish(w.t.Context(), []stream.Record{all[i]}))
		}
	}
}

// readTopics replays what lies on the broker.
func (w *world) readTopics(r *rig) {
	w.t.Helper()
	clear(w.log.topics)
	for _, topic := range [...]string{
		stream.TopicResolved, stream.TopicOwners, stream.TopicProfiles, stream.TopicIdentity, stream.TopicIdentityMap, stream.TopicLeaves, stream.TopicRegisters, stream.TopicGraph,
	} {
		n, err := r.client.Partitions(w.t.Context(), topic)
		require.NoError(w.t, err)
		for p := range n {
			require.NoError(w.t, r.client.ReadAll(w.t.Context(), topic, p, func(rec stream.Record) error {
				w.log.topics[topic] = append(w.log.topics[topic], rec)
				return nil
			}))
		}
	}
}

func TestBroker_oneResolver(t *testing.T) {
	throughBroker(t, 1, 60, 1, statemem.NewCells(), statemem.NewGraph())
}

func TestBroker_threeResolvers(t *testing.T) {
	throughBroker(t, 2, 60, 3, statemem.NewCells(), statemem.NewGraph())
}

func TestBrokerLong_redis(t *testing.T) {
	testkit.Long(t)
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			client := openOwn(t)
			throughBroker(t, seed, 300, 3, stateredis.NewCells(client), stateredis.NewGraph(client))
		})
	}
}

// openOwn opens a Redis of the test's own, beside which others may run.
func openOwn(t *testing.T) *stateredis.Client {
	t.Helper()
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.RedisServer(t).Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}
