package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rcu/pkg/lifecycle"
	"rcu/pkg/telemetry"
	"rcu/services/internal/boot"
)

type runCmd struct {
	Service string `arg:"" help:"Name of the service."`
	configFlags
	Health bool `name:"health" help:"Ask the running service whether it can work, and end."`
}

// Help lists the services and gives the example.
func (runCmd) Help() string {
	var b strings.Builder
	b.WriteString("Services:\n\n")
	for _, c := range components() {
		fmt.Fprintf(&b, "  %-18s %s\n", c.name, c.help)
	}
	b.WriteString("\nExample:\n\n  rcu run ingest-store --kafka kafka:9092 --redis redis:6379 --clickhouse http://rcu:PASSWORD@clickhouse:8123/rcu")
	return b.String()
}

// Run runs one service until a signal.
func (c runCmd) Run(ctx context.Context, a *app) error {
	all := components()
	i := slices.IndexFunc(all, func(k component) bool { return k.name == c.Service })
	if i < 0 {
		names := make([]string, 0, len(all))
		for _, k := range all {
			names = append(names, k.name)
		}
		return &boot.UsageError{Err: fmt.Errorf("there is no service %q: one of %s", c.Service, strings.Join(names, ", "))}
	}
	needs := []func(*settings) error{(*settings).needServers}
	if c.Health { // asks the operator's page alone
		needs = nil
	}
	s, err := c.load(a, needs...)
	if err != nil {
		return err
	}
	if c.Health {
		return health(ctx, s.Admin)
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	log, err := telemetry.NewLogger(a.world.Stderr, s.Log.Level)
	if err != nil {
		return err
	}
	d, err := open(s, home{a.data}, log)
	if err != nil {
		return err
	}
	defer d.close() //nolint:contextcheck // flushing outlives the context that asked to stop
	g := lifecycle.New(log, s.ShutdownDelay)
	if err := addAdmin(ctx, g, d); err != nil {
		return err
	}
	g.Add((&alone{d: d, c: all[i]}).part())
	return a.world.Profiled(c.Service, func() error { return g.Run(ctx, nil) })
}
