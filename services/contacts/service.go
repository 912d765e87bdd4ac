package contacts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/auth"
	"rcu/pkg/contact"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
)

// Registers is where consent registers lie (resolve.Cells).
type Registers interface {
	LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error)
}

// People says who a contact point belongs to (*resolve.Graph).
type People interface {
	View(ctx context.Context, space string, keys []identifier.Key, now int64) (*resolve.View, error)
}

// Acts says when people last did something themselves (*resolve.Reader).
type Acts interface {
	LastAct(ctx context.Context, space, controller string, point identifier.Key, now int64) (int64, error)
}

// Pseudonyms makes keys of values (*vault.Keyring).
type Pseudonyms interface {
	Pseudonym(space string, ns identifier.Namespace, value string) identifier.Pseudonym
}

// Publisher writes records durably; *stream.Producer is one.
type Publisher interface {
	Publish(ctx context.Context, records []stream.Record) error
}

// Deps are what the service works with.
type Deps struct {
	Log        *zap.Logger
	Metrics    prometheus.Registerer
	Gatherer   prometheus.Gatherer
	Readers    *auth.Keys[auth.Reader]
	People     People
	Acts       Acts
	Registers  Registers
	Contacts   contact.Store
	Kafka      Publisher // of steps, and of contacts that were made
	Pseudonyms Pseudonyms
	Ready      func(context.Context) error // of what it reads; nil: always
	// Whole fails where what it reads may lack what people decided; nil: it never does. What is read under the context that it returns is whole, or fails.
	Whole func(context.Context) (context.Context, error)
	// Recall counts again what the store of contacts may have lost; nil: it loses nothing.
	Recall *Recall
	Now    func() time.Time // nil: time.Now
}

// Service answers before contacts.
type Service struct {
	cfg     Config
	deps    Deps
	desk    *contact.Desk
	place   contact.Place
	answers *prometheus.CounterVec
	untold  prometheus.Counter
	gate    *telemetry.GateRefusals
	router  *httpserver.Router
	server  *httpserver.Server
	counted atomic.Uint64 // one more than the epoch of the store in which the contacts made lately were counted again
}

// New returns the service. It does no I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the configuration of contacts: %w", err)
	}
	if err := d.complete(); err != nil {
		return nil, err
	}
	place, err := contact.ParsePlace(cfg.Place)
	if err != nil {
		return nil, err //nolint:wrapcheck // validated above
	}
	s := &Service{cfg: cfg, deps: d, desk: contact.NewDesk(d.Contacts, cfg.Rules), place: place, answers: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rcu_contacts_answers_total", Help: "Answers before contacts, by step, purpose, channel and reason of a refusal (none: allowed).",
	}, []string{"step", "purpose", "channel", "reason"})}
	s.untold = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "rcu_contacts_untold_total", Help: "Answers before contacts that could not be written to Kafka and count nothing: they are missing in ClickHouse.",
	})
	for _, c := range []prometheus.Collector{s.answers, s.untold} {
		if err := d.Metrics.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics of contacts: %w", err)
		}
	}
	if s.gate, err = telemetry.NewGateRefusals(d.Metrics, telemetry.GateUse); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	if s.router, err = httpserver.NewRouter("contacts", d.Metrics, d.Log); err != nil {
		return nil, err
	}
	s.routes()
	if s.server, err = httpserver.New(cfg.HTTP, s.router, d.Log); err != nil {
		return nil, err
	}
	return s, nil
}

// complete puts in what may be left out, and reports what may not.
func (d *Deps) complete() error {
	if d.Log == nil || d.Metrics == nil || d.Gatherer == nil || d.Readers == nil || d.People == nil || d.Acts == nil || d.Registers == nil || d.Contacts == nil || d.Kafka == nil || d.Pseudonyms == nil {
		return errors.New("contacts need a logger, metrics, readers, people and their acts, registers, a store of contacts, Kafka and pseudonyms")
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
	for name, step := range map[string]step{stepReserve: s.whole(s.reserve), stepConfirm: s.whole(s.confirm), stepRelease: s.release, stepRefused: s.refused} {
		s.router.Handle("POST /v1/contacts/"+name, name, s.authenticated(name, step))
	}
	operate := telemetry.Handler(s.deps.Gatherer, func(ctx context.Context) error {
		return errors.Join(s.server.Ready(), s.deps.Ready(ctx), s.Recalled())
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

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.server.Run(ctx) })
	if s.deps.Recall != nil {
		g.Go(func() error { s.keepCounted(ctx); return nil })
	}
	return g.Wait() //nolint:wrapcheck // of the server
}
