package main

import (
	"context"
	"errors"

	"rcu/pkg/auth"
	"rcu/pkg/lifecycle"
	"rcu/services/internal/review"
	"rcu/services/steward"
)

const stewardPort = 8087

// stewardComponent takes the acts of stewards.
func stewardComponent() component {
	return component{name: "steward", help: "takes what stewards decide about who is who", port: stewardPort, redis: redisFirst, build: buildSteward}
}

func buildSteward(ctx context.Context, d *deps) (lifecycle.Part, error) {
	readers, err := auth.LoadReaders(d.readersFile())
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	output, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	controllers, err := d.controllers()
	if err != nil {
		return lifecycle.Part{}, err
	}
	history, err := d.openHistory()
	if err != nil {
		return lifecycle.Part{}, err
	}
	weigher, err := d.weigher()
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := steward.Default()
	cfg.HTTP.Addr, cfg.Country = d.settings.listenOn("steward", stewardPort), d.settings.Country
	state, guarded := d.guard()
	s, err := steward.New(cfg, steward.Deps{
		Log: d.log.Named("steward"), Metrics: d.metricsOf("steward"), Gatherer: d.metrics, Readers: readers,
		Graph: d.graph, Cells: d.cells, Keyring: d.keys, Topics: d.kafka, Output: output, Ready: d.redis.Ping,
		Whole:   state.Bind,
		Sources: []review.Source{d.suggestions()}, Controller: func(source string) string { return controllers[source] }, History: history, Weigher: weigher,
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	if err := d.listen(ctx, "steward", s); err != nil {
		return lifecycle.Part{}, err
	}
	ready := func(ctx context.Context) error { return errors.Join(s.Ready(), d.redis.Ping(ctx)) }
	run := func(ctx context.Context) error { return errors.Join(s.Run(ctx), history.store.Close()) }
	return lifecycle.Part{Run: guarded(run), Ready: ready, Leave: s.Leave}, nil
}
