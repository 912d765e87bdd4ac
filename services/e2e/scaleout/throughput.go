package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/stream"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/judge"
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

// drained starts n members and measures how fast they work off what waits for them.
func drained(ctx context.Context, f *fleet.Fleet, client *stream.Client, kind string, n int) (perSecond float64, events int, err error) {
	waiting, err := lag(ctx, client, kind)
	if err != nil {
		return 0, 0, err
	}
	before, err := done(ctx, f, kind)
	if err != nil {
		return 0, 0, err
	}
	for range n {
		if _, err := f.Join(ctx, kind); err != nil {
			return 0, 0, err //nolint:wrapcheck // says all
		}
	}
	var from, to time.Time
	var first, last float64
	err = fleet.Await(ctx, settleLimit, func(ctx context.Context) error {
		now, err := done(ctx, f, kind)
		if err != nil {
			return err
		}
		now -= before
		if from.IsZero() && now >= fromShare*float64(waiting) {
			from, first = time.Now(), now
		}
		if now < toShare*float64(waiting) {
			return fmt.Errorf("%.0f of %d events are done", now, waiting) //nolint:err113 // a report
		}
		to, last = time.Now(), now
		return nil
	})
	if err == nil && last == first {
		err = errTooFew
	}
	if err != nil {
		return 0, 0, fmt.Errorf("working off a backlog: %w", err)
	}
	err = fleet.Await(ctx, settleLimit, func(ctx context.Context) error {
		left, err := lag(ctx, client, kind)
		if err == nil && left > 0 {
			err = fmt.Errorf("%d records wait", left) //nolint:err113 // a report
		}
		return err
	})
	return (last - first) / to.Sub(from).Seconds(), int(waiting), err //nolint:wrapcheck // says all
}

var errTooFew = errors.New("the backlog is too small to be measured: give more --events")

// done counts the events that members of a kind have done: the resolvers by their own count, the sinks by the rows of ClickHouse.
func done(ctx context.Context, f *fleet.Fleet, kind string) (float64, error) {
	if kind == "sink" {
		n, err := judge.Rows(ctx, f)
		return float64(n), err //nolint:wrapcheck // says all
	}
	sum := 0.0
	for _, p := range members(f, kind) {
		err := metrics(ctx, p.Admin(), "rcu_resolver_events_total{", func(line string) error {
			v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			sum += v
			return err
		})
		if err != nil {
			continue // it is starting
		}
	}
	return sum, nil
}

// lag is how many events a group has not committed: those of a topic with one record for each event.
func lag(ctx context.Context, client *stream.Client, group string) (int64, error) {
	parts, err := client.Lag(ctx, group, map[string][]string{"resolver": stream.EventTopics(), "sink": {stream.TopicResolved}}[group]...)
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	sum := int64(0)
	for _, p := range parts {
		sum += p.Lag()
	}
	return sum, nil
}
