package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
	"rcu/pkg/telemetry"
)

type upCmd struct {
	configFlags
	Demo bool `name:"demo" help:"Stream a made-up chain of shops into it, once."`
}

// Help gives the example.
func (upCmd) Help() string {
	return "Kafka, Redis and ClickHouse are started on this machine unless they are given. The data of a folder are found again at the next start.\n\n" +
		"Example:\n\n  rcu up --data ./data --listen 127.0.0.1"
}

// Run starts everything and waits for Ctrl-C.
func (c upCmd) Run(ctx context.Context, a *app) error {
	began := time.Now()
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	h := home{a.data}
	release, err := h.take()
	if err != nil {
		return err
	}
	defer release()
	log, closeLog, err := openLog(h, s.Log.Level)
	if err != nil {
		return err
	}
	defer closeLog()
	sv, err := startServers(ctx, a, s, h)
	if err != nil {
		return err
	}
	defer sv.kill() // what the group has stopped already is not touched again
	a.say("preparing topics and tables")
	d, closeAll, err := connect(ctx, s, h, log)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := rebuildWiped(ctx, a, d); err != nil {
		return err
	}
	if err := layAgain(ctx, a, d); err != nil {
		return err
	}
	g := lifecycle.New(log, 0)
	sv.addTo(g)
	if err := addServices(ctx, g, d, components()); err != nil {
		return err
	}
	started := make(chan struct{})
	if c.Demo {
		g.Add(demoPart(a, h, started))
	}
	in := instance{
		Version: version, StartedAt: began.UTC(), Kafka: s.Kafka.Brokers, Redis: s.Redis.Addrs, ClickHouse: sv.clickHouseAddress(s),
		Embedded: sv.names(), Services: d.addresses,
	}
	return c.serve(ctx, a, h, g, in, began, started)
}

func (c upCmd) serve(ctx context.Context, a *app, h home, g *lifecycle.Group, in instance, began time.Time, started chan<- struct{}) error {
	var told error
	in.PID = processID()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	err := g.Run(ctx, func() {
		if told = h.writeInstance(in); told == nil {
			told = a.answer(in, func(w io.Writer) { printInstance(w, in, time.Since(began)) })
		}
		close(started)
		if told != nil { // no command would find it
			stop()
		}
	})
	if told != nil {
		return told
	}
	if err != nil {
		return err
	}
	in.StoppedAt = time.Now().UTC()
	a.say("stopped")
	return h.writeInstance(in)
}

func printInstance(w io.Writer, in instance, took time.Duration) {
	_, _ = fmt.Fprintf(w, "\nRCU %s is ready (%.1f s)\n\n", in.Version, took.Seconds())
	for _, name := range slices.Sorted(maps.Keys(in.Services)) {
		_, _ = fmt.Fprintf(w, "  %-20s http://%s\n", name, in.Services[name])
	}
	_, _ = fmt.Fprintf(w, "  %-20s %s\n  %-20s %s\n  %-20s %s\n\nCtrl-C stops everything; the data stay.\n",
		"kafka", join(in.Kafka), "redis", join(in.Redis), "clickhouse", in.ClickHouse)
}

// openLog writes the log into the data folder: the terminal is for the person.
func openLog(h home, level string) (*zap.Logger, func(), error) {
	file, err := telemetry.OpenLogFile(h.path("rcu.log"))
	if err != nil {
		return nil, nil, err
	}
	log, err := telemetry.NewLogger(file, level)
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return log, func() { _ = log.Sync(); _ = file.Close() }, nil
}
