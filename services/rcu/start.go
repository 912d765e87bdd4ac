package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/httpserver"
	"rcu/pkg/identity"
	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/warehouse"
)

// open makes what the services share, and asks no server for anything yet: keys, lists, the clients of the servers. d.close ends it after
// the services have stopped.
func open(s *settings, h home, log *zap.Logger) (*deps, error) {
	d := &deps{settings: s, home: h, log: log, metrics: telemetry.NewRegistry(version), addresses: map[string]string{}}
	var err error
	if d.keys, err = h.keys(s.Keys); err != nil {
		return nil, err
	}
	if err := h.makeLists(s); err != nil {
		return nil, err
	}
	if d.warehouse, err = warehouse.ParseURL(s.ClickHouse.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("opening clickhouse: %w", err)
	}
	if d.kafka, err = stream.Connect(s.Kafka, stream.Deps{Log: log, Metrics: d.metrics}); err != nil {
		return nil, fmt.Errorf("opening kafka: %w", err)
	}
	cfg, err := redisConfig(s.Redis)
	if err != nil {
		d.kafka.Close()
		return nil, err
	}
	cfg.Log = log.Named("redis")
	d.redis = stateredis.New(cfg)
	d.cells = stateredis.NewCells(d.redis)
	if d.graph, err = resolve.NewGraph(stateredis.NewGraph(d.redis), identity.DefaultRules()); err != nil {
		d.kafka.Close()
		return nil, errors.Join(err, d.redis.Close())
	}
	return d, nil
}

// connect opens what the services share, and prepares the servers for all of them.
func connect(ctx context.Context, s *settings, h home, log *zap.Logger) (d *deps, closeAll func(), err error) {
	if d, err = open(s, h, log); err != nil {
		return nil, nil, err
	}
	if err = awaitKafka(ctx, d); err == nil {
		err = prepare(ctx, d)
	}
	if err == nil { // not before: tables of a newer program refuse this one
		err = connectRedis(ctx, d)
	}
	if err == nil {
		err = sameKeys(ctx, d)
	}
	if err != nil {
		d.close() //nolint:contextcheck // flushing outlives the context that asked to stop
		return nil, nil, err
	}
	return d, d.close, nil
}

// tellEvery is how often a start that waits for a server says so.
const tellEvery = 10 * time.Second

// awaitKafka waits until Kafka answers, and says what it waits for.
func awaitKafka(ctx context.Context, d *deps) error {
	for {
		once, cancel := context.WithTimeout(ctx, tellEvery)
		err := d.kafka.Wait(once)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err //nolint:wrapcheck // says all
		}
		d.log.Warn("kafka does not answer yet", zap.Strings("brokers", d.settings.Kafka.Brokers), zap.Error(err))
	}
}

// close ends what connect opened; producers flush first.
func (d *deps) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, p := range d.producers {
		if err := p.Close(ctx); err != nil {
			d.log.Warn("closing a producer", zap.Error(err))
		}
	}
	if err := d.redis.Close(); err != nil {
		d.log.Warn("closing redis", zap.Error(err))
	}
	d.kafka.Close()
}

// addAdmin adds the page for the operator to the group. It stops last, so that it tells "not ready" while the services stop.
func addAdmin(ctx context.Context, g *lifecycle.Group, d *deps) error {
	cfg := httpserver.Default()
	cfg.Addr = d.settings.Admin
	admin, err := httpserver.New(cfg, telemetry.Handler(d.metrics, g.Ready), d.log.Named("admin"))
	if err != nil {
		return fmt.Errorf("building the operator's page: %w", err)
	}
	if err := d.listenAdmin(ctx, admin); err != nil {
		return fmt.Errorf("opening the operator's page: %w", err)
	}
	g.Add(lifecycle.Part{Name: "admin", Run: admin.Run, Ready: func(context.Context) error { return admin.Ready() }})
	return nil
}

// addServices adds the page for the operator and the services to the group.
func addServices(ctx context.Context, g *lifecycle.Group, d *deps, list []component) error {
	if err := addAdmin(ctx, g, d); err != nil {
		return err
	}
	for _, c := range list {
		part, err := c.build(ctx, d)
		if err != nil {
			return fmt.Errorf("building %s: %w", c.name, err)
		}
		if part.Name == "" {
			part.Name = c.name
		}
		g.Add(part)
	}
	return nil
}

// health asks another process of ours whether it can work: `rcu run SERVICE --health`.
func health(ctx context.Context, admin string) error {
	host, port, err := net.SplitHostPort(admin)
	if err != nil {
		return fmt.Errorf("reading the address %q: %w", admin, err)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.ToLower(resp.Status))
	}
	return nil
}
