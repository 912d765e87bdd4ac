package main

import "rcu/pkg/embedded"

// internalCmd is what `rcu up` starts as its children; nobody types it.
type internalCmd struct {
	Server   string `arg:"" enum:"kafka,clickhouse" help:"The server."`
	Settings string `arg:"" help:"File of its settings."`
}

// Help gives the example.
func (internalCmd) Help() string { return "Example:\n\n  rcu internal kafka data/kafka/child.json" }

// Run serves until the parent is gone.
func (c internalCmd) Run(a *app) error {
	return embedded.RunChild(c.Server, c.Settings, a.world.Stdout, a.world.Stderr) //nolint:wrapcheck // says all
}
