package resolver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/services/internal/dailykeys"
)

// Deps are what the resolver works with.
type Deps struct {
	Log     *zap.Logger
	Metrics prometheus.Registerer
	Stream  *stream.Client
	Output  *stream.Producer
	Graph   *resolve.Graph
	Cells   resolve.Cells
	Markers resolve.Markers // nil: the state loses nothing
	Keyring *vault.Keyring
	Now     func() time.Time // nil: time.Now
}

func (d Deps) validate() error {
	if d.Log == nil || d.Metrics == nil || d.Stream == nil || d.Output == nil || d.Graph == nil || d.Cells == nil || d.Keyring == nil {
		return errors.New("resolver needs a logger, metrics, a stream, an output, a graph, cells and a keyring")
	}
	return nil
}

// output is where records go; a *stream.Producer.
type output interface {
	PublishAll(ctx context.Context, records []stream.Record) error
}

// Service is the resolver.
type Service struct {
	cfg      Config
	deps     Deps
	metrics  *metrics
	consumer *stream.Consumer
	pending  *pending
	keys     *dailykeys.Follower
	subjects *subjects
	writer   *stateWriter
	listed   *listed
	reader   *resolve.Reader
	keeper   *keeper
	// downstream is how the stages behind stand, for the history lane.
	downstream downstream

	out           output
	promptOut     output // for what goes out before its turn: its records do not wait for company
	closePrompt   func(context.Context) error
	told          toldRecords // nil: nothing is compared
	flushing      sync.Mutex
	timetable     timetable  // of what is published in turn
	sealers       sync.Mutex // held while keys of subjects are on their way to their changelog
	runs          runs
	express       *express
	turns         chan struct{} // of batches of events
	company       *company      // nil: each batch is resolved alone
	overriding    sync.Mutex    // held while owners are published: see publishOwnersOf
	owing         owing
	keyPartitions int // of rcu.keys
	// behind is how many live events wait to be resolved.
	behind func() int64
}

// New returns a resolver. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := errors.Join(cfg.Validate(), d.validate()); err != nil {
		return nil, fmt.Errorf("checking the resolver's configuration: %w", err)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	s := assemble(cfg, d, d.Output)
	consumer, err := d.Stream.NewConsumer(stream.ConsumerConfig{
		Group: cfg.Group, Topics: topics(), BatchRecords: cfg.BatchRecords, HoldBack: cfg.HoldBack,
		Gate:       s.through,
		Background: s.lanes(),
		DeadLetter: stream.NewDeadLetters(d.Output, "resolver").Put,
	}, handler{s})
	if err != nil {
		return nil, err
	}
	s.consumer, s.keeper.seek, s.behind = consumer, consumer, consumer.Behind
	if err := s.openPrompt(); err != nil {
		return nil, err
	}
	s.told = toldOn(d.Stream)
	s.company = &company{run: s.resolveParts, most: atOnce, records: cfg.BatchRecords}
	return s, nil
}

// assemble builds everything but the consumer.
func assemble(cfg Config, d Deps, out output) *Service {
	s := &Service{cfg: cfg, deps: d, out: out, promptOut: out, metrics: newMetrics(d.Metrics), reader: resolve.NewReader(d.Graph, d.Cells), listed: newListed(), express: newExpress(), timetable: timetable{every: cfg.PublishEvery}, turns: make(chan struct{}, cfg.Batches)}
	s.pending = newPending(cfg.MaxPending, d.Now, s.metrics.pending)
	s.behind = func() int64 { return 0 }
	s.keys = dailykeys.New(d.Stream, vault.NewDaily(d.Keyring, nil), d.Log)
	s.subjects = newSubjects(d, s.pending, cfg.KeysReady)
	s.writer = &stateWriter{cells: d.Cells, metrics: s.metrics}
	s.keeper = &keeper{marks: d.Markers, group: cfg.Group, log: d.Log, forget: s.forget, worked: s.worked}
	return s
}

// through is the time up to which offsets may be committed: everything that the batches before it made is on its changelogs.
func (s *Service) through() time.Time {
	if faults.commitEarly {
		return s.deps.Now()
	}
	pending, outboxes := s.pending.through(), s.owing.through()
	if outboxes.Before(pending) && !faults.outboxBehind {
		return outboxes
	}
	return pending
}

// handler is the resolver as its consumer sees it.
type handler struct{ s *Service }

var _ stream.Assignable = handler{}

// Batch implements stream.Handler.
func (h handler) Batch(ctx context.Context, b stream.Batch) error { return h.s.resolve(ctx, b) }

// Assigned implements stream.Assignable.
func (h handler) Assigned(ctx context.Context, parts []stream.Assignment) error {
	return h.s.keeper.assigned(ctx, parts)
}

// Revoked implements stream.Assignable.
func (h handler) Revoked([]stream.Assignment) { h.s.keeper.revoked() }

// forget drops everything that mirrors Redis.
func (s *Service) forget() {
	s.listed.forget()
	s.subjects.forget()
	s.deps.Graph.Forget()
}

// worked reports whether the group has read or published anything.
func (s *Service) worked(ctx context.Context) (bool, error) {
	return Worked(ctx, s.deps.Stream, s.cfg.Group)
}

// Ready reports whether the resolver takes part in its group.
func (s *Service) Ready() bool { return s.consumer.Ready() && s.keeper.err() == nil }

// Err says why the resolver stopped by itself; nil while it did not.
func (s *Service) Err() error { return s.keeper.err() }

// Run resolves until ctx ends. What was resolved is published before it returns.
func (s *Service) Run(ctx context.Context) error {
	var err error
	if s.keyPartitions, err = s.deps.Stream.Partitions(ctx, stream.TopicKeys); err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicKeys, err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, background := errgroup.WithContext(background)
	group.Go(func() error { return untilStopped(background, s.keys.Run(background)) })
	group.Go(func() error { return untilStopped(background, s.publishPending(background)) })
	group.Go(func() error { return untilStopped(background, s.publishPromptly(background)) })
	group.Go(func() error { return untilStopped(background, s.publishExpress(background)) })
	group.Go(func() error { return untilStopped(background, s.watchDownstream(background)) })
	group.Go(func() error { return untilStopped(background, s.keeper.watch(background)) })
	for _, space := range s.cfg.Spaces {
		group.Go(func() error { return untilStopped(background, s.lookAfter(background, space)) })
	}
	consuming, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(background, cancel) // a background loop that failed ends the consumer
	s.keeper.onFailure(cancel)
	err = errors.Join(s.consumer.Run(consuming), s.keeper.err())
	flush, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	err = errors.Join(err, s.flush(flush))
	stop()
	return errors.Join(err, group.Wait(), s.closePrompt(flush))
}

// untilStopped drops the error of a loop that was asked to end.
func untilStopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
