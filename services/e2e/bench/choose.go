package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/boot"
	"rcu/services/internal/demo"
)

// choosing are the options of a run in which people choose something while events come at a fixed rate.
type choosing struct {
	options
	people int // who choose
	rounds int // of them a second
}

// parseChoosing reads the options of a run.
func parseChoosing(world boot.IO, name string, args []string) (choosing, error) {
	o := choosing{options: options{events: 1, warm: 2000, skew: 1.1, batch: 200, workers: 8}}
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	f.SetOutput(world.Stderr)
	f.Float64Var(&o.rate, "rate", 5000, "events a second meanwhile")
	f.IntVar(&o.seconds, "seconds", 40, "how long people choose")
	f.IntVar(&o.rounds, "a-second", 5, "people who choose, a second")
	f.IntVar(&o.options.people, "people", 20_000, "customers of the load")
	o.where(f)
	if err := boot.ParseFlags(f, args); err != nil {
		return o, err //nolint:wrapcheck // says all
	}
	if o.rate <= 0 || o.rate > fastest || o.seconds < 1 || o.rounds < 1 || o.rounds > 50 {
		return o, &boot.UsageError{Err: fmt.Errorf("--seconds must be at least 1, --a-second 1 to 50, and --rate at most %d", fastest)}
	}
	o.people, o.steady = o.seconds*o.rounds, o.seconds
	return o, nil
}

// deadline is when a run has failed.
func (o choosing) deadline() time.Duration { return time.Duration(3*o.seconds+180) * time.Second }

// besides sends the load at its rate while people choose, and says what the machine and the queues did meanwhile.
func (m *meter) besides(ctx context.Context, o choosing, more *demo.Load, sent *paced, choose func(context.Context) error) (*load, error) {
	return m.during(ctx, func(ctx context.Context) error {
		timed, stop := context.WithTimeout(ctx, time.Duration(o.seconds+5)*time.Second)
		defer stop()
		g, gctx := errgroup.WithContext(timed)
		g.Go(func() error {
			n, err := m.send.pace(gctx, more, o.rate, o.batch)
			if err == nil {
				*sent = *n
			}
			return err
		})
		g.Go(func() error { return choose(context.WithoutCancel(gctx)) })
		return g.Wait() //nolint:wrapcheck // of ours
	})
}

// oneByOne has people choose, so many a second, while somebody watches the effect of all of it.
func oneByOne(ctx context.Context, people, rate int, watch func(context.Context) error, one func(context.Context, int) error) error {
	all, cancel := context.WithTimeout(ctx, time.Duration(people/rate+60)*time.Second)
	defer cancel()
	g, work := errgroup.WithContext(all)
	g.Go(func() error { return watch(work) })
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := range people {
		select {
		case <-tick.C:
		case <-work.Done():
			return g.Wait() //nolint:wrapcheck // of ours
		}
		g.Go(func() error { return one(work, n) })
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

// webSource is the shop on which people choose.
func webSource() (out demo.Source) {
	for _, s := range demo.Sources() {
		if s.Channel == demo.Web && !s.SharedDevice {
			return s
		}
	}
	return out
}

// effects are the times from a choice to each of its effects.
type effects struct {
	mu    sync.Mutex
	took  map[string][]time.Duration
	begun map[string]map[string]time.Time // effect -> whose -> when it was chosen, until it is seen
}

func newEffects() effects {
	return effects{took: map[string][]time.Duration{}, begun: map[string]map[string]time.Time{}}
}

// waits takes note that somebody's choice has yet to show an effect.
func (e *effects) waits(effect, whose string, began time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.begun[effect] == nil {
		e.begun[effect] = map[string]time.Time{}
	}
	e.begun[effect][whose] = began
}

// ended takes the time of an effect that waited, once.
func (e *effects) ended(effect, whose string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	began, waits := e.begun[effect][whose]
	if waits {
		e.took[effect] = append(e.took[effect], time.Since(began))
		delete(e.begun[effect], whose)
	}
	return waits
}

// waiting are those whose choice has yet to show an effect.
func (e *effects) waiting(effect string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.begun[effect]))
}

func (e *effects) add(effect string, took time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.took[effect] = append(e.took[effect], took)
}

// effect is a line of a report.
type effect struct {
	what string
	took spread
}

// printEffects writes how long everything took.
func printEffects(to io.Writer, head, from string, all []effect, stages *load) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, head)
	_, _ = fmt.Fprintf(t, "from %s to\tp50 ms\tp99 ms\tmax ms\tof\n", from)
	for _, e := range all {
		_, _ = fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%d\n", e.what, e.took.P50, e.took.P99, e.took.Max, e.took.Count)
	}
	stages.print(t)
	return t.Flush() //nolint:wrapcheck // to the standard output
}

// post sends a body with the key of the readers and reads the answer.
func (m *meter) post(ctx context.Context, url, kind, body string) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("asking: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+m.stack.readerKey)
	req.Header.Set("Content-Type", kind)
	resp, err := m.send.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("asking: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil, fmt.Errorf("asking: %w", err)
	}
	return resp.StatusCode, answer, nil
}
