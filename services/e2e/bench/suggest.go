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
)

// suggestOptions of a run.
type suggestOptions struct {
	options
	stored  int // people in the index
	aSecond int // calls of people who may be there
}

// suggestions are the times from the answer to a call's event to the suggestion on the stewards' queue, while events come at a fixed rate.
type suggestions struct {
	Machine  machine       `json:"machine"`
	Load     paced         `json:"load"`
	Stored   int           `json:"people_stored"`
	FillTook float64       `json:"fill_seconds"`
	Calls    int           `json:"calls"`
	Answered spread        `json:"answered"` // from sending the event to the answer
	Readable spread        `json:"readable"` // from the answer to the suggestion on the queue
	Page     spread        `json:"page"`     // one GET of the queue
	Memory   []memoryAfter `json:"memory"`
}

// memoryAfter is what the matcher and Redis hold some seconds after the load began.
type memoryAfter struct {
	Second  int   `json:"second"`
	Matcher int64 `json:"matcher_bytes"`
	Redis   int64 `json:"redis_bytes"`
}

// runSuggest measures how soon a probable match is suggested.
func runSuggest(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o := suggestOptions{options: options{events: 1, warm: 2000, people: 20_000, skew: 1.1, batch: 200, workers: 8}}
	f := flag.NewFlagSet("bench suggest", flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	f.Float64Var(&o.rate, "rate", 1000, "events a second meanwhile")
	f.IntVar(&o.seconds, "seconds", 60, "how long is measured")
	f.IntVar(&o.aSecond, "a-second", 10, "calls a second of somebody who is in the index, with a typing error")
	f.IntVar(&o.stored, "stored", 1_000_000, "people in the index before")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if o.rate <= 0 || o.rate > fastest || o.seconds < 1 || o.aSecond < 1 || o.aSecond > 100 || o.stored < o.seconds*o.aSecond {
		return &boot.UsageError{Err: fmt.Errorf("--seconds must be at least 1, --a-second 1 to 100, --rate at most %d, and --stored as many as are called", fastest)}
	}
	o.steady = o.seconds
	ctx, cancel := context.WithTimeout(ctx, time.Duration(2*o.seconds+300+o.stored/1000)*time.Second)
	defer cancel()
	r, err := measureSuggestions(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, r)
}

// measureSuggestions fills the index, and lets people call whom it holds while events come.
func measureSuggestions(ctx context.Context, o suggestOptions, say func(string, ...any)) (*suggestions, error) {
	in, err := generate(o.options)
	if err != nil {
		return nil, err
	}
	s, err := startStack(ctx, o.options, in, "suggest")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	r := &suggestions{Machine: machineOf(ctx, o.root), Stored: o.stored}
	f, err := newFiller(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.client.Close() }()
	began := time.Now()
	say("putting %d people into the index", o.stored)
	if err := f.all(ctx, o.stored, say); err != nil {
		return nil, err
	}
	r.FillTook = time.Since(began).Seconds()
	m := &meter{stack: s, kind: realPath, say: say, send: newSender(s.urls, in.keys, o.workers)}
	if err := m.startStages(ctx); err != nil {
		return nil, err
	}
	p, err := newCaller(ctx, m, f)
	if err != nil {
		return nil, err
	}
	if err := m.prepare(ctx, in); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	say("%d calls a second while %.0f events/s come, for %d s", o.aSecond, o.rate, o.seconds)
	timed, stop := context.WithTimeout(ctx, time.Duration(o.seconds)*time.Second)
	defer stop()
	g, gctx := errgroup.WithContext(timed)
	g.Go(func() error {
		n, err := m.send.pace(gctx, in.more, o.rate, o.batch)
		if err == nil {
			r.Load = *n
		}
		return err
	})
	g.Go(func() error { return p.run(context.WithoutCancel(gctx), o.aSecond, o.seconds) })
	g.Go(func() error { return p.sample(gctx, r) })
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("measuring suggestions: %w", err)
	}
	r.Calls, r.Answered, r.Readable, r.Page = len(p.readable), spreadOf(p.answered), spreadOf(p.readable), spreadOf(p.pages)
	return r, s.keepMetrics(ctx)
}

func (r *suggestions) print(to io.Writer) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%d people in the index, put there in %.0f s; %d calls while %.0f of %.0f events/s came\n", r.Stored, r.FillTook, r.Calls, r.Load.Sent, r.Load.Asked)
	_, _ = fmt.Fprintln(t, "\tp50 ms\tp99 ms\tmax ms\tof")
	for _, x := range []struct {
		what string
		s    spread
	}{{"from sending the event to its answer", r.Answered}, {"from the answer to the suggestion on the queue", r.Readable}, {"one GET of the queue", r.Page}} {
		_, _ = fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%d\n", x.what, x.s.P50, x.s.P99, x.s.Max, x.s.Count)
	}
	for i, x := range r.Memory {
		if i == 0 || i == len(r.Memory)-1 || i%max(1, len(r.Memory)/6) == 0 {
			_, _ = fmt.Fprintf(t, "after %d s\tmatcher %.1f MB\tRedis %.1f MB\n", x.Second, float64(x.Matcher)/1e6, float64(x.Redis)/1e6)
		}
	}
	return t.Flush() //nolint:wrapcheck // to the standard output
}

// onceIn does something so many times at a fixed distance, until ctx ends.
func onceIn(ctx context.Context, every time.Duration, times int, do func(n int)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := range times {
		do(n)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
