package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/pkg/warehouse"
)

// deps is what a service is built from.
type deps struct {
	settings  *settings
	home      home
	log       *zap.Logger
	metrics   *prometheus.Registry
	keys      *vault.Keyring
	kafka     *stream.Client
	redis     *stateredis.Client
	graph     *resolve.Graph
	cells     resolve.Cells
	warehouse warehouse.Config
	producers []*stream.Producer // closed after the services
	// addresses is where the services listen, by name, for the one who started them; a Build adds its own.
	addresses map[string]string
	patterns  blockedPatterns
	judging   bool // the judge of held events runs beside one of the ingestors
}

// producer makes a producer that is flushed and closed when the services have stopped.
func (d *deps) producer() (*stream.Producer, error) {
	p, err := d.kafka.NewProducer(stream.ProducerConfig{})
	if err != nil {
		return nil, fmt.Errorf("making a producer: %w", err)
	}
	d.producers = append(d.producers, p)
	return p, nil
}

// metricsOf tells the metrics of services of one kind apart.
func (d *deps) metricsOf(service string) prometheus.Registerer {
	return prometheus.WrapRegistererWith(prometheus.Labels{"service": service}, d.metrics)
}

func (d *deps) sourcesFile() string { return orPath(d.settings.Sources, d.home.path("sources.yaml")) }

func (d *deps) readersFile() string { return orPath(d.settings.Readers, d.home.path("readers.yaml")) }

func orPath(given, standard string) string {
	if given != "" {
		return given
	}
	return standard
}

// component is one service: `rcu up` starts all of them in their order, `rcu run NAME` one alone.
type component struct {
	name, help string
	port       int      // on which it listens beside the others; 0: on none
	groups     []string // consumer groups it reads with, for the doctor
	redis      redisUse // when it wants Redis
	build      func(ctx context.Context, d *deps) (lifecycle.Part, error)
}

// redisUse says when a service wants Redis. Kafka every one wants before it starts, and ClickHouse the sink alone, which waits for it.
type redisUse int

const (
	withoutRedis redisUse = iota
	redisLater            // it serves without, and uses Redis from when it is there
	redisFirst            // it waits for Redis
)

// components lists the services, in the order of their start.
func components() []component {
	list := ingestComponents()
	return append(list, resolverComponent(), matcherComponent(), sinkComponent(), profileAPIComponent(), contactsComponent(), stewardComponent(),
		consentAPIComponent(), privacyComponent())
}

// prepare makes what all services need and none owns: the topics and the tables. It may run twice, or at once in
// several processes.
func prepare(ctx context.Context, d *deps) error {
	if err := makeTopics(ctx, d); err != nil {
		return err
	}
	w, err := warehouse.Open(d.warehouse)
	if err != nil {
		return fmt.Errorf("opening clickhouse: %w", err)
	}
	defer func() { _ = w.Close() }()
	if err := w.Migrate(ctx); err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	return nil
}

func makeTopics(ctx context.Context, d *deps) error {
	if err := d.kafka.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for kafka: %w", err)
	}
	if err := d.kafka.EnsureTopics(ctx, stream.Topics(d.settings.Kafka.Partitions, d.settings.Kafka.Replication)); err != nil {
		return fmt.Errorf("making the topics: %w", err)
	}
	return nil
}

// connectRedis asks Redis once, and prepares it.
func connectRedis(ctx context.Context, d *deps) error {
	if err := d.redis.Connect(ctx); err != nil {
		return fmt.Errorf("opening redis: %w", err)
	}
	return nil
}

// redisConfig says how to reach Redis.
func redisConfig(r redisSettings) (stateredis.Config, error) {
	files, err := r.tls()
	return stateredis.Config{Addrs: r.Addrs, Cluster: r.Cluster, Username: r.Username, Password: r.Password.Reveal(), TLS: files}, err
}

func dayTime(day int64) time.Time { return time.Unix(day*86400, 0) }
