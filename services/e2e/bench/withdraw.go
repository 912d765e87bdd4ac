package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/boot"
	"rcu/services/internal/demo"
)

// withdrawOptions of a run.
type withdrawOptions struct {
	options
	people int // who withdraw
	rounds int // withdrawals a second
}

// withdrawals are the times from sending a withdrawal to its effect at each gate, while events come at a fixed rate.
type withdrawals struct {
	Machine  machine `json:"machine"`
	Load     paced   `json:"load"`
	People   int     `json:"people"`
	Answered spread  `json:"answered"` // the withdrawal itself
	Reads    spread  `json:"reads"`    // G4: the profile API shows no browsing, and no address for marketing
	Collect  spread  `json:"collect"`  // G1: a page on that device is dropped
	Link     spread  `json:"link"`     // G2: the device is no part of the person
	Override spread  `json:"override"` // on its way to G3: the override is on rcu.owners
	Rows     spread  `json:"rows"`     // G3: ClickHouse shows no browsing with a person
	Stages   *load   `json:"stages"`   // from the first to the last withdrawal
}

// runWithdraw measures how long withdrawals take.
func runWithdraw(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o := withdrawOptions{options: options{events: 1, warm: 2000, skew: 1.1, batch: 200, workers: 8}}
	f := flag.NewFlagSet("bench withdraw", flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	f.Float64Var(&o.rate, "rate", 5000, "events a second meanwhile")
	f.IntVar(&o.seconds, "seconds", 40, "how long withdrawals are made")
	f.IntVar(&o.rounds, "a-second", 5, "withdrawals a second")
	f.IntVar(&o.options.people, "people", 20_000, "customers of the load")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if o.rate <= 0 || o.rate > fastest || o.seconds < 1 || o.rounds < 1 || o.rounds > 50 {
		return &boot.UsageError{Err: fmt.Errorf("--seconds must be at least 1, --a-second 1 to 50, and --rate at most %d", fastest)}
	}
	o.people, o.steady = o.seconds*o.rounds, o.seconds
	ctx, cancel := context.WithTimeout(ctx, time.Duration(3*o.seconds+180)*time.Second)
	defer cancel()
	w, err := measureWithdrawals(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, w)
}

// measureWithdrawals starts a stack, has people browse and agree, and lets them withdraw one after the other under load.
func measureWithdrawals(ctx context.Context, o withdrawOptions, say func(string, ...any)) (*withdrawals, error) {
	m, in, err := begin(ctx, o.options, "withdraw", say, nil)
	if err != nil {
		return nil, err
	}
	s := m.stack
	defer s.stop()
	api, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	p := newWithdrawer(m, api, o.people)
	say("%d people browse, log in and agree", o.people)
	if err := p.agree(ctx); err != nil {
		return nil, err
	}
	say("they withdraw, %d a second, while %.0f events/s come", o.rounds, o.rate)
	w := &withdrawals{Machine: machineOf(ctx, o.root), People: o.people}
	w.Stages, err = m.during(ctx, func(ctx context.Context) error { return p.underLoad(ctx, o, in.more, w) })
	if err != nil {
		return nil, fmt.Errorf("measuring withdrawals: %w", err)
	}
	if err := s.keepMetrics(ctx); err != nil {
		return nil, err
	}
	w.Answered, w.Reads, w.Collect = spreadOf(p.took["answered"]), spreadOf(p.took["reads"]), spreadOf(p.took["collect"])
	w.Link, w.Override, w.Rows = spreadOf(p.took["link"]), spreadOf(p.took["override"]), spreadOf(p.took["rows"])
	return w, nil
}

// underLoad sends the load at its rate and lets people withdraw meanwhile.
func (w *withdrawer) underLoad(ctx context.Context, o withdrawOptions, more *demo.Load, into *withdrawals) error {
	timed, stop := context.WithTimeout(ctx, time.Duration(o.seconds+5)*time.Second)
	defer stop()
	g, gctx := errgroup.WithContext(timed)
	g.Go(func() error {
		n, err := w.send.pace(gctx, more, o.rate, o.batch)
		if err == nil {
			into.Load = *n
		}
		return err
	})
	g.Go(func() error { return w.run(context.WithoutCancel(gctx), o.rounds) })
	return g.Wait() //nolint:wrapcheck // of ours
}

func (w *withdrawals) print(to io.Writer) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%d people withdrew while %.0f of %.0f events/s came\n", w.People, w.Load.Sent, w.Load.Asked)
	_, _ = fmt.Fprintln(t, "from sending the withdrawal to\tp50 ms\tp99 ms\tmax ms\tof")
	for _, x := range []struct {
		what string
		s    spread
	}{{"its answer", w.Answered}, {"G4, reads", w.Reads}, {"G1, collection", w.Collect}, {"G2, links", w.Link}, {"its override on rcu.owners", w.Override}, {"G3, ClickHouse", w.Rows}} {
		_, _ = fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%d\n", x.what, x.s.P50, x.s.P99, x.s.Max, x.s.Count)
	}
	w.Stages.print(t)
	return t.Flush() //nolint:wrapcheck // to the standard output
}
