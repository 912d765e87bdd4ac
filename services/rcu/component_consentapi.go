package main

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/schemas"
	"rcu/services/consentapi"
)

const consentAPIPort = 8085

// consentAPIComponent takes in what people decide.
func consentAPIComponent() component {
	return component{name: "consent-api", help: "takes in what people decide, and proves it", port: consentAPIPort, redis: redisLater, build: buildConsentAPI}
}

func buildConsentAPI(ctx context.Context, d *deps) (lifecycle.Part, error) {
	readers, err := auth.LoadReaders(d.readersFile())
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	register, err := registry.Load(schemas.Files)
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	producer, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	corrections, err := correctionsOf(d, producer)
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := consentapi.Default()
	cfg.HTTP.Addr, cfg.Country = d.settings.listenOn("consent-api", consentAPIPort), d.settings.Country
	cfg.Journal = d.home.path("denials.journal")
	state, guarded := d.guard()
	s, err := consentapi.New(cfg, consentapi.Deps{
		Log: d.log.Named("consent-api"), Metrics: d.metricsOf("consent-api"), Gatherer: d.metrics, Readers: readers, Registry: register,
		Cells: d.cells, Keyring: d.keys, Producer: producer, People: d.pointsOf,
		Records: resolve.NewReader(d.graph, d.cells), Whole: state.Bind, Epoch: stateredis.NewMarkers(d.redis).Epoch,
		Corrections: corrections,
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	if err := d.listen(ctx, "consent-api", s); err != nil {
		return lifecycle.Part{}, err
	}
	return lifecycle.Part{Run: guarded(s.Run), Ready: func(context.Context) error { return s.Ready() }, Leave: s.Leave}, nil
}

// pointsOf lists the identifiers of the person who has a point.
func (d *deps) pointsOf(ctx context.Context, space string, point identifier.Key, now time.Time) ([]identifier.Key, error) {
	view, err := d.graph.View(ctx, space, []identifier.Key{point}, now.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading the points of a person: %w", err)
	}
	if view.Standing(point) != identity.Clean {
		return nil, nil // it stands for nobody
	}
	return view.Profile(point).Members, nil
}
