package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rcu/pkg/stream"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/judge"
	"rcu/services/e2e/chaos/load"
)

const (
	changeLimit = 2 * time.Minute
	settleLimit = 5 * time.Minute
	lookEvery   = 50 * time.Millisecond
)

// joinAndLeave changes the number of members under load, and counts in the end.
func joinAndLeave(ctx context.Context, o options, say func(string, ...any)) (*report, error) {
	f, end, err := launch(ctx, o, o.steps[0])
	if err != nil {
		return nil, err
	}
	defer end()
	client, err := f.Kafka()
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	defer client.Close()
	ledger := load.NewLedger()
	sender, source, err := prepare(ctx, o, f, client, ledger)
	if err != nil {
		return nil, err
	}
	r := &report{Seed: o.seed, Broker: o.broker}
	stop := make(chan struct{})
	all, under := errgroup.WithContext(ctx)
	all.Go(func() error { return sender.Run(under, source, stop) })
	all.Go(func() error {
		defer close(stop)
		return walk(under, o, f, client, r, say)
	})
	if err := all.Wait(); err != nil {
		return nil, err //nolint:wrapcheck // of ours
	}
	return r, count(ctx, o, f, client, ledger, r)
}

// prepare sends the consent decisions and waits until they stand.
func prepare(ctx context.Context, o options, f *fleet.Fleet, client *stream.Client, ledger *load.Ledger) (*load.Sender, *load.Source, error) {
	source, err := load.NewSource(load.Mixture{Seed: o.seed})
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // says all
	}
	sender := load.NewSender(load.Config{URLs: f.URLs, Keys: f.Keys, Rate: o.rate, Seed: o.seed, Workers: 8, Batch: 50}, ledger)
	if err := sender.All(ctx, source.Decisions()); err != nil {
		return nil, nil, err //nolint:wrapcheck // says all
	}
	return sender, source, judge.Settled(ctx, client, time.Minute) //nolint:wrapcheck // says all
}

// count judges once everything has passed.
func count(ctx context.Context, o options, f *fleet.Fleet, client *stream.Client, ledger *load.Ledger, r *report) error {
	if err := judge.Settled(ctx, client, settleLimit); err != nil {
		return fmt.Errorf("draining: %w", err)
	}
	v, err := judge.Lasting(ctx, f, ledger, client, o.seed, func(*judge.Verdict) {})
	if err != nil {
		return fmt.Errorf("judging: %w", err)
	}
	r.Verdict = append(r.Verdict, v)
	return nil
}

// walk goes from one number of members to the next.
func walk(ctx context.Context, o options, f *fleet.Fleet, client *stream.Client, r *report, say func(string, ...any)) error {
	for i, n := range o.steps {
		if i == 0 {
			if err := owned(ctx, f, client); err != nil {
				return err
			}
		} else {
			c, err := to(ctx, f, client, o.steps[i-1], n)
			if err != nil {
				return err
			}
			r.Changes = append(r.Changes, *c)
			say("%d -> %d members: every partition is read once after %.1fs", c.From, c.To, c.Owned)
		}
		select {
		case <-time.After(time.Duration(o.seconds) * time.Second):
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's end
		}
	}
	return nil
}

// to changes the number of resolvers and sinks together, and observes the commits meanwhile.
func to(ctx context.Context, f *fleet.Fleet, client *stream.Client, from, n int) (*change, error) {
	c := &change{From: from, To: n, Pauses: map[string]float64{}, Resumed: map[string]float64{}}
	began := time.Now()
	watching, enough := context.WithCancel(ctx)
	defer enough()
	var watchers sync.WaitGroup
	var mu sync.Mutex
	for group := range judge.Groups {
		watchers.Go(func() {
			pause, resumed := pauses(watching, client, group, began)
			mu.Lock()
			defer mu.Unlock()
			c.Pauses[group], c.Resumed[group] = pause, resumed
		})
	}
	for _, kind := range [...]string{"resolver", "sink"} {
		for range max(0, n-from) {
			if _, err := f.Join(ctx, kind); err != nil {
				return nil, err //nolint:wrapcheck // says all
			}
		}
		for range max(0, from-n) {
			f.Leave(members(f, kind)[0])
		}
	}
	if err := owned(ctx, f, client); err != nil {
		return nil, err
	}
	c.Owned = time.Since(began).Seconds()
	if err := committed(ctx, client); err != nil {
		return nil, err
	}
	enough()
	watchers.Wait()
	return c, nil
}

func members(f *fleet.Fleet, kind string) (out []*fleet.Process) {
	for _, p := range f.Services() {
		if p.Kind() == kind {
			out = append(out, p)
		}
	}
	return out
}

// pauses returns the longest time between two commits of a group until ctx ends, and when the first came after began.
func pauses(ctx context.Context, client *stream.Client, group string, began time.Time) (longest, resumed float64) {
	last, sum := began, int64(-1)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if now, err := judge.Committed(ctx, client, group); err == nil && now != sum {
			if at := time.Now(); sum >= 0 {
				longest, last = max(longest, at.Sub(last).Seconds()), at
				if resumed == 0 {
					resumed = at.Sub(began).Seconds()
				}
			}
			sum = now
		}
		select {
		case <-ctx.Done():
			return longest, resumed
		case <-tick.C:
		}
	}
}

var errNoCommit = errors.New("no commit since the change")

// committed waits for a commit of every group.
func committed(ctx context.Context, client *stream.Client) error {
	before := map[string]int64{}
	return fleet.Await(ctx, changeLimit, func(ctx context.Context) error { //nolint:wrapcheck // says all
		still := false
		for group := range judge.Groups {
			sum, err := judge.Committed(ctx, client, group)
			if err != nil {
				return err //nolint:wrapcheck // says all
			}
			if old, known := before[group]; !known {
				before[group], still = sum, true
			} else if sum <= old {
				still = true
			}
		}
		if still {
			return errNoCommit
		}
		return nil
	})
}
