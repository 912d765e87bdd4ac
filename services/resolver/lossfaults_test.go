package resolver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/profile"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

func TestModel_catchesPlantedFaultsOfLoss(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults resolver.Faults
		cfg    worldConfig
	}{
		{"a batch goes on when another server is met", resolver.Faults{Unbound: true}, worldConfig{workers: 3, between: .1, lose: .02}},
		{"nobody looks at the markers", resolver.Faults{SkipMarks: true}, worldConfig{workers: 3, lose: .02}},
		{"caches are used behind a loss", resolver.Faults{KeepCaches: true}, worldConfig{workers: 1, lose: .03}},
		{"the marker is left before the batch has written", resolver.Faults{MarkEarly: true}, worldConfig{workers: 3, between: .1, lose: .02}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resolver.Plant(t, tt.faults)
			for seed := range uint64(300) {
				tt.cfg.seed = seed
				if broken := tt.cfg.run(t, 60, nil, nil); len(broken) > 0 {
					t.Logf("seed %d: %s", seed, broken[0])
					return
				}
			}
			t.Fatal("no law breaks")
		})
	}
}

// A resolver that is killed a hundred times between what it publishes and the commit of its offsets folds and counts nothing twice.
func TestKilledAHundredTimesBetweenProduceAndCommit(t *testing.T) {
	h := newHistory(t, 7, 200)
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 7, workers: 1})
	w.strict = false
	for kills := range 100 {
		for _, p := range h.places {
			w.read(p)
		}
		if kills%2 == 1 { // some go through, so that the kills come all along the history
			require.NoError(t, w.workers[0].service.Flush(t.Context()))
			require.NoError(t, w.workers[0].service.Drain(t.Context(), space))
			w.commit(h.places[kills%len(h.places)])
		}
		w.kill(0)
	}
	w.finish()
	require.Empty(t, w.broken(cleanRun(t, h)))
	seen := map[string]bool{}
	for _, r := range messages[eventpb.Resolved](t, w.log.topics[stream.TopicResolved]) {
		row := profile.RowKey(r.GetEvent())
		seen[string(row[:])] = true
	}
	clean := map[string]bool{}
	for _, e := range h.events {
		row := profile.RowKey(e)
		clean[string(row[:])] = true
	}
	require.Len(t, seen, len(clean), "rows of the warehouse, which is keyed by them")
}
