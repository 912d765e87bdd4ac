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

// readerOptions of a run.
type readerOptions struct {
	options
	rounds int           // in which every question is asked, behind the burst
	pause  time.Duration // between two questions beside the load
}

// readerFigures say what readers of ClickHouse wait for, and what they read from.
type readerFigures struct {
	Machine machine     `json:"machine"`
	Tables  string      `json:"table_settings"`
	Burst   readerPart  `json:"behind_a_burst"`
	Steady  readerPart  `json:"beside_a_load"`
	Path    pathFigures `json:"burst"`
	Load    paced       `json:"load"`
	Stages  *load       `json:"stages"`
}

// readerPart is one of the two: what was asked, and what the tables cost until then.
type readerPart struct {
	Asked   []asked   `json:"asked"`
	Tables  []written `json:"tables"`
	before  map[string]time.Duration
	after   map[string]time.Duration
	seconds float64
}

// runReaders measures what analysts and services wait for when they ask ClickHouse, and what its tables cost.
func runReaders(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o := readerOptions{options: options{warm: 2000, skew: 1.1, batch: 200, workers: 8}}
	f := flag.NewFlagSet("bench readers", flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	f.IntVar(&o.events, "events", 60_000, "events of the burst")
	f.IntVar(&o.people, "people", 20_000, "customers of the load")
	f.Float64Var(&o.rate, "rate", 3500, "events a second behind the burst")
	f.IntVar(&o.seconds, "seconds", 60, "how long they come")
	f.IntVar(&o.rounds, "rounds", 40, "how often everything is asked behind the burst")
	f.DurationVar(&o.pause, "pause", 50*time.Millisecond, "between two questions beside the load")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if o.rate <= 0 || o.rate > fastest || o.seconds < 1 || o.rounds < 1 || o.events < 1 || o.pause < time.Millisecond {
		return &boot.UsageError{Err: fmt.Errorf("all numbers must be at least 1, and --rate at most %d", fastest)}
	}
	o.steady = o.seconds
	ctx, cancel := context.WithTimeout(ctx, time.Duration(2*o.seconds+240)*time.Second)
	defer cancel()
	r, err := measureReaders(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, r)
}

// measureReaders sends a burst and asks everything behind it, then asks beside a load at a fixed rate.
func measureReaders(ctx context.Context, o readerOptions, say func(string, ...any)) (*readerFigures, error) {
	m, in, err := begin(ctx, o.options, "readers", say, nil)
	if err != nil {
		return nil, err
	}
	s := m.stack
	defer s.stop() //nolint:contextcheck // whatever ended the run
	r := &readerFigures{Machine: machineOf(ctx, o.root), Tables: o.tables}
	say("a burst of %d events", o.events)
	err = m.watched(ctx, &r.Burst, func(ctx context.Context) error {
		f, err := m.measure(ctx, in.load)
		if err == nil {
			r.Path = *f
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a, err := newAsker(ctx, s)
	if err != nil {
		return nil, err
	}
	defer a.close()
	say("asking behind it")
	if err := a.rounds(ctx, 1, 0); err != nil { // connections and caches
		return nil, err
	}
	a.forget()
	if err := a.rounds(ctx, o.rounds, 0); err != nil {
		return nil, err
	}
	r.Burst.Asked = a.all()
	say("asking beside %.0f events/s, for %d s", o.rate, o.seconds)
	if err := m.askBeside(ctx, o, a, in.more, r); err != nil {
		return nil, err
	}
	return r, s.keepMetrics(ctx)
}

// askBeside asks while events come at a rate.
func (m *meter) askBeside(ctx context.Context, o readerOptions, a *asker, more *demo.Load, r *readerFigures) error {
	a.forget()
	err := m.watched(ctx, &r.Steady, func(ctx context.Context) (err error) {
		r.Stages, err = m.during(ctx, func(ctx context.Context) error {
			timed, ended := context.WithTimeout(ctx, time.Duration(o.seconds)*time.Second)
			defer ended()
			g, gctx := errgroup.WithContext(timed)
			g.Go(func() error {
				n, err := m.send.pace(gctx, more, o.rate, o.batch)
				if err == nil {
					r.Load = *n
				}
				return err
			})
			g.Go(func() error { return a.until(gctx, o.pause) })
			return g.Wait() //nolint:wrapcheck // of ours
		})
		return err
	})
	r.Steady.Asked = a.all()
	if err != nil {
		return fmt.Errorf("asking beside a load: %w", err)
	}
	return nil
}

// watched runs f and says what the tables of ClickHouse cost meanwhile.
func (m *meter) watched(ctx context.Context, p *readerPart, f func(context.Context) error) (err error) {
	w := newPartsWatch(m.stack)
	if err := w.begin(ctx); err != nil {
		return err
	}
	if p.before, err = threadCPU(m.stack.click.PID()); err != nil {
		return err
	}
	began := time.Now()
	looking, stop := context.WithCancel(ctx)
	defer stop()
	looked := make(chan error, 1)
	go func() { looked <- w.run(looking) }()
	err = f(ctx)
	stop()
	if errLook := <-looked; err == nil {
		err = errLook
	}
	if err != nil {
		return err
	}
	p.seconds = time.Since(began).Seconds()
	if p.after, err = threadCPU(m.stack.click.PID()); err != nil {
		return err
	}
	err = w.look(ctx)
	p.Tables = w.all()
	return err
}

func (r *readerFigures) print(to io.Writer) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "settings of tables: %s\n", r.Tables)
	_, _ = fmt.Fprintf(t, "burst of %d events: %.0f events/s to ClickHouse, %.1f s until all was out, other programs used %.2f cores; us an event: clickhouse %.1f, sink %.1f, all %.1f\n",
		r.Path.Accepted, r.Path.ClickHouseRate, r.Path.Seconds, r.Path.OthersCores, r.Path.CPU["clickhouse"], r.Path.CPU["sink"], r.Path.CPU["all"])
	printThreads(t, r.Burst.before, r.Burst.after, 1e6/float64(max(r.Path.Accepted, 1)), "us an event")
	printWritten(t, r.Burst.Tables)
	printAsked(t, "behind the burst", r.Burst.Asked)
	_, _ = fmt.Fprintf(t, "\nload: %.0f of %.0f events/s, %d accepted\n", r.Load.Sent, r.Load.Asked, r.Load.Accepted)
	r.Stages.print(t)
	printThreads(t, r.Steady.before, r.Steady.after, 1/r.Steady.seconds, "cores")
	printWritten(t, r.Steady.Tables)
	printAsked(t, "beside the load", r.Steady.Asked)
	return t.Flush() //nolint:wrapcheck // to the standard output
}
