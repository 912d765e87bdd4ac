package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"rcu/pkg/config"
	"rcu/pkg/embedded"
	"rcu/pkg/lifecycle"
	"rcu/pkg/warehouse"
)

// servers are the embedded servers that this process started, in the order of their start.
type servers struct{ list []*embedded.Server }

// startServers starts each server that is not given and writes its address into the settings.
func startServers(ctx context.Context, a *app, s *settings, h home) (sv *servers, err error) {
	sv = &servers{}
	defer func() {
		if err != nil {
			sv.kill()
		}
	}()
	if len(s.Redis.Addrs) == 0 {
		a.say("starting redis")
		r, err := embedded.StartRedis(ctx, embedded.RedisConfig{Dir: h.path("redis"), Port: s.Embedded.RedisPort})
		if err != nil {
			return sv, fmt.Errorf("starting redis: %w", embeddedError(err, "redis"))
		}
		sv.list = append(sv.list, r)
		s.Redis.Addrs = []string{r.Addr()}
	}
	if len(s.Kafka.Brokers) == 0 {
		a.say("starting kafka (embedded broker)")
		k, err := embedded.StartKafka(ctx, embedded.KafkaConfig{Dir: h.path("kafka"), Port: s.Embedded.KafkaPort, Partitions: s.Kafka.Partitions})
		if err != nil {
			return sv, fmt.Errorf("starting kafka: %w", embeddedError(err, "kafka"))
		}
		sv.list = append(sv.list, k)
		s.Kafka.Brokers = []string{k.Addr()}
	}
	if s.ClickHouse.URL == "" {
		c, err := startClickHouse(ctx, a, h, s.Embedded)
		if err != nil {
			return sv, err
		}
		sv.list = append(sv.list, c.Server)
		s.ClickHouse.URL = config.Secret(c.DSN(embedded.UserAdmin, ""))
	}
	return sv, nil
}

func startClickHouse(ctx context.Context, a *app, h home, e embeddedSettings) (*embedded.ClickHouse, error) {
	library, err := embedded.InstallEngine(ctx, bar(a))
	if err != nil {
		return nil, fmt.Errorf("installing clickhouse: %w", err)
	}
	a.say("starting clickhouse")
	c, err := embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{
		Dir: h.path("clickhouse"), Port: e.ClickHousePort, Library: library, Nice: e.ClickHouseNice,
		Analyst: embedded.Access(warehouse.AnalystGrants(warehouse.Default().Database)),
	})
	if err != nil {
		return nil, fmt.Errorf("starting clickhouse: %w", embeddedError(err, "clickhouse"))
	}
	return c, nil
}

// bar draws the steps of an installation as progress bars.
func bar(a *app) embedded.Progress {
	if a.json {
		return nil
	}
	var current *progressbar.ProgressBar
	last := ""
	return func(step string, done, total int64) {
		if step != last {
			last = step
			current = progressbar.NewOptions64(total, progressbar.OptionSetWriter(a.world.Stderr), progressbar.OptionSetDescription(step),
				progressbar.OptionShowBytes(true), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionSetWidth(30),
				progressbar.OptionOnCompletion(func() { _, _ = io.WriteString(a.world.Stderr, "\n") }))
		}
		_ = current.Set64(done)
	}
}

// addTo makes the servers the first parts of the group, so that they stop last; a server that ends takes the group
// with it.
func (sv *servers) addTo(g *lifecycle.Group) {
	for _, s := range sv.list {
		g.Add(lifecycle.Part{Name: s.Name(), Run: func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return s.Stop(context.WithoutCancel(ctx))
			case <-s.Done():
				return errors.Join(errors.New("the server ended"), s.Err())
			}
		}})
	}
}

// kill ends what still runs.
func (sv *servers) kill() {
	for _, s := range sv.list {
		select {
		case <-s.Done():
		default:
			s.Kill()
		}
	}
}

func (sv *servers) names() []string {
	names := make([]string, 0, len(sv.list))
	for _, s := range sv.list {
		names = append(names, s.Name())
	}
	return names
}

// clickHouseAddress is the address without user and password.
func (sv *servers) clickHouseAddress(s *settings) string {
	u, err := url.Parse(s.ClickHouse.URL.Reveal())
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

func processID() int { return os.Getpid() }

func join(list []string) string { return strings.Join(list, ", ") }
