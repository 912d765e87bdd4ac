package resolver_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// cleanRun resolves a history in order by one worker to whom nothing happens.
func cleanRun(t *testing.T, h *history) outcome {
	t.Helper()
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.finish()
	return w.outcome()
}

// run lists the laws that a run over a history of some steps breaks.
func (cfg worldConfig) run(t *testing.T, steps int, cells resolve.Cells, graph resolve.GraphState) []string {
	t.Helper()
	h := newHistory(t, cfg.seed, steps)
	w := newWorld(t, h, cells, graph, cfg)
	w.run()
	return w.broken(cleanRun(t, h))
}

func holds(t *testing.T, seeds uint64, steps int, cfg worldConfig) {
	t.Helper()
	for seed := range seeds {
		cfg.seed = seed
		require.Empty(t, cfg.run(t, steps, statemem.NewCells(), statemem.NewGraph()), "seed %d", seed)
	}
}

func TestModel_oneAndThreeWorkersAgree(t *testing.T) {
	holds(t, 4, 120, worldConfig{workers: 1})
	holds(t, 4, 120, worldConfig{workers: 3})
}

func TestModel_workersBetweenEachOthersSteps(t *testing.T) {
	holds(t, 12, 100, worldConfig{workers: 3, between: .05})
}

func TestModel_failuresAndKills(t *testing.T) {
	holds(t, 12, 100, worldConfig{workers: 3, fail: .03, between: .05})
}

func TestModel_serverLosesItsLastWrites(t *testing.T) {
	holds(t, 8, 100, worldConfig{workers: 1, lose: .01})
	holds(t, 8, 100, worldConfig{workers: 3, between: .05, lose: .01})
	holds(t, 8, 100, worldConfig{workers: 3, fail: .03, between: .05, lose: .01})
}

func TestModelLong(t *testing.T) {
	testkit.Long(t)
	seeds := testkit.Histories(t, 6)
	holds(t, seeds, 100, worldConfig{workers: 3, between: .05})
	holds(t, seeds, 100, worldConfig{workers: 3, fail: .03, between: .05})
	holds(t, seeds, 60, worldConfig{workers: 2, fail: .08, between: .1})
	holds(t, 1, 400, worldConfig{workers: 4, fail: .005, between: .01})
	holds(t, seeds, 100, worldConfig{workers: 3, between: .05, lose: .01})
	holds(t, seeds, 100, worldConfig{workers: 3, fail: .03, between: .05, lose: .02})
}

func TestModelLong_redis(t *testing.T) {
	testkit.Long(t)
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			client := openOwn(t)
			cfg := worldConfig{seed: seed, workers: 3, fail: .03, between: .05}
			require.Empty(t, cfg.run(t, 150, stateredis.NewCells(client), stateredis.NewGraph(client)))
		})
	}
}

func TestModel_catchesPlantedFaults(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults resolver.Faults
		cfg    worldConfig
	}{
		{"what was folded before is not emitted again", resolver.Faults{SkipFenced: true}, worldConfig{workers: 3, fail: .03, between: .05}},
		{"browsing has an owner without a grant", resolver.Faults{IgnoreConsent: true}, worldConfig{workers: 1}},
		{"offsets are committed before the changelogs are out", resolver.Faults{CommitEarly: true}, worldConfig{workers: 3, fail: .03, between: .05}},
		{"offsets wait for one portion of the changelogs alone", resolver.Faults{OutBlindly: true}, worldConfig{workers: 3, fail: .03, between: .05}},
		{"entries of the outbox are passed over", resolver.Faults{SkipOutbox: true}, worldConfig{workers: 1}},
		{"profiles of entries that nobody looked at are not told", resolver.Faults{OwedBlindly: true}, worldConfig{workers: 1}},
		{"what is pending of a profile between which a leaf moved is not told", resolver.Faults{OwedDropped: true}, worldConfig{workers: 3, between: .05}},
		{"nobody compares what was told with a store that lost its last writes", resolver.Faults{ForgetTold: true}, worldConfig{workers: 1, lose: .01}},
		{"the events of a run are fenced as if all came from one partition", resolver.Faults{OneSource: true}, worldConfig{workers: 3, between: .05}},
		{"the history lane moves the fences of live events", resolver.Faults{SharedFence: true}, worldConfig{workers: 3, between: .05}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resolver.Plant(t, tt.faults)
			for seed := range uint64(200) {
				tt.cfg.seed = seed
				if broken := tt.cfg.run(t, 60, statemem.NewCells(), statemem.NewGraph()); len(broken) > 0 {
					t.Logf("seed %d: %s", seed, broken[0])
					return
				}
			}
			t.Fatal("no law breaks")
		})
	}
}

// linkedWhileListing resolves an order, and, before the order's leaf is listed, the link of its e-mail to a card and everything that
// follows from that.
func linkedWhileListing(t *testing.T) []string {
	t.Helper()
	h := historyOf(t, 1, func(m *maker) {
		m.send(j("w1", "order.placed", noon, list(proved("email", "a@example.fr")), euros(1000)), eventpb.Channel_CHANNEL_WEB, retail)
		m.send(j("s1", "sale", noon, list(proved("card", "2990001111111"), proved("email", "a@example.fr")), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 2})
	var order, sale place
	for _, p := range h.places {
		if p.topic == stream.TopicEventsWeb {
			order = p
		} else {
			sale = p
		}
	}
	w.positions[order].worker, w.positions[sale].worker = 0, 1
	w.workers[0].cells.listing = func() {
		w.workers[0].cells.listing = nil
		w.read(sale)
		require.NoError(t, w.workers[1].look(t.Context()))
	}
	w.read(order)
	require.NoError(t, w.workers[1].service.Flush(t.Context()))
	require.NoError(t, w.workers[1].look(t.Context())) // profiles are out: the outbox is forgotten
	for i, p := range [...]place{order, sale} {
		require.NoError(t, w.workers[i].service.Flush(t.Context()))
		w.commit(p)
		require.EqualValues(t, 1, w.positions[p].committed)
	}
	w.finish()
	return w.broken(cleanRun(t, h))
}

func TestListing_comesBeforeTheGraphIsRead(t *testing.T) {
	require.Empty(t, linkedWhileListing(t))
	resolver.Plant(t, resolver.Faults{ListLate: true})
	require.NotEmpty(t, linkedWhileListing(t))
}
