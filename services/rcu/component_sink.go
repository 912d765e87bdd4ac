package main

import (
	"context"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // business days need the zones of the sources on every machine

	"rcu/pkg/lifecycle"
	"rcu/pkg/warehouse"
	"rcu/services/sink"
)

// sinkSettings is how often rows go into ClickHouse: the more sinks there are, the more rarely each should insert.
type sinkSettings struct {
	FlushEvery time.Duration `yaml:"flush_every"` // least time between two inserts of a sink
}

// over gives the configuration of a sink.
func (s sinkSettings) over(c sink.Config) sink.Config {
	c.FlushEvery = s.FlushEvery
	return c
}

// sinkComponent writes what was resolved into ClickHouse.
func sinkComponent() component {
	return component{name: "sink", help: "writes what was resolved into ClickHouse", groups: []string{sink.Default().Group}, build: buildSink}
}

func buildSink(_ context.Context, d *deps) (lifecycle.Part, error) {
	store, err := warehouse.Open(d.warehouse)
	if err != nil {
		return lifecycle.Part{}, fmt.Errorf("opening clickhouse: %w", err)
	}
	output, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	s, err := sink.New(d.settings.Sink.over(sink.Default()), sink.Deps{Log: d.log.Named("sink"), Metrics: d.metrics, Stream: d.kafka, Output: output, Store: store})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	run := func(ctx context.Context) error {
		return errors.Join(s.Run(ctx), store.Close())
	}
	ready := func(context.Context) error {
		if err := s.Err(); err != nil {
			return err //nolint:wrapcheck // says what it waits for
		}
		if !s.Ready() {
			return errNotReady
		}
		return nil
	}
	return lifecycle.Part{Run: run, Ready: ready}, nil
}
