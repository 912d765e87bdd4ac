package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// child runs this program again as one of its own stages.
func (s *stack) child(stage string, args ...string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program's own file: %w", err)
	}
	p, err := start(s.dir, stage, stage, "", append([]string{exe}, args...), "RCU_BENCH_KEY="+s.readerKey)
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return err
}

// runCopy is the plain copy: it reads the event topics as the resolver does and publishes every event on rcu.resolved, nobody's.
func runCopy(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("copy wants the address of a broker")
	}
	cfg := stream.DefaultConfig()
	cfg.Brokers = args
	client, err := stream.Connect(cfg, stream.Deps{Log: zap.NewNop()})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer client.Close()
	out, err := client.NewProducer(stream.ProducerConfig{})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	consumer, err := client.NewConsumer(stream.ConsumerConfig{Group: "copy", Topics: stream.EventTopics()}, stream.HandlerFunc(
		func(ctx context.Context, b stream.Batch) error { return copyBatch(ctx, out, b) }))
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	err = consumer.Run(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, out.Close(closing))
}

func copyBatch(ctx context.Context, out *stream.Producer, b stream.Batch) error {
	records := make([]stream.Record, 0, len(b.Records))
	for _, r := range b.Records {
		e := new(eventpb.Event)
		if err := r.Decode(e); err != nil {
			return err //nolint:wrapcheck // says all
		}
		e.Personal, e.Claim = nil, nil
		copied, err := stream.Encode(stream.TopicResolved, r.Key, &eventpb.Resolved{Event: e, Version: uint64(r.Offset) + 1}, r.Time) //nolint:gosec // G115: not negative
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		records = append(records, copied)
	}
	return out.PublishAll(ctx, records) //nolint:wrapcheck // says all
}

// runRaw serves one raw Redis GET per request behind the handler chain of the profile API: the floor of a read.
func runRaw(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("raw wants the address of a redis and one to listen on")
	}
	client, err := stateredis.Open(ctx, stateredis.Config{Addrs: args[:1]})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer func() { _ = client.Close() }()
	cells := stateredis.NewCells(client)
	readers, err := auth.NewKeys([]auth.Entry[auth.Reader]{{Hash: auth.HashKey(os.Getenv("RCU_BENCH_KEY")), Principal: auth.Reader{Name: "bench"}}})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	router, err := httpserver.NewRouter("raw", prometheus.NewRegistry(), zap.NewNop())
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	router.Handle("GET /v1/raw/{key}", "raw", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := readers.Authenticate(r); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		values, err := cells.GetPlain(r.Context(), []string{r.PathValue("key")})
		if err != nil || values[0] == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		httpserver.WriteBody(w, http.StatusOK, values[0])
	}))
	cfg := httpserver.Default()
	cfg.Addr = args[1]
	server, err := httpserver.New(cfg, router, zap.NewNop())
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if err := server.Listen(ctx); err != nil {
		return err //nolint:wrapcheck // says all
	}
	return server.Run(ctx) //nolint:wrapcheck // says all
}
