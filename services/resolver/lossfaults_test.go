package resolver_test

import (
	"testing"

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
