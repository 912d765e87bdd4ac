package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"rcu/services/internal/boot"
)

// trialOptions of a run.
type trialOptions struct {
	options
	stored int // identifiers in the graph
}

// trialFigures say what a dry run of rules over a filled graph costs those who buy and read meanwhile.
type trialFigures struct {
	Machine  machine       `json:"machine"`
	Stored   int           `json:"identifiers_stored"`
	FillTook float64       `json:"fill_seconds"`
	Alone    steadyFigures `json:"alone"`
	Beside   steadyFigures `json:"beside"`
	Took     float64       `json:"dry_run_seconds"` // the start of its process included
	Answer   dryRun        `json:"dry_run"`
	Ratio    struct {      // beside to alone, p99
		Answer   float64 `json:"answer"`
		Readable float64 `json:"readable"`
	} `json:"ratio"`
}

// runTrial measures a dry run of rules beside live orders.
func runTrial(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o := trialOptions{options: options{events: 1, warm: 2000, people: 20_000, skew: 1.1, batch: 200, workers: 8}}
	f := flag.NewFlagSet("bench trial", flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	f.Float64Var(&o.rate, "rate", 500, "events a second meanwhile")
	f.IntVar(&o.seconds, "seconds", 30, "how long orders are measured before the dry run")
	f.IntVar(&o.stored, "stored", 1_000_000, "identifiers in the graph before")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if o.rate <= 0 || o.rate > fastest || o.seconds < 1 || o.stored < identifiersOfOne {
		return &boot.UsageError{Err: fmt.Errorf("--seconds must be at least 1, --rate at most %d, and --stored at least %d", fastest, identifiersOfOne)}
	}
	o.steady = o.seconds + 300
	ctx, cancel := context.WithTimeout(ctx, time.Duration(2*o.seconds+600+o.stored/1000)*time.Second)
	defer cancel()
	r, err := measureTrial(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, r)
}

// measureTrial fills the graph, lets people order, and then has rules tried meanwhile.
func measureTrial(ctx context.Context, o trialOptions, say func(string, ...any)) (*trialFigures, error) {
	r := &trialFigures{Machine: machineOf(ctx, o.root), Stored: o.stored}
	m, in, err := begin(ctx, o.options, "trial", say, func(s *stack) error {
		began := time.Now()
		say("putting %d identifiers into the graph", o.stored)
		err := fillGraph(ctx, s, o.stored, say)
		r.FillTook = time.Since(began).Seconds()
		return err
	})
	if err != nil {
		return nil, err
	}
	s := m.stack
	defer s.stop() //nolint:contextcheck // whatever ended the run
	api, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	say("orders while %.0f events/s come, for %d s", o.rate, o.seconds)
	r.Alone, err = m.while(ctx, o.options, in.more, newProber(s, m.send, api, 1), lasting(time.Duration(o.seconds)*time.Second))
	if err != nil {
		return nil, fmt.Errorf("measuring orders: %w", err)
	}
	say("and beside a dry run")
	r.Beside, err = m.while(ctx, o.options, in.more, newProber(s, m.send, api, 2), func(ctx context.Context) (err error) {
		began := time.Now()
		r.Answer, err = s.tryRules(ctx)
		r.Took = time.Since(began).Seconds()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("measuring orders beside a dry run: %w", err)
	}
	r.Ratio.Answer = ratio(r.Beside.Orders.Answer.P99, r.Alone.Orders.Answer.P99)
	r.Ratio.Readable = ratio(r.Beside.Orders.Readable.P99, r.Alone.Orders.Readable.P99)
	return r, s.keepMetrics(ctx)
}

func (r *trialFigures) print(to io.Writer) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%d identifiers in the graph, put there in %.0f s; %.0f of %.0f events/s came, %.0f beside the dry run\n",
		r.Stored, r.FillTook, r.Alone.Load.Sent, r.Alone.Load.Asked, r.Beside.Load.Sent)
	_, _ = fmt.Fprintf(t, "the dry run took %.1f s: %d identifiers, %d and %d people, %d values released\n",
		r.Took, r.Answer.Effect.Identifiers, r.Answer.Effect.PeopleBefore, r.Answer.Effect.PeopleAfter, r.Answer.Effect.Released)
	_, _ = fmt.Fprintln(t, "orders, from sending to\talone: p50 ms\tp99\tmax\tof\tbeside: p50 ms\tp99\tmax\tof\tp99, ratio")
	for _, x := range []struct {
		what string
		of   func(delays) spread
	}{
		{"the answer", func(d delays) spread { return d.Answer }},
		{"the API", func(d delays) spread { return d.Readable }},
		{"ClickHouse", func(d delays) spread { return d.ClickHouse }},
	} {
		a, b := x.of(r.Alone.Orders), x.of(r.Beside.Orders)
		_, _ = fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%d\t%.1f\t%.1f\t%.1f\t%d\t%.2f\n", x.what, a.P50, a.P99, a.Max, a.Count, b.P50, b.P99, b.Max, b.Count, ratio(b.P99, a.P99))
	}
	_, _ = fmt.Fprint(t, "alone, ")
	r.Alone.Stages.print(t)
	_, _ = fmt.Fprint(t, "beside, ")
	r.Beside.Stages.print(t)
	return t.Flush() //nolint:wrapcheck // to the standard output
}
