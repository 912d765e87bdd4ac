package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
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
	warehouse warehouse.Config
	// addresses is where the services listen, by name, for the one who started them; a Build adds its own.
	addresses map[string]string
}

// component is one service: `rcu up` starts all of them in their order, `rcu run NAME` one alone.
type component struct {
	name, help string
	port       int      // on which it listens beside the others; 0: on none
	groups     []string // consumer groups it reads with, for the doctor
	build      func(ctx context.Context, d *deps) (lifecycle.Part, error)
}

// components lists the services, in the order of their start.
func components() []component {
	return []component{}
}

// prepare makes what all services need and none owns: the topics and the tables. It may run twice, or at once in
// several processes.
func prepare(ctx context.Context, d *deps) error {
	if err := d.kafka.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for kafka: %w", err)
	}
	if err := d.kafka.EnsureTopics(ctx, stream.Topics(d.settings.Kafka.Partitions, d.settings.Kafka.Replication)); err != nil {
		return fmt.Errorf("making the topics: %w", err)
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
