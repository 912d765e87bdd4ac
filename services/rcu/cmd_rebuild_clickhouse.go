package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"rcu/pkg/config"
	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/warehouse"
	"rcu/services/internal/boot"
	"rcu/services/internal/rebuild"
	"rcu/services/sink"
)

type rebuildClickHouseCmd struct {
	configFlags
	Drop      bool `name:"drop" help:"Drop the tables first. Rows that Kafka no longer has would be lost, so it is refused where there are any."`
	LoseOlder bool `name:"lose-older" help:"With --drop: drop them although rows are lost."`
}

// Help gives the example.
func (rebuildClickHouseCmd) Help() string {
	return "Kafka keeps events for 7 days, changes of identity for 28, profiles, owners and consents for good: that much comes back. Rows that stand already are written over with the same " +
		"keys, so nothing counts twice. Needs that no sink runs. Cut short, it goes on at the next call.\n\nExample:\n\n  rcu rebuild clickhouse --data ./data"
}

// rebuildNote lies in the data folder while a rebuild of ClickHouse is under way.
const rebuildNote = "rebuild.clickhouse"

// Run rebuilds.
func (c rebuildClickHouseCmd) Run(ctx context.Context, a *app) error {
	if c.LoseOlder && !c.Drop {
		return &boot.UsageError{Err: errors.New("--lose-older needs --drop")}
	}
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	closeServers, err := openKafkaAndClickHouse(ctx, a, s)
	defer closeServers()
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(a.world.Stderr, "error")
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	metrics := telemetry.NewRegistry(version)
	client, err := stream.Connect(s.Kafka, stream.Deps{Log: log, Metrics: metrics})
	if err != nil {
		return fmt.Errorf("opening kafka: %w", err)
	}
	defer client.Close()
	cfg, err := warehouse.ParseURL(s.ClickHouse.URL.Reveal())
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	store, err := warehouse.Open(cfg)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer func() { _ = store.Close() }()
	output, err := client.NewProducer(stream.ProducerConfig{})
	if err != nil {
		return fmt.Errorf("making a producer: %w", err)
	}
	defer func() { _ = output.Close(context.WithoutCancel(ctx)) }()
	settings := sink.Default()
	settings.TokenPrefix = fmt.Sprintf("rebuild/%d/", time.Now().UnixMicro())
	writer, err := sink.New(settings, sink.Deps{Log: log, Metrics: metrics, Stream: client, Output: output, Store: store})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	return c.rebuild(ctx, a, client, store, writer.Run)
}

func (c rebuildClickHouseCmd) rebuild(ctx context.Context, a *app, client *stream.Client, store *warehouse.Warehouse, run func(context.Context) error) error {
	note := home{a.data}.path(rebuildNote)
	earlier, err := cutShort(note)
	if err != nil {
		return err
	}
	m := newSteps(a)
	report, err := rebuild.ClickHouse(ctx, rebuild.SinkConfig{
		Drop: c.Drop, LoseOlder: c.LoseOlder, Earlier: earlier, Progress: m.set,
		Begun: func(n rebuild.SinkNote) error { return noteRebuild(note, n) },
	}, client, store, run)
	m.done()
	if err != nil {
		return fmt.Errorf("rebuilding clickhouse: %w", err)
	}
	if err := os.Remove(note); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the note of the rebuild: %w", err)
	}
	return a.answer(report, func(w io.Writer) {
		how := "rebuilt"
		if report.Resumed {
			how = "rebuilt (went on where it was cut short)"
		}
		_, _ = fmt.Fprintf(w, "clickhouse is %s: %d records in %.1f s\n", how, report.Records, report.Seconds)
		if report.Older > 0 && report.Dropped {
			_, _ = fmt.Fprintf(w, "  %d events from before %s are lost: Kafka no longer had them\n", report.Older, report.Oldest.Format(time.DateTime))
		} else if report.Older > 0 {
			_, _ = fmt.Fprintf(w, "  %d events from before %s stay as they were: Kafka no longer has them\n", report.Older, report.Oldest.Format(time.DateTime))
		}
	})
}

// cutShort reads what a rebuild left that was cut short; nil when there was none. A note that cannot be read says nothing to go on from.
func cutShort(path string) (*rebuild.SinkNote, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // a fixed name in our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the note of an earlier rebuild: %w", err)
	}
	n := new(rebuild.SinkNote)
	if json.Unmarshal(raw, n) != nil {
		return nil, nil //nolint:nilerr // it begins anew
	}
	return n, nil
}

// noteRebuild notes in the data folder, where there is one, that a rebuild is under way.
func noteRebuild(path string, n rebuild.SinkNote) error {
	raw, err := json.Marshal(n)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("noting that a rebuild is under way: %w", err)
	}
	return nil
}

// openKafkaAndClickHouse takes the servers that are given, those of a running installation, or starts those of the data folder.
func openKafkaAndClickHouse(ctx context.Context, a *app, s *settings) (closeAll func(), err error) {
	h := home{a.data}
	nothing := func() {}
	switch {
	case len(s.Kafka.Brokers) > 0 && s.ClickHouse.URL != "":
		return nothing, nil
	case len(s.Kafka.Brokers) > 0 || s.ClickHouse.URL != "":
		return nothing, &boot.UsageError{Err: errors.New("give both --kafka and --clickhouse, or neither for those of the data folder")}
	case h.inUse():
		return nothing, h.fill(s, embedded.UserAdmin)
	}
	release, err := h.take()
	if err != nil {
		return nothing, err
	}
	sv := &servers{}
	closeAll = func() { sv.stop(context.WithoutCancel(ctx)); release() }
	a.say("starting kafka (embedded broker)")
	k, err := embedded.StartKafka(ctx, embedded.KafkaConfig{Dir: h.path("kafka"), Port: s.Embedded.KafkaPort, Partitions: s.Kafka.Partitions})
	if err != nil {
		return closeAll, fmt.Errorf("starting kafka: %w", err)
	}
	sv.list = append(sv.list, k)
	s.Kafka.Brokers = []string{k.Addr()}
	ch, err := startClickHouse(ctx, a, h, s.Embedded)
	if err != nil {
		return closeAll, err
	}
	sv.list = append(sv.list, ch.Server)
	s.ClickHouse.URL = config.Secret(ch.DSN(embedded.UserAdmin, ""))
	return closeAll, nil
}
