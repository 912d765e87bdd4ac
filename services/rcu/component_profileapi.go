package main

import (
	"context"
	"errors"
	"io/fs"

	"rcu/pkg/auth"
	"rcu/pkg/lifecycle"
	"rcu/services/ingest"
	"rcu/services/profileapi"
)

const profileAPIPort = 8080

// profileAPIComponent answers who a customer is.
func profileAPIComponent() component {
	return component{name: "profile-api", help: "answers who a customer is", port: profileAPIPort, redis: redisFirst, build: buildProfileAPI}
}

func buildProfileAPI(ctx context.Context, d *deps) (lifecycle.Part, error) {
	readers, err := auth.LoadReaders(d.readersFile())
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	audit, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	weigher, err := d.weigher()
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := profileapi.Default()
	cfg.HTTP.Addr, cfg.Country = d.settings.listenOn("profile-api", profileAPIPort), d.settings.Country
	controllers, err := d.controllers()
	if err != nil {
		return lifecycle.Part{}, err
	}
	history, err := d.openHistory()
	if err != nil {
		return lifecycle.Part{}, err
	}
	state, guarded := d.guard()
	s, err := profileapi.New(cfg, profileapi.Deps{
		Log: d.log.Named("profile-api"), Metrics: d.metricsOf("profile-api"), Gatherer: d.metrics, Readers: readers,
		Graph: d.graph, Cells: d.cells, Keyring: d.keys, Audit: audit, Ready: d.redis.Ping,
		Whole:      state.Bind,
		Controller: func(source string) string { return controllers[source] }, History: history, Weigher: weigher,
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	if err := d.listen(ctx, "profile-api", s); err != nil {
		return lifecycle.Part{}, err
	}
	run := func(ctx context.Context) error { return errors.Join(s.Run(ctx), history.store.Close()) }
	return lifecycle.Part{Run: guarded(run), Ready: func(ctx context.Context) error { return d.redis.Ping(ctx) }, Leave: s.Leave}, nil
}

// controllers tells whose each source is. Where this machine has no list of sources, none is known.
func (d *deps) controllers() (map[string]string, error) {
	sources, err := ingest.LoadSources(d.sourcesFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	out := map[string]string{}
	for _, s := range sources {
		out[s.Principal.Name] = s.Principal.Controller
	}
	return out, nil
}
