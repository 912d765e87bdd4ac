package main

import (
	"context"
	"sync"

	"rcu/pkg/resolve/stateredis"
	"rcu/services/internal/whole"
	"rcu/services/resolver"
)

// guard keeps a service from permitting anything while Redis may lack what people decided. It looks while the function that it returns runs, which ends
// with what it is given to run.
func (d *deps) guard() (g *whole.Guard, guarded func(run func(context.Context) error) func(context.Context) error) {
	g = whole.New(whole.Deps{Log: d.log.Named("whole"), State: stateredis.NewMarkers(d.redis), Kafka: d.kafka, Group: resolver.Default().Group})
	return g, func(run func(context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			var looking sync.WaitGroup
			defer looking.Wait()
			looks, stop := context.WithCancel(ctx)
			defer stop()
			looking.Go(func() { g.Run(looks) })
			return run(ctx)
		}
	}
}
