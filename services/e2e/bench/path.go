package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"rcu/services/internal/demo"
)

// kind of path.
type kind string

const (
	realPath kind = "real"
	copyPath kind = "copy"
)

// measurePath starts everything, sends the input and measures; the readers' part follows on the real path.
func measurePath(ctx context.Context, o options, in *input, k kind, r *report, say func(string, ...any)) (*pathFigures, error) {
	say("%s: starting servers and services", k)
	s, err := startStack(ctx, o, in, string(k))
	if err != nil {
		return nil, err
	}
	defer s.stop() //nolint:contextcheck // whatever ended the run
	m := &meter{stack: s, kind: k, say: say, send: newSender(s.urls, in.keys, o.workers)}
	if err := m.startStages(ctx); err != nil {
		return nil, err
	}
	limit := time.Duration(o.seconds) * time.Second
	say("%s: %d requests of grants, %d of warm-up", k, len(in.grants), len(in.warm))
	if err := within(ctx, limit, func(ctx context.Context) error { return m.prepare(ctx, in) }); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	say("%s: sending %d events", k, o.events)
	var f *pathFigures
	err = within(ctx, limit, func(ctx context.Context) (err error) {
		f, err = m.measure(ctx, in.load)
		return err
	})
	if err != nil {
		return nil, err
	}
	say("%s: %.0f events/s to clickhouse", k, f.ClickHouseRate)
	if err := s.keepMetrics(ctx); err != nil {
		return nil, err
	}
	if k == realPath {
		if r.Memory, err = memory(ctx, s); err != nil {
			return nil, err
		}
		api, err := s.api(ctx)
		if err != nil {
			return nil, err
		}
		say("%s: reading profiles", k)
		if r.Reads, err = reads(ctx, s, api); err != nil {
			return nil, err
		}
		if err := m.pacedParts(ctx, o, in.more, api, f, r, say); err != nil {
			return nil, err
		}
		say("%s: rebuilding redis", k)
		if r.Rebuild, err = m.rebuild(ctx); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// pacedParts sends at fixed rates: half of what was found, and for longer.
func (m *meter) pacedParts(ctx context.Context, o options, load *demo.Load, api string, f *pathFigures, r *report, say func(string, ...any)) (err error) {
	found := float64(f.Accepted+f.Dropped) / f.Seconds // events sent: some are dropped for want of a grant
	if o.half > 0 {
		say("%d s at half load, %.0f events/s", o.half, found/2)
		if r.Half, err = m.steady(ctx, load, o, api, found/2, o.half, 1); err != nil {
			return err
		}
	}
	if o.steady > 0 {
		rate := o.rate
		if rate == 0 {
			rate = found * 4 / 5
		}
		say("%d s at %.0f events/s", o.steady, rate)
		r.Steady, err = m.steady(ctx, load, o, api, rate, o.steady, 2)
	}
	return err
}

func within(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}

// meter sends and waits on one stack.
type meter struct {
	stack    *stack
	kind     kind
	say      func(string, ...any)
	send     *sender
	resolver *process // nil on the copy path
	sink     *process
}

// begin starts a stack of the real path, which fill puts something into before its stages start, and warms it up. Whoever has it stops it.
func begin(ctx context.Context, o options, name string, say func(string, ...any), fill func(*stack) error) (*meter, *input, error) {
	in, err := generate(o)
	if err != nil {
		return nil, nil, err
	}
	s, err := startStack(ctx, o, in, name)
	if err != nil {
		return nil, nil, err
	}
	m := &meter{stack: s, kind: realPath, say: say, send: newSender(s.urls, in.keys, o.workers)}
	if fill != nil {
		err = fill(s)
	}
	if err == nil {
		err = m.startStages(ctx)
	}
	if err == nil {
		err = m.prepare(ctx, in)
	}
	if err != nil {
		s.stop() //nolint:contextcheck // whatever ended the run
		return nil, nil, fmt.Errorf("warming up: %w", err)
	}
	return m, in, nil
}

// startStages starts what lies behind Kafka.
func (m *meter) startStages(ctx context.Context) (err error) {
	s := m.stack
	if m.sink, err = s.service(ctx, "sink", "sink", 0); err != nil {
		return err
	}
	if m.kind == realPath {
		m.resolver, err = s.service(ctx, "resolver", "resolver", 0)
	} else {
		err = s.child("copy", "copy", s.kafka.Addr())
	}
	if err != nil {
		return err
	}
	if err := s.allReady(ctx); err != nil {
		return err
	}
	return s.tune(ctx)
}

// prepare sends grants and warm-up, and waits until all of it has settled.
func (m *meter) prepare(ctx context.Context, in *input) error {
	if _, err := m.send.all(ctx, in.grants); err != nil {
		return err
	}
	if m.resolver != nil {
		decisions := 0
		for _, r := range in.grants {
			decisions += 2 * r.events
		}
		if err := m.await(ctx, m.resolver, "rcu_resolver_decisions_total", float64(decisions)); err != nil {
			return fmt.Errorf("waiting for the grants: %w", err)
		}
	}
	n, err := m.send.all(ctx, in.warm)
	if err != nil {
		return err
	}
	if err := m.rows(ctx, n.accepted.Load()); err != nil {
		return err
	}
	return m.quiet(ctx)
}

// await waits until a counter has reached a value.
func (m *meter) await(ctx context.Context, p *process, name string, value float64) error {
	seen := 0.0
	err := poll(ctx, 100*time.Millisecond, func() (ok bool, err error) {
		seen, err = p.metric(ctx, name)
		return seen >= value, err
	})
	if err != nil {
		return fmt.Errorf("%s at %.0f of %.0f: %w", name, seen, value, err)
	}
	return nil
}

// eachEventOnce counts events. A request that was repeated leaves rows twice until ClickHouse merges them: everyRow, which costs nothing, counts both.
const (
	eachEventOnce = "SELECT count() FROM events FINAL"
	everyRow      = "SELECT count() FROM events"
)

// rows waits until so many events are in ClickHouse.
func (m *meter) rows(ctx context.Context, want int64) error {
	var seen int64
	err := poll(ctx, 100*time.Millisecond, func() (ok bool, err error) {
		if seen, err = m.stack.count(ctx, everyRow); err == nil && seen >= want {
			seen, err = m.stack.count(ctx, eachEventOnce)
		}
		return seen >= want, err
	})
	if err != nil {
		return fmt.Errorf("%d of %d events in clickhouse: %w", seen, want, err)
	}
	return nil
}

// quiet waits until changelogs and profiles are published and in ClickHouse too.
func (m *meter) quiet(ctx context.Context) error {
	calm := 0
	return poll(ctx, 200*time.Millisecond, func() (bool, error) {
		waiting, err := m.sink.metric(ctx, "rcu_stream_lag_records")
		if err == nil && m.resolver != nil {
			var pending, lag float64
			pending, err = m.resolver.metric(ctx, "rcu_resolver_pending_publications")
			if err == nil {
				lag, err = m.resolver.metric(ctx, "rcu_stream_lag_records")
			}
			waiting += pending + lag
		}
		if calm++; waiting > 0 {
			calm = 0
		}
		return calm >= 5, err
	})
}

// measure sends the load and takes the times at which all of it is in Redis and in ClickHouse.
func (m *meter) measure(ctx context.Context, load []request) (*pathFigures, error) {
	rows, err := m.stack.count(ctx, eachEventOnce)
	if err != nil {
		return nil, err
	}
	var folded float64
	if m.resolver != nil {
		if folded, err = m.resolver.metric(ctx, "rcu_resolver_events_total"); err != nil {
			return nil, err
		}
	}
	before, err := m.stack.cpu()
	if err != nil {
		return nil, err
	}
	started := time.Now()
	n, err := m.send.all(ctx, load)
	if err != nil {
		return nil, err
	}
	accepted := n.accepted.Load()
	f := &pathFigures{Accepted: accepted, Dropped: n.dropped.Load(), Repeated: n.retries.Load(), IngestSeconds: time.Since(started).Seconds()}
	if m.resolver != nil {
		if err := m.await(ctx, m.resolver, "rcu_resolver_events_total", folded+float64(accepted)); err != nil {
			return nil, err
		}
		f.RedisSeconds = time.Since(started).Seconds()
		f.RedisRate = float64(accepted) / f.RedisSeconds
	}
	if err := m.rows(ctx, rows+accepted); err != nil {
		return nil, err
	}
	f.ClickHouseSeconds = time.Since(started).Seconds()
	f.ClickHouseRate = float64(accepted) / f.ClickHouseSeconds
	if err := m.quiet(ctx); err != nil {
		return nil, fmt.Errorf("waiting for changelogs and profiles: %w", err)
	}
	f.Seconds = time.Since(started).Seconds()
	after, err := m.stack.cpu()
	if err != nil {
		return nil, err
	}
	f.stages(before, after)
	return f, m.complete(ctx, folded+float64(accepted), rows+accepted)
}

// complete fails when an event was lost or counted twice.
func (m *meter) complete(ctx context.Context, folded float64, rows int64) error {
	if m.resolver != nil {
		once, err := m.resolver.metric(ctx, "rcu_resolver_events_total", `outcome="folded"`)
		if err != nil {
			return err
		}
		if math.Abs(once-folded) > .5 {
			return fmt.Errorf("%.0f events folded once, %.0f accepted", once, folded)
		}
	}
	distinct, err := m.stack.count(ctx, eachEventOnce)
	if err != nil {
		return err
	}
	if distinct != rows {
		return fmt.Errorf("%d events in clickhouse, %d accepted: %w", distinct, rows, errLost)
	}
	return nil
}

var errLost = errors.New("events were lost or doubled")
