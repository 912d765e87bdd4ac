package main

import (
	"context"
	"fmt"
	"io"

	"rcu/pkg/embedded"
)

// internalCmd holds what people do not type: the children of `rcu up`, and the step of scripts/setup that fetches the
// ClickHouse engine.
type internalCmd struct {
	Kafka      kafkaCmd      `cmd:"" help:"The embedded broker."`
	ClickHouse clickHouseCmd `cmd:"" name:"clickhouse" help:"The ClickHouse engine."`
	Engine     engineCmd     `cmd:"" help:"Install the ClickHouse engine into the cache."`
}

// Help gives the example.
func (internalCmd) Help() string { return "Example:\n\n  rcu internal engine" }

type kafkaCmd struct {
	Settings string `arg:"" help:"File of its settings."`
}

// Run serves until the parent is gone.
func (c kafkaCmd) Run(a *app) error {
	return a.world.Profiled("kafka", func() error { return embedded.RunChild("kafka", c.Settings, a.world.Stdout, a.world.Stderr) })
}

type clickHouseCmd struct {
	Settings string `arg:"" help:"File of its settings."`
}

// Run serves until the parent is gone.
func (c clickHouseCmd) Run(a *app) error {
	return embedded.RunChild("clickhouse", c.Settings, a.world.Stdout, a.world.Stderr)
}

type engineCmd struct{}

// Run fetches the engine unless it is there.
func (engineCmd) Run(ctx context.Context, a *app) error {
	path, err := embedded.InstallEngine(ctx, bar(a))
	if err != nil {
		return err
	}
	return a.answer(map[string]string{"engine": path}, func(w io.Writer) { _, _ = fmt.Fprintln(w, path) })
}
