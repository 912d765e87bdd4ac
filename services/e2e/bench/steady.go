package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/demo"
)

// steadyFigures are those of a load at a fixed rate, with single orders measured meanwhile.
type steadyFigures struct {
	Load   paced  `json:"load"`
	Orders delays `json:"orders"`
	Stages *load  `json:"stages"`
}

// steady sends at a rate for a time and measures single orders. It ends when all has settled.
func (m *meter) steady(ctx context.Context, more *demo.Load, o options, api string, rate float64, seconds int, seed uint64) (*steadyFigures, error) {
	lasts := time.Duration(seconds) * time.Second
	o.rate = rate
	f, err := m.while(ctx, o, more, newProber(m.stack, m.send, api, seed).over(lasts), lasting(lasts))
	if err != nil {
		return nil, fmt.Errorf("measuring at a fixed rate: %w", err)
	}
	limited, stop := context.WithTimeout(ctx, time.Duration(o.seconds)*time.Second)
	defer stop()
	if err := m.quiet(limited); err != nil {
		return nil, fmt.Errorf("waiting for the end of a load at a fixed rate: %w", err)
	}
	return &f, nil
}

// lasting returns a function that takes a time, or until it is ended.
func lasting(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
		return nil
	}
}

// while sends a load of o.rate events a second, and single orders, until f has returned.
func (m *meter) while(ctx context.Context, o options, more *demo.Load, p *prober, f func(context.Context) error) (s steadyFigures, err error) {
	s.Stages, err = m.during(ctx, func(ctx context.Context) error {
		lasts, ended := context.WithCancel(ctx)
		defer ended()
		g, gctx := errgroup.WithContext(lasts)
		g.Go(func() error {
			n, err := m.send.pace(gctx, more, o.rate, o.batch)
			if err == nil {
				s.Load = *n
			}
			return err
		})
		g.Go(func() error {
			d, err := p.run(gctx)
			if err == nil {
				s.Orders = *d
			}
			return err
		})
		g.Go(func() error { defer ended(); return f(gctx) })
		return g.Wait() //nolint:wrapcheck // of ours
	})
	return s, err
}
