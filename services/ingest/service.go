package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"rcu/pkg/auth"
	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	eventpb "rcu/schemas/event"
)

// Producer publishes records and returns once the brokers acknowledged them (stream.Producer).
type Producer interface {
	Publish(ctx context.Context, records []stream.Record) error
}

// Sealer seals under the daily key of a controller (vault.Daily).
type Sealer interface {
	Seal(ctx context.Context, controller string, at time.Time, plaintext []byte) (*eventpb.Sealed, error)
}

// Deps is what an ingestor needs of others.
type Deps struct {
	Log        *zap.Logger
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer // of /metrics
	// Sources are those of all channels; SourcesFile is read instead when it is given, and again whenever it changes.
	Sources     []auth.Entry[Source]
	SourcesFile string
	Decoder     *event.Decoder
	Pseudonyms  event.Pseudonymiser
	Sealer      Sealer
	Producer    Producer
	Registers   Registers
	Whole       Whole                           // nil: Redis never lacks anything
	Ready       func(ctx context.Context) error // of the servers behind; nil: always
	Now         func() time.Time                // nil: the clock
	// Waiting tells how far the resolver is behind, for the history lane; nil: that lane is never full. See WaitingOf.
	Waiting func(ctx context.Context) (Waiting, error)
	// Patterns gives the patterns of blocked values that are in force in a space; nil: none are.
	Patterns func(space string) identity.Patterns
}

func (d Deps) validate() error {
	var problems []error
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"a logger", d.Log != nil},
		{"a registerer", d.Registerer != nil},
		{"a gatherer", d.Gatherer != nil},
		{"sources", len(d.Sources) > 0 || d.SourcesFile != ""},
		{"a decoder", d.Decoder != nil},
		{"a pseudonymiser", d.Pseudonyms != nil},
		{"a sealer", d.Sealer != nil},
		{"a producer", d.Producer != nil},
		{"consent registers", d.Registers != nil},
	} {
		if !need.ok {
			problems = append(problems, errors.New("ingest needs "+need.name))
		}
	}
	return errors.Join(problems...)
}

// Service is the ingestor of one channel.
type Service struct {
	contract  Contract
	cfg       Config
	deps      Deps
	log       *zap.Logger
	now       func() time.Time
	types     map[string]bool
	metrics   *metrics
	admission *admission
	registers *registers
	kafka     *breaker
	keys      atomic.Pointer[auth.Keys[*client]]
	mark      fileMark // of the sources file when it was last read
	router    *httpserver.Router
	server    *httpserver.Server
	answers   sync.Pool
	room      *room // of the history lane
	signals   signalReader
}

// New builds the ingestor of a contract. It reads the sources file, if there is one, and opens nothing else before Run.
func New(contract Contract, cfg Config, deps Deps) (*Service, error) {
	if err := errors.Join(contract.validate(), cfg.Validate(), deps.validate()); err != nil {
		return nil, fmt.Errorf("setting up the %s ingestor: %w", contract.Channel, err)
	}
	s := &Service{contract: contract, cfg: cfg, deps: deps, log: deps.Log.Named("ingest-" + contract.Channel), now: deps.Now, types: map[string]bool{}}
	if s.now == nil {
		s.now = time.Now
	}
	for _, t := range contract.Types {
		s.types[t] = true
	}
	var err error
	if s.metrics, err = newMetrics(contract.Channel, deps.Registerer); err != nil {
		return nil, err
	}
	s.admission = &admission{
		slots: make(chan struct{}, cfg.MaxInFlight), room: semaphore.NewWeighted(cfg.MaxBytes), most: int64(cfg.MaxWaiting), wait: cfg.MaxWait,
		queue: s.metrics.waiting, bytes: s.metrics.bytes,
	}
	s.kafka = &breaker{rest: cfg.KafkaRest, now: s.now, fails: kafkaAway}
	s.signals = newSignalReader(cfg.TCF, deps.Decoder)
	s.room = newRoom(cfg, deps, s.now, s.log)
	s.registers = newRegisters(deps.Registers, deps.Whole, cfg, s.now, s.metrics.registers, s.log)
	if err := s.loadSources(); err != nil {
		return nil, err
	}
	return s, s.routes()
}

func (s *Service) routes() error {
	reg := prometheus.WrapRegistererWith(prometheus.Labels{"channel": s.contract.Channel}, s.deps.Registerer)
	var err error
	if s.router, err = httpserver.NewRouter("ingestor", reg, s.log); err != nil {
		return err
	}
	s.router.Handle("POST /v1/events", "events", http.HandlerFunc(s.takeEvents))
	probes := telemetry.Handler(s.deps.Gatherer, s.ready)
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		s.router.Bare("GET "+path, probes)
	}
	s.server, err = httpserver.New(s.cfg.HTTP, s.router, s.log)
	return err
}

func (s *Service) ready(ctx context.Context) error {
	if err := s.server.Ready(); err != nil || s.deps.Ready == nil {
		return err
	}
	return s.deps.Ready(ctx)
}

// Handler is the whole HTTP face, for tests and benchmarks without a listener.
func (s *Service) Handler() http.Handler { return s.router }

// Listen opens the port; Run does it when it was not done.
func (s *Service) Listen(ctx context.Context) error { return s.server.Listen(ctx) }

// Addr is the address listened on; empty before Listen.
func (s *Service) Addr() string { return s.server.Addr() }

// Ready is nil while requests are taken.
func (s *Service) Ready() error { return s.server.Ready() }

// Leave says "not ready" on its own port, while requests are served until Run is asked to end.
func (s *Service) Leave() { s.server.Leave() }

// Run serves until ctx ends, then stops in order.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.server.Run(ctx) })
	if s.deps.SourcesFile != "" {
		g.Go(func() error { s.watchSources(ctx); return nil })
	}
	return g.Wait()
}
