package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// Files has the servers of a state write their files anew: what was deleted is in them until then (*stateredis.Client).
type Files interface {
	// RewriteFiles begins to write every file anew; begun is false where an earlier rewrite is under way, which may have what was deleted.
	RewriteFiles(ctx context.Context) (begun bool, err error)
	// Rewriting reports whether a rewrite is under way. It is an error that the last one failed.
	Rewriting(ctx context.Context) (bool, error)
}

// Deps are what the privacy worker works with.
type Deps struct {
	Log     *zap.Logger
	Metrics prometheus.Registerer
	Stream  *stream.Client
	Output  Publisher
	People  People
	Cells   resolve.Cells
	Keyring *vault.Keyring
	Files   Files // nil: the state has none
	Ledger  *Ledger
	Removal *Removal         // nil: keys are destroyed, and bytes stay
	Now     func() time.Time // nil: time.Now
}

func (d *Deps) validate() error {
	if d.Log == nil || d.Metrics == nil || d.Stream == nil || d.Output == nil || d.People == nil || d.Cells == nil || d.Keyring == nil || d.Ledger == nil {
		return errors.New("privacy needs a logger, metrics, a stream, an output, people, cells, a keyring and a ledger")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return nil
}

// Service is the privacy worker.
type Service struct {
	cfg      Config
	deps     Deps
	metrics  *metrics
	keys     *keys
	consumer *stream.Consumer

	rechecked time.Time
}

// New returns a privacy worker. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := errors.Join(cfg.Validate(), d.validate()); err != nil {
		return nil, fmt.Errorf("checking the configuration of privacy: %w", err)
	}
	s := &Service{cfg: cfg, deps: d, metrics: newMetrics(d.Metrics), keys: &keys{cells: d.Cells, out: d.Output, now: d.Now}}
	var err error
	s.consumer, err = d.Stream.NewConsumer(stream.ConsumerConfig{Group: cfg.Group, Topics: []string{stream.TopicConsents}}, stream.HandlerFunc(s.hear))
	if err != nil {
		return nil, fmt.Errorf("making the consumer of privacy: %w", err)
	}
	return s, nil
}

// Ready reports whether the worker takes part in its group.
func (s *Service) Ready() bool { return s.consumer.Ready() }

// Run follows the decisions and destroys what is due, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var err error
	if s.keys.partitions, err = s.deps.Stream.Partitions(ctx, stream.TopicKeys); err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicKeys, err)
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.consumer.Run(ctx) })
	group.Go(func() error { return s.rounds(ctx) })
	return group.Wait() //nolint:wrapcheck // says all
}

// begin makes the ledger whole where it is new, and lays it again.
func (s *Service) begin(ctx context.Context) error {
	if !s.deps.Ledger.Whole() {
		if err := s.readAll(ctx); err != nil {
			return err
		}
	}
	laid, err := LayAgain(ctx, s.deps.Ledger.All(), AgainDeps{
		Stream: s.deps.Stream, Output: s.deps.Output, Cells: s.deps.Cells, Keyring: s.deps.Keyring, Now: s.deps.Now,
	})
	if err != nil {
		return fmt.Errorf("laying the erasure ledger again: %w", err)
	}
	if laid != (Laid{}) {
		s.deps.Log.Warn("the state did not hold what was erased: it does now", zap.Int("overlays", laid.Overlays), zap.Int("keys", laid.Keys))
	}
	s.count()
	return nil
}

// readAll hears everything that rcu.consents holds: erasures of before the ledger was begun, or was lost.
func (s *Service) readAll(ctx context.Context) error {
	n, err := s.deps.Stream.Partitions(ctx, stream.TopicConsents)
	if err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicConsents, err)
	}
	for p := range n {
		err := s.deps.Stream.ReadFrom(ctx, stream.TopicConsents, p, 0, func(r stream.Record) error {
			_, err := s.take([]stream.Record{r})
			return err
		})
		if err != nil {
			return fmt.Errorf("reading the erasures of before: %w", err)
		}
	}
	return s.deps.Ledger.SetWhole()
}

// hear takes in a batch of decisions. Its offset is committed behind the ledger.
func (s *Service) hear(_ context.Context, b stream.Batch) error {
	heard, err := s.take(b.Records)
	if heard > 0 {
		s.count()
	}
	return err
}

// take takes in what records say of erasures, and returns of how many identifiers that was something new.
func (s *Service) take(records []stream.Record) (int, error) {
	var ds []*eventpb.Decision
	for _, r := range records {
		var m eventpb.Decision
		if err := r.Decode(&m); err != nil {
			s.deps.Log.Error("a decision cannot be read", zap.Int("partition", r.Partition), zap.Int64("offset", r.Offset), zap.Error(err))
			continue
		}
		if erases(&m) {
			ds = append(ds, &m)
		}
	}
	if len(ds) == 0 {
		return 0, nil
	}
	return s.deps.Ledger.Hear(ds)
}

// rounds destroys what is due at once and every so often. What goes wrong is logged, counted and tried again.
func (s *Service) rounds(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		switch n, err := s.Round(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.metrics.failed.Inc()
			s.deps.Log.Error("keys of erased people that are due are not destroyed yet", zap.Error(err))
		case n > 0:
			s.deps.Log.Info("keys of erased people are destroyed: what they sealed cannot be opened any more", zap.Int("keys", n))
		}
		switch n, err := s.RemovalRound(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.metrics.failed.Inc()
			s.deps.Log.Error("what is kept of erased people and is due is not removed yet", zap.Error(err))
		case n > 0:
			s.metrics.removed.Add(float64(n))
			s.deps.Log.Info("nothing of erased people is in any store any more but what has to stay", zap.Int("identifiers", n))
		}
		s.count()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// count tells how far erasures are.
func (s *Service) count() {
	counted := s.deps.Ledger.Count(s.deps.Now())
	for _, state := range States() {
		s.metrics.erasures.WithLabelValues(string(state)).Set(float64(counted[state]))
	}
	removed := s.deps.Ledger.CountBytes(s.deps.Now())
	for _, state := range BytesStates() {
		s.metrics.bytes.WithLabelValues(string(state)).Set(float64(removed[state]))
	}
}

// due lists the erasures whose delay is over.
func (s *Service) due() []Entry {
	now := s.deps.Now()
	return slices.DeleteFunc(s.deps.Ledger.All(), func(e Entry) bool {
		state := e.State(now)
		return state == Destroyed || state == Ended || now.Unix() < e.ReceivedAt+int64(s.cfg.Delay/time.Second)
	})
}
