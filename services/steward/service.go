package steward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/vault"
	"rcu/services/internal/audit"
	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

// Topics is what the service reads of Kafka; a *stream.Client.
type Topics interface {
	Partitions(ctx context.Context, topic string) (int, error)
	Follow(ctx context.Context, topic string, partition int, from int64, fn func(stream.Record) error, caughtUp func()) error
}

// Deps are what the service works with.
type Deps struct {
	Log      *zap.Logger
	Metrics  prometheus.Registerer
	Gatherer prometheus.Gatherer
	Readers  *auth.Keys[auth.Reader]
	Graph    *resolve.Graph
	Cells    resolve.Cells
	Keyring  *vault.Keyring
	Topics   Topics
	Sources  []review.Source             // of what there is to review, beside the graph
	Output   audit.Publisher             // of acts, of the keys of reasons, and of the audit
	Ready    func(context.Context) error // of what it reads; nil: always
	// Whole fails where what it reads may lack what people decided; nil: it never does. What is read under the context that it returns is whole, or fails.
	Whole func(context.Context) (context.Context, error)
	// Controller tells whose a source is; empty for one that is not known. nil: pages name no source.
	Controller func(source string) string
	Weigher    explain.Weigher  // of what a probable match links; nil: pages tell how probable it is alone
	History    explain.History  // of what happened to records; nil: pages do not tell it
	Now        func() time.Time // nil: time.Now
}

func (d *Deps) validate() error {
	for _, missing := range []bool{
		d.Log == nil, d.Metrics == nil, d.Gatherer == nil, d.Readers == nil, d.Graph == nil, d.Cells == nil, d.Keyring == nil, d.Topics == nil, d.Output == nil,
	} {
		if missing {
			return errors.New("steward needs a logger, metrics, readers, a graph, cells, a keyring, topics and an output")
		}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Ready == nil {
		d.Ready = func(context.Context) error { return nil }
	}
	if d.Whole == nil {
		d.Whole = func(ctx context.Context) (context.Context, error) { return ctx, nil }
	}
	return nil
}

// Service is the steward's service.
type Service struct {
	cfg     Config
	deps    Deps
	trail   *audit.Trail
	book    *book
	sources []review.Source
	router  *httpserver.Router
	server  *httpserver.Server

	keyPartitions int // of rcu.keys
	desk          desk
}

// New returns a service. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := errors.Join(cfg.Validate(), d.validate()); err != nil {
		return nil, fmt.Errorf("checking the steward's configuration: %w", err)
	}
	trail, err := audit.New("steward", cfg.AuditQueue, d.Output, d.Metrics, d.Log)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, deps: d, trail: trail, book: newBook(cfg.MaxHistory)}
	s.sources = append(review.OfGraph(d.Graph, d.Now), d.Sources...)
	if s.desk, err = newDesk(cfg, d); err != nil {
		return nil, err
	}
	if s.router, err = httpserver.NewRouter("steward", d.Metrics, d.Log); err != nil {
		return nil, err
	}
	s.routes()
	s.servePages()
	if s.server, err = httpserver.New(cfg.HTTP, s.router, d.Log); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Service) routes() {
	handle := func(pattern, route string, h handler) { s.router.Handle(pattern, route, s.authenticated(route, h)) }
	handle("POST /v1/acts/preview", "preview", s.preview)
	handle("POST /v1/acts", "act", s.act)
	handle("POST /v1/acts/{id}/undo", "undo", s.undo)
	handle("GET /v1/acts", "acts", s.history)
	handle("GET /v1/review", "review", s.review)
	operate := telemetry.Handler(s.deps.Gatherer, func(ctx context.Context) error {
		return errors.Join(s.server.Ready(), s.book.ready(), s.deps.Ready(ctx))
	})
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		s.router.Bare("GET "+path, operate)
	}
}

// Listen opens the port, so that Addr is known before Run.
func (s *Service) Listen(ctx context.Context) error { return s.server.Listen(ctx) }

// Addr is the address it listens on.
func (s *Service) Addr() string { return s.server.Addr() }

// Ready says why requests are not served yet; nil when they are.
func (s *Service) Ready() error { return errors.Join(s.server.Ready(), s.book.ready()) }

// Leave says "not ready" on its own port, while requests are served until Run is asked to end.
func (s *Service) Leave() { s.server.Leave() }

// Run serves until ctx ends. What was answered is written down before it returns.
func (s *Service) Run(ctx context.Context) error {
	var err error
	if s.keyPartitions, err = s.deps.Topics.Partitions(ctx, stream.TopicKeys); err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicKeys, err)
	}
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	group, following := errgroup.WithContext(serving)
	group.Go(func() error { return s.follow(following) })
	context.AfterFunc(following, cancel) // a service that cannot follow rcu.acts ends
	var writing errgroup.Group
	auditing, stop := context.WithCancel(context.WithoutCancel(ctx))
	writing.Go(func() error { s.trail.Run(auditing); return nil })
	err = s.server.Run(serving)
	cancel()
	err = errors.Join(err, group.Wait())
	stop()
	return errors.Join(err, writing.Wait())
}
