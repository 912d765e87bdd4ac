package consentapi

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/auth"
	"rcu/pkg/event/registry"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/vault"
	"rcu/services/internal/page"
)

// Publisher writes records durably; *stream.Producer is one.
type Publisher interface {
	Publish(ctx context.Context, records []stream.Record) error
}

// Deps are what the consent API works with.
type Deps struct {
	Log      *zap.Logger
	Metrics  prometheus.Registerer
	Gatherer prometheus.Gatherer
	Readers  *auth.Keys[auth.Reader]
	Registry *registry.Registry
	Cells    Cells
	Keyring  *vault.Keyring
	Producer Publisher
	// People lists the points of the person who has a point; nil: a denial of a whole person is one of the point.
	People func(ctx context.Context, space string, point identifier.Key, now time.Time) ([]identifier.Key, error)
	// Records shows people their own record on the preference centre; nil: it shows none.
	Records Records
	// Corrections lets people correct their own record there; nil: the page says where else it is done.
	Corrections *Corrections
	// Whole fails where what it reads may lack what people decided; nil: it never does. What is read under the context that it returns is whole, or fails.
	Whole func(context.Context) (context.Context, error)
	// Epoch is another number for each Redis that was met; nil: it is always the same one, which forgets nothing.
	Epoch func() uint64
	Now   func() time.Time // nil: time.Now
}

type metrics struct {
	decisions   *prometheus.CounterVec // by decision
	waiting     prometheus.Gauge
	replayed    prometheus.Counter
	corrections prometheus.Counter
}

// Service is the consent API.
type Service struct {
	cfg       Config
	deps      Deps
	metrics   metrics
	registers registers
	journal   *journal
	away      atomic.Bool // Kafka did not take the last decision
	signer    *vault.Signer
	keyPrint  string
	links     *vault.Tokens
	confirms  *vault.Tokens
	// preferences open the preference centre, receipts name decisions
	preferences, receipts *vault.Tokens
	visits, guesses       *throttle
	site                  *page.Site
	router                *httpserver.Router
	server                *httpserver.Server
}

// New returns a consent API. It opens its journal and does no other I/O.
func New(cfg Config, d Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the consent API's configuration: %w", err)
	}
	if err := d.complete(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, deps: d, registers: registers{d.Cells, cfg.RedisTimeout},
		visits: newThrottle(visitsAMinute, visitorsKept), guesses: newThrottle(guessesAMinute, guessersKept),
	}
	var err error
	if s.site, err = newSite(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.secrets(), s.measure(), s.serve()); err != nil {
		return nil, err
	}
	if s.journal, err = openJournal(cfg.Journal, cfg.JournalBytes); err != nil {
		return nil, err
	}
	if s.journal.damaged {
		d.Log.Error("journal of denials was damaged: what could not be read was set aside", zap.String("file", cfg.Journal+".damaged"))
	}
	return s, nil
}

// complete puts in what may be left out, and reports what may not.
func (d *Deps) complete() error {
	if d.Log == nil || d.Metrics == nil || d.Gatherer == nil || d.Readers == nil || d.Registry == nil || d.Cells == nil || d.Keyring == nil || d.Producer == nil {
		return errors.New("consent API needs a logger, metrics, readers, a register of purposes, cells, a keyring and a producer")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Whole == nil {
		d.Whole = func(ctx context.Context) (context.Context, error) { return ctx, nil }
	}
	if d.Epoch == nil {
		d.Epoch = func() uint64 { return 0 }
	}
	return nil
}

// secrets derives what signs receipts and seals links.
func (s *Service) secrets() error {
	var errs [5]error
	s.signer, errs[0] = s.deps.Keyring.Signer("consent receipt")
	s.links, errs[1] = s.deps.Keyring.Tokens("unsubscribe")
	s.confirms, errs[2] = s.deps.Keyring.Tokens("confirm")
	s.preferences, errs[3] = s.deps.Keyring.Tokens("preferences")
	s.receipts, errs[4] = s.deps.Keyring.Tokens("receipt")
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	s.keyPrint = hex.EncodeToString(s.signer.Public()[:8])
	return nil
}

func (s *Service) measure() error {
	s.metrics = metrics{
		decisions:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_consentapi_decisions_total", Help: "Decisions taken in."}, []string{"decision"}),
		waiting:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "rcu_consentapi_journal_waiting", Help: "Requests with denials that Kafka does not have yet."}),
		replayed:    prometheus.NewCounter(prometheus.CounterOpts{Name: "rcu_consentapi_journal_replayed_total", Help: "Denials that went from the journal to Kafka."}),
		corrections: prometheus.NewCounter(prometheus.CounterOpts{Name: "rcu_consentapi_corrections_total", Help: "Corrections of people that were taken."}),
	}
	for _, c := range []prometheus.Collector{s.metrics.decisions, s.metrics.waiting, s.metrics.replayed, s.metrics.corrections} {
		if err := s.deps.Metrics.Register(c); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

func (s *Service) serve() error {
	router, err := httpserver.NewRouter("consentapi", s.deps.Metrics, s.deps.Log)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	s.router = router
	keyed := func(path, route string, roles []auth.Role, h func(http.ResponseWriter, *http.Request, auth.Reader) *problem) {
		router.Handle("POST "+path, route, s.authenticated(roles, h))
	}
	keyed("/v1/consents", "decide", takers, s.decide)
	keyed("/v1/consents/level", "level", takers, s.level)
	keyed("/v1/consents/history", "history", viewers, s.history)
	keyed("/v1/receipts/verify", "verify", viewers, s.verifyReceipt)
	keyed("/v1/unsubscribe-links", "link", takers, s.newLink)
	keyed("/v1/preference-links", "preference-link", takers, s.newPreferenceLink)
	keyed("/v1/preference-sessions", "preference-session", []auth.Role{auth.RoleService}, s.newPreferenceSession)
	keyed("/v1/stop", "stop", takers, s.stop)
	keyed("/v1/asks", "ask", takers, s.ask)
	keyed("/v1/signals", "signal", takers, s.signal)
	keyed("/v1/overlays", "overlay", overlayKeepers, s.overlay)
	router.Handle("GET /v1/receipts/key", "key", http.HandlerFunc(s.publicKey))
	shown := func(pattern, route string, h http.HandlerFunc) { router.Handle(pattern, route, page.Protect(h)) }
	shown("GET /v1/register", "register", s.register)
	shown("GET /u/{token}", "unsubscribe-page", s.unsubscribePage)
	shown("POST /u/{token}", "unsubscribe", s.unsubscribe)
	shown("GET /c/{token}", "confirm-page", s.confirmPage)
	shown("POST /c/{token}", "confirm", s.confirmed)
	shown("GET /p/{token}", "preference-page", s.preferencePage)
	shown("POST /p/{token}", "preference", s.preferenceAct)
	shown("GET /p/{token}/record", "record", s.recordPage)
	shown("POST /p/{token}/record", "correct", s.correct)
	shown("GET /p/{token}/erase", "erase-page", s.erasePage)
	shown("POST /p/{token}/erase", "erase", s.erase)
	shown("GET /v1/consents/{id}/receipt", "receipt", s.receiptOf)
	router.Handle("GET "+page.AssetsPath, "assets", s.site.Assets())
	operate := telemetry.Handler(s.deps.Gatherer, func(context.Context) error { return s.server.Ready() })
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		router.Bare("GET "+path, operate)
	}
	s.server, err = httpserver.New(s.cfg.HTTP, router, s.deps.Log)
	return err //nolint:wrapcheck // says all
}

// Handler serves without a listener, for tests.
func (s *Service) Handler() http.Handler { return s.router }

// Listen opens the port, so that Addr is known before Run.
func (s *Service) Listen(ctx context.Context) error { return s.server.Listen(ctx) } //nolint:wrapcheck // says all

// Addr is the address it listens on.
func (s *Service) Addr() string { return s.server.Addr() }

// Ready is nil while requests are taken.
func (s *Service) Ready() error { return s.server.Ready() } //nolint:wrapcheck // says all

// Leave says "not ready" on its own port, while requests are served until Run is asked to end.
func (s *Service) Leave() { s.server.Leave() }

// Run serves until ctx ends, and gives Kafka what waits in the journal.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { s.replay(ctx); return nil })
	group.Go(func() error { return s.server.Run(ctx) }) //nolint:wrapcheck // says all
	return errors.Join(group.Wait(), s.journal.close())
}
