package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rcu/services/e2e/resp"
	"rcu/services/internal/demo"
)

const (
	growthFirst = 100_000   // profiles at the first measurement
	growthBurst = 20_000    // live events that are timed at each size
	liveFirst   = 8_000_000 // number of the first live customer: none of the base has it
	liveCount   = 20_000
)

// sizeFigures are those of one size of the store.
type sizeFigures struct {
	Profiles   int64   `json:"profiles"`
	Seconds    float64 `json:"seconds"`                 // from the size before, until everything was published
	Recorded   float64 `json:"customers_per_second"`    // of the customers recorded since the size before
	Live       float64 `json:"live_events_per_second"`  // of the usual mix, to ClickHouse
	Read       latency `json:"read"`                    // of random people
	PerProfile float64 `json:"redis_bytes_per_profile"` // used_memory
	Rows       int64   `json:"clickhouse_bytes"`
}

// growth fills the store with recorded customers, measures at sizes that double, and rebuilds Redis at the last.
func growth(ctx context.Context, o options, in *input, r *report, say func(string, ...any)) error {
	say("growth to %d profiles: starting servers and services", o.growth)
	s, err := startStack(ctx, o, in, "growth")
	if err != nil {
		return err
	}
	defer s.stop() //nolint:contextcheck // whatever ended the run
	m := &meter{stack: s, kind: realPath, say: say, send: newSender(s.urls, in.keys, o.workers)}
	if err := m.startStages(ctx); err != nil {
		return err
	}
	api, err := s.api(ctx)
	if err != nil {
		return err
	}
	base, err := demo.NewBase(demo.BaseConfig{Seed: 7, Customers: o.growth, Events: o.growth, Until: time.Now()})
	if err != nil {
		return fmt.Errorf("preparing the customers: %w", err)
	}
	live := demo.NewLoad(demo.LoadConfig{Seed: 3, First: liveFirst, People: liveCount, Start: time.Now().Add(-time.Hour)})
	for had, size := 0, min(growthFirst, o.growth); ; had, size = size, min(2*size, o.growth) {
		f, err := m.grow(ctx, base, size-had, o)
		if err == nil {
			err = m.sized(ctx, f, live, api, o)
		}
		if err != nil {
			return fmt.Errorf("growing to %d profiles: %w", size, err)
		}
		r.Growth = append(r.Growth, *f)
		say("%d profiles: %.0f customers/s, %.0f live events/s, read p99 %.1f ms, %.0f bytes a profile", f.Profiles, f.Recorded, f.Live, f.Read.P99, f.PerProfile)
		if size == o.growth {
			break
		}
	}
	say("rebuilding redis")
	r.Rebuild, err = m.rebuild(ctx)
	return err
}

// grow records so many customers more.
func (m *meter) grow(ctx context.Context, base *demo.Base, customers int, o options) (*sizeFigures, error) {
	began := time.Now()
	var n sent
	const part = 20_000
	for left := customers; left > 0; left -= part {
		events := make([]demo.Event, 0, part)
		for range min(part, left) {
			e, _, ok := base.Next()
			if !ok {
				return nil, errors.New("the base of customers ended")
			}
			events = append(events, e)
		}
		if err := m.send.into(ctx, pack(events, o.batch), &n); err != nil {
			return nil, err
		}
	}
	if err := m.quiet(ctx); err != nil {
		return nil, fmt.Errorf("waiting until all is published: %w", err)
	}
	took := time.Since(began).Seconds()
	return &sizeFigures{Seconds: took, Recorded: float64(n.accepted.Load()) / took}, nil
}

// sized measures the store as large as it is.
func (m *meter) sized(ctx context.Context, f *sizeFigures, live *demo.Load, api string, o options) (err error) {
	rows, err := m.stack.count(ctx, eachEventOnce)
	if err != nil {
		return err
	}
	burst := pack(take(live, growthBurst), o.batch)
	began := time.Now()
	n, err := m.send.all(ctx, burst)
	if err != nil {
		return err
	}
	if err := m.rows(ctx, rows+n.accepted.Load()); err != nil {
		return err
	}
	f.Live = float64(n.accepted.Load()) / time.Since(began).Seconds()
	if err := m.quiet(ctx); err != nil {
		return err
	}
	if f.Profiles, err = m.stack.count(ctx, "SELECT uniqExact(rcu_id) FROM profiles FINAL WHERE gone = 0"); err != nil {
		return err
	}
	if f.Rows, err = m.stack.count(ctx, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'rcu'"); err != nil {
		return err
	}
	c, err := resp.Dial(ctx, m.stack.redis.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	used, err := c.UsedMemory()
	if err != nil {
		return err
	}
	f.PerProfile = float64(used) / float64(max(f.Profiles, 1))
	f.Read, err = m.stack.readPeople(ctx, api)
	return err
}

// readPeople reads random people.
func (s *stack) readPeople(ctx context.Context, api string) (latency, error) {
	text, err := s.ask(ctx, "SELECT rcu_id FROM profiles WHERE gone = 0 ORDER BY cityHash64(rcu_id) LIMIT "+strconv.Itoa(s.o.reads))
	if err != nil {
		return latency{}, err
	}
	var urls []string
	for id := range strings.FieldsSeq(text) {
		urls = append(urls, api+"/v1/profiles/"+id+"?purpose=contract")
	}
	c := readClient()
	if _, err := s.readAll(ctx, c, urls[:min(len(urls), 200)]); err != nil { // connections and caches
		return latency{}, err
	}
	return s.readAll(ctx, c, urls)
}
