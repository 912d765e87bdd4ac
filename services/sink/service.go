package sink

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/stream"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
)

// Deps are what the sink works with.
type Deps struct {
	Log     *zap.Logger
	Metrics prometheus.Registerer
	Stream  *stream.Client
	Output  *stream.Producer     // for dead letters
	Store   *warehouse.Warehouse // opened as warehouse.RoleInsert
	Now     func() time.Time     // nil: time.Now
}

func (d Deps) validate() error {
	if d.Log == nil || d.Metrics == nil || d.Stream == nil || d.Output == nil || d.Store == nil {
		return errors.New("sink needs a logger, metrics, a stream, an output and a store")
	}
	return nil
}

// Service is the sink.
type Service struct {
	cfg      Config
	deps     Deps
	metrics  *metrics
	zones    *zones
	gather   *gatherer
	ahead    *gatherer // of overrides: they wait for no rows of events
	owners   *reloader
	consumer *stream.Consumer
	migrated atomic.Bool
	missing  atomic.Pointer[error] // why the schema does not stand
	away     atomic.Bool
}

// New returns a sink. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := errors.Join(cfg.Validate(), d.validate()); err != nil {
		return nil, fmt.Errorf("checking the sink's configuration: %w", err)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &Service{cfg: cfg, deps: d, metrics: newMetrics(d.Metrics), zones: newZones()}
	s.gather = newGatherer(cfg.FlushRows, func() *tables { return newTables(s.zones, s.metrics) })
	s.ahead = newGatherer(cfg.FlushRows, func() *tables { return newTables(s.zones, s.metrics) })
	s.owners = newReloader(cfg.ReloadEvery, d.Store.ReloadOwners, s.metrics, d.Log)
	consumer, err := d.Stream.NewConsumer(stream.ConsumerConfig{
		Group: cfg.Group, Topics: topics(), BatchRecords: cfg.BatchRecords, BatchBytes: batchBytes,
		DeadLetter: stream.NewDeadLetters(d.Output, "sink").Put,
	}, stream.HandlerFunc(s.handle))
	if err != nil {
		return nil, fmt.Errorf("making the sink's consumer: %w", err)
	}
	s.consumer = consumer
	return s, nil
}

// Ready reports whether the schema stands and the sink takes part in its group.
func (s *Service) Ready() bool { return s.migrated.Load() && s.consumer.Ready() }

// Err tells why the schema does not stand yet; nil before the first try and once it stands.
func (s *Service) Err() error {
	if err := s.missing.Load(); err != nil {
		return fmt.Errorf("migrating clickhouse: %w", *err)
	}
	return nil
}

// Run migrates the schema and writes until ctx ends. What it took is written before it returns.
func (s *Service) Run(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var loops errgroup.Group
	loops.Go(func() error { s.gather.run(background, s.cfg.FlushEvery, s.flush); return nil })
	loops.Go(func() error { s.ahead.run(background, min(ownersEvery, s.cfg.FlushEvery), s.flush); return nil })
	loops.Go(func() error { s.owners.run(background); return nil })
	loops.Go(func() error { s.newSquasher().run(background); return nil })
	s.owners.changed() // what was inserted before the last stop may never have been loaded
	err := s.consumer.Run(ctx)
	stop()
	return errors.Join(err, loops.Wait())
}

// migrate tries until ClickHouse is there. A database that a newer program migrated, and a user whom ClickHouse refuses, are errors.
func (s *Service) migrate(ctx context.Context) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := s.deps.Store.Migrate(ctx)
		if err == nil {
			s.missing.Store(nil)
			s.migrated.Store(true)
			return nil
		}
		if warehouse.Refused(err) || errors.Is(err, warehouse.ErrSchemaAhead) {
			return fmt.Errorf("migrating clickhouse: %w", err)
		}
		s.missing.Store(&err)
		s.deps.Log.Warn("migrating clickhouse", zap.Error(err), zap.Duration("again_in", wait))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// handle takes a batch of one partition and returns when its rows can be read and the next may be fetched.
func (s *Service) handle(ctx context.Context, b stream.Batch) error {
	messages, bad := s.decode(b)
	var received []int64
	if b.Topic == stream.TopicResolved {
		for _, m := range messages {
			if r, ok := m.message.(*eventpb.Resolved); ok {
				received = append(received, r.Event.ReceivedAt)
			}
		}
	}
	g := s.gathererOf(b.Topic).add(len(messages), offsetsOf(b), received, b.Next() < b.HighWater, func(t *tables) {
		for _, m := range messages {
			if err := t.append(m.message); err != nil {
				bad.add(m.offset, err)
			}
		}
	})
	if faults.commitEarly {
		return bad.invalid()
	}
	select {
	case <-g.done:
	case <-ctx.Done():
		return fmt.Errorf("waiting for rows to be written: %w", ctx.Err())
	}
	if g.err != nil {
		return g.err
	}
	return bad.invalid()
}

// ownersEvery is the least time between two inserts of overrides. A withdrawal waits for them.
const ownersEvery = 500 * time.Millisecond

// gathererOf gives overrides a lane of their own.
func (s *Service) gathererOf(topic string) *gatherer {
	if topic == stream.TopicOwners && !faults.oneLane {
		return s.ahead
	}
	return s.gather
}

// offsetsOf names the offsets of a batch as tokens do. Another life of the topic has the same offsets with other records, so the log id
// stands before them.
func offsetsOf(b stream.Batch) string {
	life := b.LogID
	if faults.withoutLogID {
		life = stream.LogID{}
	}
	return fmt.Sprintf("%s/%s/%d/%d-%d", life, b.Topic, b.Partition, b.First(), b.Next()-1)
}

// flush inserts a group, table after table. Whatever stops it is tried again with the batches it came from.
func (s *Service) flush(ctx context.Context, g *group) error {
	for _, b := range g.rows.blocks() {
		if b.Rows() == 0 {
			continue
		}
		if err := s.insert(context.WithoutCancel(ctx), b, s.cfg.TokenPrefix+g.token(b.Table())); err != nil {
			s.metrics.failures.WithLabelValues(b.Table()).Inc()
			if !s.away.Swap(true) {
				s.deps.Log.Warn("clickhouse takes no rows", zap.String("table", b.Table()), zap.Error(err))
			}
			return err
		}
	}
	if s.away.Swap(false) {
		s.deps.Log.Info("clickhouse takes rows again")
	}
	now := s.deps.Now().UnixMicro()
	for _, at := range g.received {
		s.metrics.freshness.Observe(float64(now-at) / 1e6)
	}
	if g.rows.owners.Rows() > 0 {
		s.owners.changed()
	}
	return nil
}

func (s *Service) insert(ctx context.Context, b warehouse.Block, token string) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.InsertTimeout)
	defer cancel()
	start := s.deps.Now()
	if err := s.deps.Store.Insert(ctx, b, token); err != nil {
		return err //nolint:wrapcheck // names rows and table
	}
	s.metrics.insert.WithLabelValues(b.Table()).Observe(s.deps.Now().Sub(start).Seconds())
	s.metrics.batchRows.WithLabelValues(b.Table()).Observe(float64(b.Rows()))
	return nil
}
