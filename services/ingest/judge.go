package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/auth"
	"rcu/pkg/event"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/vault"
	"rcu/services/internal/dailykeys"
)

// JudgeConfig bounds a judge.
type JudgeConfig struct {
	Group          string        // of consumers
	BatchRecords   int           // held events that are judged together
	ConsentTimeout time.Duration // of one read of registers
	ConsentRest    time.Duration // after a failure of Redis it is not asked for so long
	PublishTimeout time.Duration // until the brokers acknowledged; then the batch is judged again
	BackoffMax     time.Duration // the longest pause before a batch is judged again
}

// DefaultJudge returns the documented limits.
func DefaultJudge() JudgeConfig {
	return JudgeConfig{
		Group: "judge", BatchRecords: 500, ConsentTimeout: time.Second, ConsentRest: time.Second, PublishTimeout: 20 * time.Second, BackoffMax: 2 * time.Second,
	}
}

// Validate reports every problem at once.
func (c JudgeConfig) Validate() error {
	var problems []error
	if c.Group == "" {
		problems = append(problems, errors.New("group: is required"))
	}
	if c.BatchRecords < 1 || c.BatchRecords > 10_000 {
		problems = append(problems, errors.New("batch_records: want 1 to 10000"))
	}
	for name, d := range map[string]time.Duration{
		"consent_timeout": c.ConsentTimeout, "consent_rest": c.ConsentRest, "publish_timeout": c.PublishTimeout, "backoff_max": c.BackoffMax,
	} {
		if d <= 0 {
			problems = append(problems, fmt.Errorf("%s: want a duration above 0", name))
		}
	}
	return errors.Join(problems...)
}

// JudgeDeps is what a judge needs of others.
type JudgeDeps struct {
	Log         *zap.Logger
	Registerer  prometheus.Registerer
	Sources     []auth.Entry[Source]
	SourcesFile string     // read instead of Sources when it is given, and again whenever it changes
	Contracts   []Contract // of all channels: what one ingestor holds, the judge beside another may decide
	Decoder     *event.Decoder
	Pseudonyms  event.Pseudonymiser
	Keyring     *vault.Keyring // opens what any ingestor held
	Sealer      Sealer
	Producer    Producer
	DeadLetters *stream.DeadLetters // of records that are no held events
	Registers   Registers
	Whole       Whole // nil: Redis never lacks anything
	Stream      *stream.Client
	Resolver    string                               // the group whose work on rcu.consents puts decisions into the registers
	Now         func() time.Time                     // nil: the clock
	Patterns    func(space string) identity.Patterns // as for Deps
}

func (d JudgeDeps) validate() error {
	var problems []error
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"a logger", d.Log != nil},
		{"a registerer", d.Registerer != nil},
		{"sources", len(d.Sources) > 0 || d.SourcesFile != ""},
		{"contracts", len(d.Contracts) > 0},
		{"a decoder", d.Decoder != nil},
		{"a pseudonymiser", d.Pseudonyms != nil},
		{"a keyring", d.Keyring != nil},
		{"a sealer", d.Sealer != nil},
		{"a producer", d.Producer != nil},
		{"dead letters", d.DeadLetters != nil},
		{"consent registers", d.Registers != nil},
		{"a client of kafka", d.Stream != nil},
		{"the group of the resolver", d.Resolver != ""},
	} {
		if !need.ok {
			problems = append(problems, errors.New("a judge needs "+need.name))
		}
	}
	return errors.Join(problems...)
}

// Judge decides about held events once the consent registers can be read again: what was granted goes where it would have gone, with the
// id and the time of its arrival, and the rest is dropped. It publishes before its offset is committed, so a kill in between publishes
// again what readers know already.
type Judge struct {
	cfg       JudgeConfig
	deps      JudgeDeps
	log       *zap.Logger
	now       func() time.Time
	roster    *roster
	registers *registers
	decisions *decisions
	keys      *dailykeys.Follower
	consumer  *stream.Consumer
	judged    *prometheus.CounterVec
	gate      *telemetry.GateRefusals
}

// What became of held events.
const (
	judgedPublished  = "published"
	judgedDropped    = "dropped"     // no grant then, or a denial since
	judgedDead       = "dead_letter" // its source is gone, its contract changed, or its register is damaged
	judgedUnopenable = "unopenable"  // the key of its day was destroyed
)

// NewJudge builds a judge; it opens nothing before Run.
func NewJudge(cfg JudgeConfig, deps JudgeDeps) (*Judge, error) {
	if err := errors.Join(cfg.Validate(), deps.validate()); err != nil {
		return nil, fmt.Errorf("setting up the judge of held events: %w", err)
	}
	j := &Judge{cfg: cfg, deps: deps, log: deps.Log.Named("judge"), now: deps.Now}
	if j.now == nil {
		j.now = time.Now
	}
	var err error
	if j.roster, err = newRoster(deps, j.log); err != nil {
		return nil, err
	}
	j.judged = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_ingestor_judged_total", Help: "Held events that were judged, by what became of them."}, []string{"outcome"})
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_ingestor_judge_registers_total", Help: "Reads of consent registers for held events, by result."}, []string{"operation", "result"})
	for _, c := range []prometheus.Collector{j.judged, reads} {
		if err := deps.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of the judge: %w", err)
		}
	}
	for _, o := range []string{judgedPublished, judgedDropped, judgedDead, judgedUnopenable} {
		j.judged.WithLabelValues(o)
	}
	if j.gate, err = telemetry.NewGateRefusals(deps.Registerer, telemetry.GateCollect); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	rest := Config{ConsentTimeout: cfg.ConsentTimeout, ConsentRest: cfg.ConsentRest}
	j.registers = newRegisters(deps.Registers, deps.Whole, rest, j.now, reads, j.log)
	j.decisions = newDecisions(deps.Stream, deps.Resolver)
	j.keys = dailykeys.New(deps.Stream, vault.NewDaily(deps.Keyring, nil), j.log)
	j.consumer, err = deps.Stream.NewConsumer(stream.ConsumerConfig{
		Group: cfg.Group, Topics: []string{stream.TopicHeld}, BatchRecords: cfg.BatchRecords, BackoffMax: cfg.BackoffMax,
		SkipTruncated: true, // what nobody could judge within its retention expires
		DeadLetter:    deps.DeadLetters.Put,
	}, j)
	if err != nil {
		return nil, fmt.Errorf("setting up the judge of held events: %w", err)
	}
	return j, nil
}

// Run judges until ctx ends.
func (j *Judge) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := j.keys.Run(ctx); ctx.Err() == nil {
			return err //nolint:wrapcheck // says all
		}
		return nil
	})
	g.Go(func() error { return j.consumer.Run(ctx) })
	return g.Wait() //nolint:wrapcheck // says all
}
