package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/embedded"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/services/internal/boot"
	"rcu/services/internal/rebuild"
)

// rebuildCmd fills a store again from what Kafka holds.
type rebuildCmd struct {
	Redis      rebuildRedisCmd      `cmd:"" help:"Fill an empty Redis from the changelogs."`
	ClickHouse rebuildClickHouseCmd `cmd:"" name:"clickhouse" help:"Write again into ClickHouse what Kafka retains."`
}

type rebuildRedisCmd struct {
	configFlags
	Wipe     bool          `name:"wipe" help:"Delete what Redis holds of this installation first."`
	Margin   time.Duration `name:"margin" default:"15m" help:"How far the resolver is set back, so that it resolves again what came last."`
	Checksum bool          `name:"checksum" help:"Print the checksums of the Redis that stands, and end."`
	Verify   string        `name:"verify" type:"existingfile" placeholder:"FILE" help:"Compare with checksums that rcu --json rebuild redis --checksum printed before."`
}

// Help gives the example.
func (rebuildRedisCmd) Help() string {
	return "Needs Kafka and an empty Redis, and no resolver that runs. Cut short, it goes on at the next call. rcu up does it by itself when its Redis is empty.\n\n" +
		"Checksums are comparable while nothing is written: stop the resolver, take them, rebuild, compare.\n\nExample:\n\n  rcu rebuild redis --wipe --data ./data"
}

// checksums are the sums of a Redis by kind of key.
type checksums map[string]kindSum

type kindSum struct {
	Values int64  `json:"values"`
	Sum    string `json:"sum,omitempty"`
}

// Run rebuilds.
func (c rebuildRedisCmd) Run(ctx context.Context, a *app) error {
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	st, closeAll, err := openStores(ctx, a, s)
	if err != nil {
		return err
	}
	defer closeAll()
	if c.Checksum {
		sums, err := surveyed(ctx, a, st.redis)
		if err != nil {
			return err
		}
		return a.answer(sums, func(w io.Writer) { printSums(w, sums) })
	}
	report, err := rebuildRedis(ctx, a, st.kafka, st.redis, rebuild.Config{Margin: c.Margin, Wipe: c.Wipe})
	if err != nil {
		return err
	}
	if c.Verify == "" {
		return a.answer(report, func(w io.Writer) { printReport(w, report) })
	}
	return c.compare(ctx, a, st.redis, report)
}

// compare tells whether what was rebuilt has the checksums of a file.
func (c rebuildRedisCmd) compare(ctx context.Context, a *app, r *stateredis.Client, report rebuild.Report) error {
	raw, err := os.ReadFile(c.Verify)
	if err != nil {
		return fmt.Errorf("reading the checksums: %w", err)
	}
	before := checksums{}
	if err := json.Unmarshal(raw, &before); err != nil {
		return fmt.Errorf("reading the checksums in %s: %w", c.Verify, err)
	}
	now, err := surveyed(ctx, a, r)
	if err != nil {
		return err
	}
	var differ []string
	for _, kind := range stateredis.Compared() {
		if before[kind] != now[kind] {
			differ = append(differ, kind)
		}
	}
	answer := struct {
		rebuild.Report
		Checksums checksums `json:"checksums"`
		Differ    []string  `json:"differ"`
	}{report, now, differ}
	err = a.answer(answer, func(w io.Writer) {
		printReport(w, report)
		for _, kind := range differ {
			_, _ = fmt.Fprintf(w, "  differs: %s (%d values, before %d)\n", kind, now[kind].Values, before[kind].Values)
		}
		if len(differ) == 0 {
			_, _ = fmt.Fprintln(w, "  every kind of key is as before")
		}
	})
	if err == nil && len(differ) > 0 {
		return &boot.Silent{Code: boot.ExitError}
	}
	return err
}

// surveyed takes the checksums of a Redis.
func surveyed(ctx context.Context, a *app, r *stateredis.Client) (checksums, error) {
	m := newSteps(a)
	n := int64(0)
	survey, err := r.Survey(ctx, func(keys int) { n += int64(keys); m.set("reading keys", n, -1) })
	m.done()
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	out := checksums{}
	for kind, s := range survey {
		x := kindSum{Values: s.Values}
		if slices.Contains(stateredis.Compared(), kind) {
			x.Sum = s.Text()
		}
		if kind == "" {
			kind = "unknown"
		}
		out[kind] = x
	}
	return out, nil
}

func printSums(w io.Writer, sums checksums) {
	for _, kind := range slices.Sorted(maps.Keys(sums)) {
		_, _ = fmt.Fprintf(w, "%-30s %10d  %s\n", kind, sums[kind].Values, sums[kind].Sum)
	}
}

// rebuildRedis fills a Redis and draws its progress.
func rebuildRedis(ctx context.Context, a *app, kafka *stream.Client, r *stateredis.Client, cfg rebuild.Config) (rebuild.Report, error) {
	m := newSteps(a)
	cfg.Progress = m.set
	report, err := rebuild.Redis(ctx, cfg, rebuild.Deps{Stream: kafka, Redis: r})
	m.done()
	if err != nil {
		return report, fmt.Errorf("rebuilding redis: %w", err)
	}
	return report, nil
}

func printReport(w io.Writer, r rebuild.Report) {
	how := "rebuilt"
	if r.Resumed {
		how = "rebuilt (went on where it was cut short)"
	}
	_, _ = fmt.Fprintf(w, "redis is %s: %d components, %d records of leaves in %.1f s (%.0f components/s)\n", how, r.Components, r.Leaves, r.Seconds, r.Rate)
	_, _ = fmt.Fprintf(w, "  %d consent decisions joined; the resolver reads %d records again\n", r.Decisions, r.Again)
}

// rebuildWiped rebuilds a Redis that is empty although its resolver has worked before, or whose rebuild was cut short.
func rebuildWiped(ctx context.Context, a *app, d *deps) error {
	owed, err := rebuild.Owed(ctx, "", rebuild.Deps{Stream: d.kafka, Redis: d.redis})
	if err != nil || !owed {
		return err //nolint:wrapcheck // says all
	}
	a.say("redis is empty: rebuilding it from kafka")
	report, err := rebuildRedis(ctx, a, d.kafka, d.redis, rebuild.Config{})
	if err != nil {
		return err
	}
	d.log.Info("redis was rebuilt", zap.Int64("components", report.Components), zap.Int64("leaves", report.Leaves), zap.Float64("seconds", report.Seconds))
	if !a.json {
		printReport(a.world.Stderr, report)
	}
	return nil
}

// stores are a Kafka and a Redis.
type stores struct {
	kafka *stream.Client
	redis *stateredis.Client
}

// openRedis opens a Redis that answers.
func openRedis(ctx context.Context, r redisSettings) (*stateredis.Client, error) {
	cfg, err := redisConfig(r)
	if err != nil {
		return nil, err
	}
	c, err := stateredis.Open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening redis: %w", err)
	}
	return c, nil
}

// openStores opens the servers that are given, those of a running installation, or starts those of the data folder.
func openStores(ctx context.Context, a *app, s *settings) (st stores, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, c := range slices.Backward(closers) {
			c()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	h := home{a.data}
	switch given := len(s.Kafka.Brokers) > 0 && len(s.Redis.Addrs) > 0; {
	case given:
	case len(s.Kafka.Brokers) > 0 || len(s.Redis.Addrs) > 0:
		return st, closeAll, &boot.UsageError{Err: errors.New("give both --kafka and --redis, or neither for those of the data folder")}
	case h.inUse():
		if err := h.fill(s, ""); err != nil {
			return st, closeAll, err
		}
	default:
		release, err := h.take()
		if err != nil {
			return st, closeAll, err
		}
		closers = append(closers, release)
		sv, err := startStores(ctx, a, s, h)
		if sv != nil {
			closers = append(closers, func() { sv.stop(context.WithoutCancel(ctx)) })
		}
		if err != nil {
			return st, closeAll, err
		}
	}
	log, err := telemetry.NewLogger(a.world.Stderr, "warn")
	if err != nil {
		return st, closeAll, err //nolint:wrapcheck // says all
	}
	if st.kafka, err = stream.Connect(s.Kafka, stream.Deps{Log: log}); err != nil {
		return st, closeAll, fmt.Errorf("opening kafka: %w", err)
	}
	closers = append(closers, st.kafka.Close)
	if st.redis, err = openRedis(ctx, s.Redis); err != nil {
		return st, closeAll, err
	}
	closers = append(closers, func() { _ = st.redis.Close() })
	return st, closeAll, nil
}

// startStores starts Kafka and Redis on the data of a folder.
func startStores(ctx context.Context, a *app, s *settings, h home) (*servers, error) {
	sv := &servers{}
	a.say("starting redis and kafka (embedded)")
	r, err := embedded.StartRedis(ctx, embedded.RedisConfig{Dir: h.path("redis"), Port: s.Embedded.RedisPort})
	if err != nil {
		return sv, fmt.Errorf("starting redis: %w", err)
	}
	sv.list = append(sv.list, r)
	k, err := embedded.StartKafka(ctx, embedded.KafkaConfig{Dir: h.path("kafka"), Port: s.Embedded.KafkaPort, Partitions: s.Kafka.Partitions})
	if err != nil {
		return sv, fmt.Errorf("starting kafka: %w", err)
	}
	sv.list = append(sv.list, k)
	s.Kafka.Brokers, s.Redis.Addrs = []string{k.Addr()}, []string{r.Addr()}
	return sv, nil
}

// stop ends the servers in good order, the last one first.
func (sv *servers) stop(ctx context.Context) {
	for _, s := range slices.Backward(sv.list) {
		_ = s.Stop(ctx)
	}
}
