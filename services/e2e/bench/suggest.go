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

// suggestOptions of a run.
type suggestOptions struct {
	options
	stored  int // people in the index
	before  int // seconds of calls and load before those that count
	aSecond int // calls of people who may be there
}

// suggestions are the times from the answer to a call's event to the suggestion on the stewards' queue, while events come at a fixed rate, and
// how long each part of the way takes.
type suggestions struct {
	Machine   machine       `json:"machine"`
	Load      paced         `json:"load"`
	Stored    int           `json:"people_stored"`
	Calls     int           `json:"calls"`
	Before    int           `json:"seconds_before"` // of the same load, whose calls are not among them: caches are empty, and the matcher reads what lies there
	Early     spread        `json:"queued_before"`  // as queued, of the calls of those seconds
	Answered  spread        `json:"answered"`       // from sending the event to the answer
	Queued    spread        `json:"queued"`         // from the answer to the suggestion on the queue
	Within    float64       `json:"within"`         // share of those that are there within 100 ms
	Shown     spread        `json:"shown"`          // from the answer to the end of the first GET of the queue that has it
	Published spread        `json:"published"`      // part of it: from the answer to the leaf on its way to rcu.leaves, as the record says
	Found     spread        `json:"found"`          // part of it: from there to the suggestion on the queue
	Page      spread        `json:"page"`           // one GET of the queue
	Memory    []memoryAfter `json:"memory"`
	Stages    *load         `json:"stages"` // processor time, from the first to the last call
}

// memoryAfter is what the matcher and Redis hold some seconds after the load began.
type memoryAfter struct {
	Second  int   `json:"second"`
	Matcher int64 `json:"matcher_bytes"`
	Redis   int64 `json:"redis_bytes"`
}

// aim is how soon a suggestion should be on the queue.
const aim = 100 * time.Millisecond

// runSuggest measures how soon a probable match is suggested.
func runSuggest(ctx context.Context, world boot.IO, args []string) error {
	runtime.LockOSThread() // children end with the thread that started them
	o := suggestOptions{options: options{events: 1, warm: 2000, people: 20_000, skew: 1.1, workers: 8}}
	f := flag.NewFlagSet("bench suggest", flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	f.Float64Var(&o.rate, "rate", 1000, "events a second meanwhile")
	f.IntVar(&o.batch, "batch", 20, "events of a request: with few, they come evenly")
	f.IntVar(&o.seconds, "seconds", 60, "how long is measured")
	f.IntVar(&o.before, "before", 10, "seconds of the same load and calls before those that count")
	f.IntVar(&o.aSecond, "a-second", 10, "calls a second of somebody who is in the index, with a typing error")
	f.StringVar(&o.index, "index", "", "folder of a filled index, as bench suggest-index keeps it; without, --stored people are put into a new one")
	f.IntVar(&o.stored, "stored", 20_000, "people in the index before")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if o.index != "" {
		held, err := peopleIn(o.index)
		if err != nil {
			return err
		}
		o.stored = held
	}
	if o.batch < 1 || o.batch > 1000 || o.rate <= 0 || o.rate > fastest || o.seconds < 1 || o.before < 0 || o.aSecond < 1 || o.aSecond > 100 || o.stored < o.lasts()*o.aSecond {
		return &boot.UsageError{Err: fmt.Errorf("--seconds must be at least 1, --before at least 0, --batch 1 to 1000, --a-second 1 to 100, --rate at most %d, and --stored as many as are called", fastest)}
	}
	o.steady = o.lasts()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(2*o.lasts()+300+o.stored/1000)*time.Second)
	defer cancel()
	r, err := measureSuggestions(ctx, o, telling(world))
	if err != nil {
		return err
	}
	return o.report(world, r)
}

// lasts is how many seconds calls come, those that do not count among them.
func (o *suggestOptions) lasts() int { return o.before + o.seconds }

// measureSuggestions fills the index, and lets people call whom it holds while events come.
func measureSuggestions(ctx context.Context, o suggestOptions, say func(string, ...any)) (*suggestions, error) {
	r := &suggestions{Machine: machineOf(ctx, o.root), Stored: o.stored, Before: o.before}
	m, in, err := begin(ctx, o.options, "suggest", say, func(s *stack) error {
		if o.index != "" {
			return nil
		}
		return fillIndex(ctx, s.dir, s.redis.Addr(), o.stored, say)
	})
	if err != nil {
		return nil, err
	}
	s := m.stack
	defer s.stop() //nolint:contextcheck // whatever ended the run
	f, err := newFiller(ctx, s.dir, s.redis.Addr())
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.client.Close() }()
	p, err := newCaller(ctx, m, f)
	if err != nil {
		return nil, err
	}
	say("%d calls a second while %.0f events/s come, for %d s, of which the first %d do not count", o.aSecond, o.rate, o.lasts(), o.before)
	r.Stages, err = m.during(ctx, func(ctx context.Context) error { return p.underLoad(ctx, o, in.more, r) })
	if err != nil {
		return nil, fmt.Errorf("measuring suggestions: %w", err)
	}
	if err := p.tell(ctx, r); err != nil {
		return nil, err
	}
	return r, s.keepMetrics(ctx)
}

// underLoad lets people call while events come.
func (c *caller) underLoad(ctx context.Context, o suggestOptions, load *demo.Load, r *suggestions) error {
	timed, stop := context.WithTimeout(ctx, time.Duration(o.lasts())*time.Second)
	defer stop()
	g, gctx := errgroup.WithContext(timed)
	g.Go(func() error {
		n, err := c.send.pace(gctx, load, o.rate, o.batch)
		if err == nil {
			r.Load = *n
		}
		return err
	})
	g.Go(func() error { return c.run(context.WithoutCancel(gctx), o.aSecond, o.before, o.seconds) })
	g.Go(func() error { return c.sample(gctx, r) })
	return g.Wait() //nolint:wrapcheck // of ours
}

func (r *suggestions) print(to io.Writer) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%d people in the index; %d calls, of which %d were suggested, while %.0f of %.0f events/s came; the calls of the first %d s do not count\n", r.Stored, r.Calls, r.Shown.Count, r.Load.Sent, r.Load.Asked, r.Before)
	_, _ = fmt.Fprintln(t, "\tp50 ms\tp99 ms\tmax ms\tof")
	for _, x := range []struct {
		what string
		s    spread
	}{
		{"from sending the event to its answer", r.Answered},
		{"from the answer to the suggestion on the queue", r.Queued},
		{"  from the answer to the leaf being published", r.Published},
		{"  from there to the suggestion on the queue", r.Found},
		{"from the answer to the end of the first GET that has it", r.Shown},
		{"one GET of the queue", r.Page},
		{"of the calls before, from the answer to the suggestion on the queue", r.Early},
	} {
		_, _ = fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%d\n", x.what, x.s.P50, x.s.P99, x.s.Max, x.s.Count)
	}
	r.Stages.print(t)
	_, _ = fmt.Fprintf(t, "on the queue within %d ms\t%.1f %%\n", aim.Milliseconds(), 100*r.Within)
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
