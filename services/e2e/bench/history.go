package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/ingest"
	"rcu/services/internal/boot"
	"rcu/services/internal/demo"
	"rcu/services/internal/importer"
)

// historyOptions of a run that imports a customer base while live events go on.
type historyOptions struct {
	options

	customers int
	lines     int
	years     int
	quiet     int // seconds of live events alone, before
	limit     time.Duration
}

func parseHistory(args []string, stderr io.Writer) (historyOptions, error) {
	o := historyOptions{options: options{batch: 50, workers: 4}}
	f := flag.NewFlagSet("bench history", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.customers, "customers", 20_000, "customers of the base")
	f.IntVar(&o.lines, "events", 100_000, "lines of the base, customers and repetitions among them")
	f.IntVar(&o.years, "years", 5, "years of tickets and orders")
	f.Float64Var(&o.rate, "rate", 100, "live events a second, before and during the import; single orders come on top")
	f.IntVar(&o.quiet, "quiet", 30, "seconds of live events alone, to compare with")
	f.DurationVar(&o.limit, "limit", time.Hour, "deadline of the import")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return o, err
	}
	if o.rate < 1 || o.rate > fastest || o.quiet < 1 || o.limit <= 0 {
		return o, &boot.UsageError{Err: fmt.Errorf("--rate must be 1 to %d, --quiet at least 1, --limit above 0", fastest)}
	}
	o.seconds = int(o.limit.Seconds())
	return o, nil
}

// runHistory measures and prints.
func runHistory(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o, err := parseHistory(args, world.Stderr)
	if err != nil {
		return err
	}
	r, err := measureHistory(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, r)
}

// baseSeed tells the base apart from other loads; its customers are also those of the live load.
const baseSeed = 1

// backfill is one run.
type backfill struct {
	o     historyOptions
	meter *meter
	api   string
	keys  map[string]string
	files []demo.BaseFile
	truth demo.Truth
	load  *demo.Load
	say   func(string, ...any)
	r     *historyReport
}

// measureHistory starts everything in a fresh folder, sends live events alone, and then beside an import.
func measureHistory(ctx context.Context, o historyOptions, say func(string, ...any)) (*historyReport, error) {
	in, err := historyInput()
	if err != nil {
		return nil, err
	}
	say("starting servers and services")
	s, err := startStack(ctx, o.options, in, "history")
	if err != nil {
		return nil, err
	}
	defer s.stop() //nolint:contextcheck // whatever ended the run
	m := &meter{stack: s, kind: realPath, say: say, send: newSender(s.urls, in.keys, o.workers)}
	if err := m.startStages(ctx); err != nil {
		return nil, err
	}
	b := &backfill{o: o, meter: m, keys: in.keys, say: say, r: &historyReport{Machine: machineOf(ctx, o.root)}}
	if b.api, err = s.api(ctx); err != nil {
		return nil, err
	}
	say("writing a base of %d customers in %d lines", o.customers, o.lines)
	until := time.Now().UTC().Truncate(24 * time.Hour)
	b.files, b.truth, err = demo.WriteBase(ctx, demo.BaseConfig{Seed: baseSeed, Customers: o.customers, Events: o.lines, Years: o.years, Until: until}, filepath.Join(s.dir, "base"))
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	b.load = demo.NewLoad(demo.LoadConfig{Seed: baseSeed, People: b.buyers(), Start: time.Now().Add(-24 * time.Hour)})
	err = within(ctx, o.limit, b.run)
	return b.r, errors.Join(err, s.keepMetrics(ctx))
}

// buyers is how many customers of the base buy meanwhile: the first ones, of whom no sample is taken.
func (b *backfill) buyers() int { return max(1, min(20_000, b.o.customers/4)) }

func historyInput() (*input, error) {
	specs := sources()
	known := map[string]bool{}
	for i := range specs {
		specs[i].History, known[specs[i].Name] = true, true
	}
	for _, x := range demo.BaseSources() {
		if !known[x.Name] {
			specs = append(specs, ingest.SourceSpec{
				Name: x.Name, Channel: x.Channel, Space: x.Space, Controller: x.Controller, Brand: x.Brand, Zone: x.Zone, Country: x.Country,
				Currency: x.Currency, Trust: x.Trust, Rate: unlimited, Burst: unlimited, History: true,
			})
		}
	}
	in := &input{}
	var err error
	if in.sources, in.keys, err = ingest.GenerateSources(specs); err != nil {
		return nil, fmt.Errorf("making the list of sources: %w", err)
	}
	return in, nil
}

func (b *backfill) run(ctx context.Context) error {
	grants := pack(b.load.Grants(b.buyers()/2), b.o.batch)
	if _, err := b.meter.send.all(ctx, grants); err != nil {
		return err
	}
	if err := b.meter.quiet(ctx); err != nil {
		return fmt.Errorf("waiting for the grants: %w", err)
	}
	b.say("%d s of live events alone, %.0f/s", b.o.quiet, b.o.rate)
	alone, err := b.meter.steady(ctx, b.load, b.o.options, b.api, b.o.rate, b.o.quiet, 1)
	if err != nil {
		return err
	}
	b.r.Alone = alone.Orders
	if b.r.Before, err = b.size(ctx); err != nil {
		return err
	}
	if err := b.beside(ctx); err != nil {
		return err
	}
	b.say("waiting until all has settled")
	if err := b.meter.quiet(ctx); err != nil {
		return fmt.Errorf("waiting for the end: %w", err)
	}
	if b.r.After, err = b.size(ctx); err != nil {
		return err
	}
	b.say("counting")
	return b.check(ctx)
}

// beside sends live events until the import is through.
func (b *backfill) beside(ctx context.Context) error {
	live, stop := context.WithCancel(ctx)
	defer stop()
	g, live := errgroup.WithContext(live)
	var waited []backlog
	g.Go(func() error {
		p, err := b.meter.send.pace(live, b.load, b.o.rate, b.o.batch)
		if err == nil {
			b.r.Load = *p
		}
		return err
	})
	g.Go(func() error {
		d, err := newProber(b.meter.stack, b.meter.send, b.api, 2).run(live)
		if err == nil {
			b.r.Beside = *d
		}
		return err
	})
	g.Go(func() error { return b.meter.sample(live, &waited) })
	g.Go(func() error {
		defer stop()
		return b.through(live)
	})
	err := g.Wait()
	for _, x := range waited {
		b.r.Most.Resolver, b.r.Most.Pending = max(b.r.Most.Resolver, x.Resolver), max(b.r.Most.Pending, x.Pending)
		b.r.Most.Sink, b.r.Most.Redis = max(b.r.Most.Sink, x.Sink), max(b.r.Most.Redis, x.Redis)
	}
	return err //nolint:wrapcheck // of ours
}

// through imports every file, and waits until all of it is readable and in ClickHouse.
func (b *backfill) through(ctx context.Context) error {
	began := time.Now()
	for _, f := range b.files {
		b.say("importing %d lines of %s", f.Lines, f.Source)
		if err := b.importFile(ctx, f); err != nil {
			return err
		}
	}
	b.r.PostedSeconds = time.Since(began).Seconds()
	calm := 0
	err := poll(ctx, 250*time.Millisecond, func() (bool, error) {
		lag, err := b.meter.resolver.metric(ctx, "rcu_stream_lag_records", `topic="rcu.events.history"`)
		if calm++; lag > 0 {
			calm = 0
		}
		return calm >= 2, err
	})
	if err != nil {
		return fmt.Errorf("waiting for the history lane: %w", err)
	}
	b.r.RedisSeconds = time.Since(began).Seconds()
	want := int64(b.truth.Distinct())
	err = poll(ctx, time.Second, func() (bool, error) {
		n, err := b.meter.stack.count(ctx, "SELECT uniqExact(event_id) FROM events WHERE "+ofBase)
		return n >= want, err
	})
	if err != nil {
		return fmt.Errorf("waiting for the rows of the base: %w", err)
	}
	b.r.ClickHouseSeconds = time.Since(began).Seconds()
	b.r.Rate = float64(want) / b.r.ClickHouseSeconds
	return nil
}

// importFile imports one file as an operator would.
func (b *backfill) importFile(ctx context.Context, f demo.BaseFile) error {
	s := b.meter.stack
	cmd := exec.CommandContext(ctx, b.o.rcu, "--json", "--data", s.dir, "import", "--history", f.Channel, f.Path, "--url", s.urls[f.Channel]) //nolint:gosec // our own program
	cmd.Env = append(cmd.Environ(), "RCU_KEY="+b.keys[f.Source])
	cmd.SysProcAttr = attributes()
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("importing %s: %w: %s", f.Source, err, problems.String())
	}
	var sum importer.Summary
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		return fmt.Errorf("reading the answer of the import: %w", err)
	}
	if !sum.Done || sum.Sent != f.Lines || sum.Outcome.Accepted != f.Lines || len(sum.Report.Bad) > 0 {
		return fmt.Errorf("importing %s: %d of %d lines accepted, rejected %v, dropped %v, bad %v", f.Source, sum.Outcome.Accepted, f.Lines,
			sum.Outcome.Rejected, sum.Outcome.Dropped, sum.Report.Bad)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		b.r.ImporterMB = max(b.r.ImporterMB, usage.Maxrss>>10)
	}
	return nil
}
