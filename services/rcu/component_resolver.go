package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve/stateredis"
	"rcu/services/ingest"
	"rcu/services/internal/dailykeys"
	"rcu/services/internal/rebuild"
	"rcu/services/resolver"
)

// resolverComponent turns events into people.
func resolverComponent() component {
	return component{
		name: "resolver", help: "turns events into people", groups: []string{resolver.Default().Group}, redis: redisFirst,
		build: buildResolver,
	}
}

func buildResolver(ctx context.Context, d *deps) (lifecycle.Part, error) {
	output, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := resolver.Default()
	if cfg.Spaces, err = d.spaces(); err != nil {
		return lifecycle.Part{}, err
	}
	if err := d.stateThere(ctx); err != nil {
		return lifecycle.Part{}, err
	}
	if err := d.setRules(ctx, cfg.Spaces); err != nil {
		return lifecycle.Part{}, err
	}
	if err := d.tellRules(ctx, output, cfg.Spaces); err != nil {
		return lifecycle.Part{}, err
	}
	if cfg.Instance, err = instanceName(); err != nil {
		return lifecycle.Part{}, err
	}
	s, err := resolver.New(cfg, resolver.Deps{
		Log: d.log.Named("resolver"), Metrics: d.metrics, Stream: d.kafka, Output: output, Graph: d.graph, Cells: d.cells,
		Markers: stateredis.NewMarkers(d.redis), Keyring: d.keys,
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	destroyer := dailykeys.NewDestroyer(d.kafka, output, d.log.Named("daily-keys"), nil)
	ready := func(context.Context) error {
		if err := s.Err(); err != nil {
			return err //nolint:wrapcheck // names what to do
		}
		if !s.Ready() {
			return errNotReady
		}
		return nil
	}
	run := func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return s.Run(ctx) })
		g.Go(func() error { return d.rejudge(ctx, cfg.Spaces) })
		g.Go(func() error { return destroyer.Run(ctx) })
		return g.Wait() //nolint:wrapcheck // says all
	}
	return lifecycle.Part{Run: run, Ready: ready}, nil
}

// stateThere fails when Redis has to be rebuilt first: `rcu up` does that itself. It is asked before the rules are set, which would pass for state.
func (d *deps) stateThere(ctx context.Context) error {
	owed, err := rebuild.Owed(ctx, "", rebuild.Deps{Stream: d.kafka, Redis: d.redis})
	if err == nil && owed {
		err = resolver.ErrStateMissing
	}
	return err //nolint:wrapcheck // says all
}

// spaces lists the spaces that the sources belong to.
func (d *deps) spaces() ([]string, error) {
	sources, err := ingest.LoadSources(d.sourcesFile())
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	var out []string
	for _, s := range sources {
		if !slices.Contains(out, s.Principal.Space) {
			out = append(out, s.Principal.Space)
		}
	}
	return out, nil
}

// instanceName is unique among the processes of an installation.
func instanceName() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("asking for the name of this machine: %w", err)
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid()), nil
}
