package matcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
)

// Deps are what the matcher works with.
type Deps struct {
	Log     *zap.Logger
	Metrics prometheus.Registerer
	Stream  *stream.Client
	Output  *stream.Producer // for dead letters
	Graph   *resolve.Graph
	Cells   resolve.Cells
	Index   match.Index
	Servers Servers // that the index lies on; nil: one that loses nothing
	Keyring *vault.Keyring
	Model   *match.Model                                 // what tells one person's records from two people's; nil: what is known beforehand
	Now     func() time.Time                             // nil: time.Now
	Matches func(context.Context, []stream.Record) error // publishes to rcu.matches; nil: by a producer of its own
}

func (d *Deps) validate() error {
	if d.Log == nil || d.Metrics == nil || d.Stream == nil || d.Output == nil || d.Graph == nil || d.Cells == nil || d.Index == nil || d.Keyring == nil {
		return errors.New("matcher needs a logger, metrics, a stream, an output, a graph, cells, an index and a keyring")
	}
	if d.Model == nil {
		d.Model = match.Untaught()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return nil
}

// Service is the matcher.
type Service struct {
	cfg        Config
	deps       Deps
	scorer     *match.Scorer
	metrics    *metrics
	consumer   *stream.Consumer
	again      *stream.Consumer
	reached    reached
	lately     *lately
	turns      *turns
	doubts     *doubts
	ahead      ahead
	precedence *precedence
	over       overlays
	pace       *rate.Limiter
	matches    *stream.Producer // nil: Deps.Matches was given
}

// matchesLinger is how long matches wait for company: a suggestion waits for them.
const matchesLinger = time.Millisecond

// New returns a matcher. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := errors.Join(cfg.Validate(), d.validate()); err != nil {
		return nil, fmt.Errorf("checking the matcher's configuration: %w", err)
	}
	s := &Service{cfg: cfg, deps: d, scorer: match.NewScorer(d.Model), reached: reached{next: map[int]int64{}}, lately: newLately(), turns: newTurns(), precedence: newPrecedence(), doubts: newDoubts(), over: overlaysOf(d.Graph, d.Cells), pace: rate.NewLimiter(rate.Limit(cfg.Rate), 2*batchRecords)}
	s.ahead = ahead{follow: d.Stream.Follow, slots: make(chan struct{}, workers)}
	var err error
	if s.metrics, err = newMetrics(d.Metrics); err != nil {
		return nil, err
	}
	if d.Matches == nil {
		if s.matches, err = d.Stream.NewProducer(stream.ProducerConfig{Linger: matchesLinger}); err != nil {
			return nil, fmt.Errorf("making the matcher's producer: %w", err)
		}
		s.deps.Matches = s.matches.PublishAll
	}
	s.consumer, err = d.Stream.NewConsumer(stream.ConsumerConfig{
		Group: cfg.Group, Topics: []string{stream.TopicLeaves}, BatchRecords: batchRecords, BatchWait: batchWait,
		DeadLetter: stream.NewDeadLetters(d.Output, "matcher").Put,
	}, s)
	if err != nil {
		return nil, fmt.Errorf("making the matcher's consumer: %w", err)
	}
	s.again, err = d.Stream.NewConsumer(stream.ConsumerConfig{
		Group: cfg.Again, Topics: []string{stream.TopicRegisters, stream.TopicIdentity}, BatchRecords: batchRecords, BatchWait: batchWait,
		DeadLetter: stream.NewDeadLetters(d.Output, "matcher").Put,
	}, again{s})
	if err != nil {
		return nil, fmt.Errorf("making the matcher's consumer of changes: %w", err)
	}
	return s, nil
}

// Ready reports whether the matcher takes part in its groups.
func (s *Service) Ready() bool { return s.consumer.Ready() && s.again.Ready() }

// Run follows the leaves, overlays and people who part, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.consumer.Run(ctx) })
	group.Go(func() error { return s.again.Run(ctx) })
	return errors.Join(group.Wait(), s.closeMatches(ctx))
}

// closeMatches ends the producer of matches: whoever published has waited for it.
func (s *Service) closeMatches(ctx context.Context) error {
	if s.matches == nil {
		return nil
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.matches.Close(closing) //nolint:wrapcheck // says all
}
