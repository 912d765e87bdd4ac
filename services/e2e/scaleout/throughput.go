package main

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/stream"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/demo"
)

// What is measured of a backlog: not its begin, while members start and caches are cold, nor its end, when partitions run out one by one.
const (
	fromShare = .1
	toShare   = .9
)

// throughput lets each number of members work off the same backlog.
func throughput(ctx context.Context, o options, say func(string, ...any)) (*report, error) {
	r := &report{Seed: o.seed, Broker: o.broker}
	for _, n := range o.steps {
		x, err := backlog(ctx, o, n, r, say)
		if err != nil {
			return nil, err
		}
		r.Rates = append(r.Rates, *x)
		say("%d resolvers and sinks: %.0f events/s resolved, %.0f to clickhouse", n, x.Resolved, x.ClickHouse)
	}
	return r, nil
}

// backlog fills the topics while nobody reads, and then lets n resolvers, and behind them n sinks, read.
func backlog(ctx context.Context, o options, n int, r *report, say func(string, ...any)) (*rate, error) {
	f, end, err := launch(ctx, o, 1)
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
	for _, kind := range [...]string{"resolver", "sink"} {
		f.Leave(members(f, kind)[0])
	}
	events := make([]demo.Event, o.events)
	for i := range events {
		events[i] = source.Next()
	}
	if err := sender.All(ctx, events); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	say("%d events wait for %d resolvers and sinks", o.events, n)
	x := &rate{Members: n}
	if x.Resolved, x.Events, err = drained(ctx, f, client, "resolver", n); err != nil {
		return nil, err
	}
	if x.ClickHouse, _, err = drained(ctx, f, client, "sink", n); err != nil {
		return nil, err
	}
	return x, count(ctx, o, f, client, ledger, r)
}

// drained starts n members and measures how fast their group commits what waits for it.
func drained(ctx context.Context, f *fleet.Fleet, client *stream.Client, kind string, n int) (perSecond float64, events int, err error) {
	waiting, err := lag(ctx, client, kind)
	if err != nil {
		return 0, 0, err
	}
	for range n {
		if _, err := f.Join(ctx, kind); err != nil {
			return 0, 0, err //nolint:wrapcheck // says all
		}
	}
	var from, to time.Time
	var first, last int64
	err = fleet.Await(ctx, settleLimit, func(ctx context.Context) error {
		left, err := lag(ctx, client, kind)
		if err != nil {
			return err
		}
		done := waiting - left
		if from.IsZero() && float64(done) >= fromShare*float64(waiting) {
			from, first = time.Now(), done
		}
		if to.IsZero() && float64(done) >= toShare*float64(waiting) {
			to, last = time.Now(), done
		}
		if left > 0 {
			return fmt.Errorf("%d records wait", left) //nolint:err113 // a report
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("working off a backlog: %w", err)
	}
	return float64(last-first) / to.Sub(from).Seconds(), int(waiting), nil
}

// measured is the topic whose records are counted: one for each event.
var measured = map[string][]string{"resolver": stream.EventTopics(), "sink": {stream.TopicResolved}}

func lag(ctx context.Context, client *stream.Client, group string) (int64, error) {
	parts, err := client.Lag(ctx, group, measured[group]...)
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	sum := int64(0)
	for _, p := range parts {
		sum += p.Lag()
	}
	return sum, nil
}
