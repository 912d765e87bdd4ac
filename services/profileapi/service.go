package profileapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
	"rcu/pkg/resolve"
	"rcu/pkg/telemetry"
	"rcu/pkg/vault"
	"rcu/services/internal/audit"
	"rcu/services/internal/explain"
)

// Publisher writes records durably; *stream.Producer is one.
type Publisher = audit.Publisher

// Deps are what the profile API works with.
type Deps struct {
	Log      *zap.Logger
	Metrics  prometheus.Registerer
	Gatherer prometheus.Gatherer
	Readers  *auth.Keys[auth.Reader]
	Graph    *resolve.Graph
	Cells    resolve.Cells
	Keyring  *vault.Keyring
	Audit    Publisher
	Ready    func(context.Context) error // of what it reads; nil: always
	// Whole fails where what it reads may lack what people decided; nil: it never does. What is read under the context that it returns is whole, or fails.
	Whole func(context.Context) (context.Context, error)
	Now   func() time.Time // nil: time.Now
	// Controller tells whose a source is; empty for one that is not known. nil: explanations name no source.
	Controller func(source string) string
	// History tells what happened to records. nil: explanations say that it is not known.
	History explain.History
	// Weigher weighs what a probable match links. nil: explanations tell how probable it is alone.
	Weigher explain.Weigher
}

// Service is the profile API.
type Service struct {
	cfg    Config
	deps   Deps
	reader *resolve.Reader
	trail  *audit.Trail
	gate   *telemetry.GateRefusals
	router *httpserver.Router
	server *httpserver.Server
}

// New returns a profile API. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the profile API's configuration: %w", err)
	}
	if err := d.complete(); err != nil {
		return nil, err
	}
	trail, err := audit.New("profileapi", cfg.AuditQueue, d.Audit, d.Metrics, d.Log)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	gate, err := telemetry.NewGateRefusals(d.Metrics, telemetry.GateUse)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	s := &Service{cfg: cfg, deps: d, reader: resolve.NewReader(d.Graph, d.Cells), trail: trail, gate: gate}
	router, err := httpserver.NewRouter("profileapi", d.Metrics, d.Log)
	if err != nil {
		return nil, err
	}
	s.router = router
	s.routes()
	if s.server, err = httpserver.New(cfg.HTTP, router, d.Log); err != nil {
		return nil, err
	}
	return s, nil
}

// complete puts in what may be left out, and reports what may not.
func (d *Deps) complete() error {
	if d.Log == nil || d.Metrics == nil || d.Gatherer == nil || d.Readers == nil || d.Graph == nil || d.Cells == nil || d.Keyring == nil || d.Audit == nil {
		return errors.New("profile API needs a logger, metrics, readers, a graph, cells, a keyring and an audit")
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

func (s *Service) routes() {
	handle := func(pattern, route string, h func(http.ResponseWriter, *http.Request, request)) {
		s.router.Handle(pattern, route, s.authenticated(route, h))
	}
	handle("POST /v1/profiles/lookup", "lookup", s.lookup)
	handle("GET /v1/profiles/{rcu_id}", "read", s.read)
	handle("GET /v1/profiles/{rcu_id}/timeline", "timeline", s.timeline)
	handle("GET /v1/profiles/{rcu_id}/identifiers", "identifiers", s.identifiers)
	handle("GET /v1/profiles/{rcu_id}/explain", "explain", s.explain)
	handle("GET /v1/profiles/{rcu_id}/why-not/{other}", "why_not", s.whyNot)
	operate := telemetry.Handler(s.deps.Gatherer, func(ctx context.Context) error {
		return errors.Join(s.server.Ready(), s.deps.Ready(ctx))
	})
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		s.router.Bare("GET "+path, operate)
	}
}

// Handler serves without a listener, for tests and benchmarks.
func (s *Service) Handler() http.Handler { return s.router }

// Listen opens the port, so that Addr is known before Run.
func (s *Service) Listen(ctx context.Context) error { return s.server.Listen(ctx) }

// Addr is the address it listens on.
func (s *Service) Addr() string { return s.server.Addr() }

// Ready reports whether requests are served.
func (s *Service) Ready() bool { return s.server.Ready() == nil }

// Leave says "not ready" on its own port, while requests are served until Run is asked to end.
func (s *Service) Leave() { s.server.Leave() }

// Run serves until ctx ends. Reads answered are written down before it returns.
func (s *Service) Run(ctx context.Context) error {
	var group errgroup.Group
	auditing, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { s.trail.Run(auditing); return nil })
	err := s.server.Run(ctx)
	stop()
	return errors.Join(err, group.Wait())
}
