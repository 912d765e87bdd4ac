package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/e2e/resp"
	"rcu/services/internal/demo"
)

// sayEvery is how many samples pass until the backlog is said.
const sayEvery = 20

// backlog is what waits at one moment, in records.
type backlog struct {
	Second   int   `json:"second"`
	Resolver int64 `json:"resolver"` // events that are not folded yet
	Pending  int64 `json:"pending"`  // changelogs and profiles that are not published yet
	Sink     int64 `json:"sink"`     // records that are not in ClickHouse yet
	Redis    int64 `json:"redis_bytes"`
}

// steadyFigures are those of a load at a fixed rate, with single orders measured meanwhile.
type steadyFigures struct {
	Seconds int       `json:"seconds"`
	Load    paced     `json:"load"`
	Orders  delays    `json:"orders"`
	Backlog []backlog `json:"backlog"` // one a second
}

// steady sends at a rate for a time, measures single orders and takes the backlog once a second. It ends when all has settled.
func (m *meter) steady(ctx context.Context, load *demo.Load, o options, api string, rate float64, seconds int, seed uint64) (*steadyFigures, error) {
	f := &steadyFigures{Seconds: seconds}
	timed, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	g, gctx := errgroup.WithContext(timed)
	g.Go(func() error {
		p, err := m.send.pace(gctx, load, rate, o.batch)
		if err == nil {
			f.Load = *p
		}
		return err
	})
	g.Go(func() error {
		d, err := newProber(m.stack, m.send, api, seed).run(gctx)
		if err == nil {
			f.Orders = *d
		}
		return err
	})
	g.Go(func() error { return m.sample(gctx, f) })
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("measuring at a fixed rate, %s: %w", f.last(), err)
	}
	limited, stop := context.WithTimeout(ctx, time.Duration(o.seconds)*time.Second)
	defer stop()
	if err := m.quiet(limited); err != nil {
		return nil, fmt.Errorf("waiting for the end of a load at a fixed rate: %w", err)
	}
	return f, nil
}

// sample takes the backlog once a second until ctx ends.
func (m *meter) sample(ctx context.Context, f *steadyFigures) error {
	c, err := resp.Dial(ctx, m.stack.redis.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		b, err := m.backlog(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		if b.Redis, err = c.UsedMemory(); err != nil {
			return err
		}
		b.Second = int(time.Since(began).Seconds())
		if f.Backlog = append(f.Backlog, b); len(f.Backlog)%sayEvery == 0 {
			m.say("%s", f.last())
		}
	}
}

// last says what waited at the last sample.
func (f *steadyFigures) last() string {
	if len(f.Backlog) == 0 {
		return "at its beginning"
	}
	b := f.Backlog[len(f.Backlog)-1]
	return fmt.Sprintf("after %d s with %d events before the resolver, %d publications and %d records before the sink, %d MB of redis",
		b.Second, b.Resolver, b.Pending, b.Sink, b.Redis/1e6)
}

// backlog is what waits now.
func (m *meter) backlog(ctx context.Context) (b backlog, err error) {
	for _, x := range []struct {
		from *process
		name string
		into *int64
	}{
		{m.resolver, "rcu_stream_lag_records", &b.Resolver},
		{m.resolver, "rcu_resolver_pending_publications", &b.Pending},
		{m.sink, "rcu_stream_lag_records", &b.Sink},
	} {
		v, err := x.from.metric(ctx, x.name)
		if err != nil {
			return b, err
		}
		*x.into = int64(v)
	}
	return b, nil
}

// thirds are the mean backlogs of the first, second and last third: a backlog that grows shows here.
func thirds(all []backlog, of func(backlog) int64) [3]float64 {
	n := len(all) / 3
	mean := func(part []backlog) float64 {
		var sum int64
		for _, b := range part {
			sum += of(b)
		}
		return float64(sum) / float64(max(n, 1))
	}
	return [3]float64{mean(all[:n]), mean(all[n : 2*n]), mean(all[2*n : 3*n])}
}
