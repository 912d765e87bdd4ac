package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rcu/services/e2e/resp"
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

// load is what the machine and the queues did meanwhile.
type load struct {
	Cores   map[string]float64 `json:"cores"` // that each stage used
	Backlog []backlog          `json:"backlog"`
}

// during runs f and says what the machine and the queues did meanwhile.
func (m *meter) during(ctx context.Context, f func(context.Context) error) (*load, error) {
	before, err := m.stack.cpu()
	if err != nil {
		return nil, err
	}
	began, l := time.Now(), &load{Cores: map[string]float64{}}
	sampling, stop := context.WithCancel(ctx)
	sampled := make(chan error, 1)
	go func() { sampled <- m.sample(sampling, &l.Backlog) }()
	err = f(ctx)
	stop()
	after, errAfter := m.stack.cpu()
	if err = errors.Join(err, <-sampled, errAfter); err != nil {
		return nil, fmt.Errorf("%s: %w", last(l.Backlog), err)
	}
	for stage, used := range after {
		l.Cores[stage] = (used - before[stage]).Seconds() / time.Since(began).Seconds()
	}
	return l, nil
}

// print writes what the machine and the queues did.
func (l *load) print(to io.Writer) {
	_, _ = fmt.Fprint(to, "cores used:")
	for _, stage := range append(stageOrder, "profile-api", "consent-api", "contacts", "contacts-beside", "machine") {
		if used, there := l.Cores[stage]; there {
			_, _ = fmt.Fprintf(to, " %s %.2f", stage, used)
		}
	}
	_, _ = fmt.Fprintln(to)
	for _, q := range []struct {
		what string
		of   func(backlog) int64
	}{
		{"events not folded", func(b backlog) int64 { return b.Resolver }},
		{"publications", func(b backlog) int64 { return b.Pending }},
		{"records not in ClickHouse", func(b backlog) int64 { return b.Sink }},
	} {
		t := thirds(l.Backlog, q.of)
		_, _ = fmt.Fprintf(to, "waiting, %s, by thirds of the time\t%.0f\t%.0f\t%.0f\n", q.what, t[0], t[1], t[2])
	}
}

// sample takes the backlog once a second until ctx ends.
func (m *meter) sample(ctx context.Context, into *[]backlog) error {
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
		if *into = append(*into, b); len(*into)%sayEvery == 0 {
			m.say("%s", last(*into))
		}
	}
}

// last says what waited at the last sample.
func last(all []backlog) string {
	if len(all) == 0 {
		return "in its first second"
	}
	b := all[len(all)-1]
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
