package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/services/internal/demo"
)

// slice is how often a paced load sends: each time what is due since the last.
const slice = 50 * time.Millisecond

// most is the largest number of requests that a paced load has under way; behind that it waits, and says so.
const most = 64

// paced is what a load at a fixed rate did.
type paced struct {
	Asked    float64 `json:"events_per_second_asked"`
	Sent     float64 `json:"events_per_second_sent"`
	Accepted int64   `json:"accepted"`
	Repeated int64   `json:"requests_repeated"`
}

// pace sends events of the load at a rate until ctx ends. What ended with ctx is no error.
func (s *sender) pace(ctx context.Context, load *demo.Load, rate float64, batch int) (*paced, error) {
	g, work := errgroup.WithContext(context.WithoutCancel(ctx))
	g.SetLimit(most)
	var n sent
	var failed atomic.Bool
	began, given := time.Now(), 0
	tick := time.NewTicker(slice)
	defer tick.Stop()
	for ctx.Err() == nil && !failed.Load() {
		due := int(rate*time.Since(began).Seconds()) - given
		for _, r := range pack(take(load, max(0, due)), batch) {
			g.Go(func() error {
				err := s.one(work, &r, &n)
				failed.CompareAndSwap(false, err != nil)
				return err
			})
		}
		given += max(0, due)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	took := time.Since(began).Seconds()
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("sending at %.0f events/s: %w", rate, err)
	}
	return &paced{Asked: rate, Sent: float64(given) / took, Accepted: n.accepted.Load(), Repeated: n.retries.Load()}, nil
}
