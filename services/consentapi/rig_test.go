package consentapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/consentapi"
)

const (
	space = "group"
	mail  = "Marie.Durand@example.com"
)

var errAway = errors.New("server is away")

// redis is the cells, which can be taken away.
type redis struct {
	*statemem.Cells
	mu     sync.Mutex
	away   bool
	before func() // once, before the next write
}

func (r *redis) set(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *redis) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errAway
	}
	return nil
}

func (r *redis) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.Cells.LoadCells(ctx, keys)
}

func (r *redis) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	before := r.before
	r.before = nil
	r.mu.Unlock()
	if before != nil {
		before()
	}
	return r.Cells.CommitCells(ctx, cells)
}

// kafka is a producer, which can be taken away.
type kafka struct {
	mu      sync.Mutex
	away    bool
	refused string // a topic that takes nothing
	before  func() // once, before the next records are taken
	records []stream.Record
}

func (k *kafka) set(away bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.away = away
}

func (k *kafka) Publish(_ context.Context, records []stream.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.away || slices.ContainsFunc(records, func(x stream.Record) bool { return x.Topic == k.refused }) {
		return errAway
	}
	if k.before != nil {
		k.before()
		k.before = nil
	}
	k.records = append(k.records, records...)
	return nil
}

// decisions are those on rcu.consents, by id and point.
func (k *kafka) decisions(t testing.TB) map[string]*eventpb.Decision {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[string]*eventpb.Decision{}
	for _, r := range k.records {
		if r.Topic != stream.TopicConsents {
			continue
		}
		d := new(eventpb.Decision)
		require.NoError(t, proto.Unmarshal(r.Value, d))
		out[d.GetId()+" "+string(d.GetPoint().GetPseudonym())+d.GetPurpose()+d.GetChannel()] = d
	}
	return out
}

// sent are all records.
func (k *kafka) sent() []stream.Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.records)
}

type rig struct {
	t       testing.TB
	redis   *redis
	kafka   *kafka
	ring    *vault.Keyring
	journal string
	room    int64 // bytes of the journal; 0: as by default
	people  map[identifier.Key][]identifier.Key
	graph   error // why nobody knows whose a point is
	records *records
	service *consentapi.Service
	logs    *observer.ObservedLogs
	mu      sync.Mutex
	clock   time.Time
	daily   *vault.Daily
	trust   eventpb.Trust   // of what is collected; none: self
	channel eventpb.Channel // of what is collected; none: web
	whole   func() error    // nil: it always is
	epoch   atomic.Uint64   // of redis
}

func newRig(t testing.TB) *rig {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	r := &rig{
		t: t, redis: &redis{Cells: statemem.NewCells()}, kafka: &kafka{}, ring: ring, journal: filepath.Join(t.TempDir(), "denials.journal"),
		people: map[identifier.Key][]identifier.Key{}, records: &records{person: &resolve.Person{Space: space}}, clock: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC),
	}
	r.start()
	return r
}

// start makes a service over what is there: the second one stands for the process that came after a crash.
func (r *rig) start() {
	r.t.Helper()
	reg, err := registry.Load(schemas.Files)
	require.NoError(r.t, err)
	partners := reg.Purposes["share_partner"]
	partners.Recipients = []string{"parcel-co"}
	reg.Purposes["share_partner"] = partners
	var entries []auth.Entry[auth.Reader]
	for _, role := range auth.Roles() {
		entries = append(entries,
			auth.Entry[auth.Reader]{Hash: auth.HashKey(string(role)), Principal: auth.Reader{Name: string(role), Role: role, Space: space, Controllers: []string{"retail"}}},
			auth.Entry[auth.Reader]{Hash: auth.HashKey(string(role) + "+"), Principal: auth.Reader{Name: string(role) + "+", Role: role, Space: space, Controllers: []string{"retail", "digital"}}})
	}
	keys, err := auth.NewKeys(entries)
	require.NoError(r.t, err)
	core, logs := observer.New(zapcore.DebugLevel)
	r.logs = logs
	cfg := consentapi.Default()
	cfg.Journal, cfg.ReplayEvery = r.journal, 5*time.Millisecond
	cfg.HTTP.Addr = "127.0.0.1:0"
	if r.room > 0 {
		cfg.JournalBytes = r.room
	}
	metrics := prometheus.NewRegistry()
	r.service, err = consentapi.New(cfg, consentapi.Deps{
		Log: zap.New(core), Metrics: metrics, Gatherer: metrics, Readers: keys, Registry: reg, Cells: r.redis, Keyring: r.ring, Producer: r.kafka,
		People: func(_ context.Context, _ string, p identifier.Key, _ time.Time) ([]identifier.Key, error) {
			return r.people[p], errors.Join(r.redis.err(), r.graph)
		},
		Records: r.records, Now: r.now, Corrections: r.corrections(),
		Whole: func(ctx context.Context) (context.Context, error) {
			if r.whole == nil {
				return ctx, nil
			}
			return ctx, r.whole()
		},
		Epoch: r.epoch.Load,
	})
	require.NoError(r.t, err)
}

// corrections lets people of one controller correct their record.
func (r *rig) corrections() *consentapi.Corrections {
	r.t.Helper()
	dec, err := decoder()
	require.NoError(r.t, err)
	r.daily = vault.NewDaily(r.ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
		x, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), w, r.now())
		return errors.Join(err, r.kafka.Publish(ctx, []stream.Record{x}))
	})
	return &consentapi.Corrections{Decoder: dec, Sealer: r.daily, Origins: map[string]*event.Origin{"retail": {
		Space: space, Controller: "retail", Source: preferenceCentre, Channel: eventpb.Channel_CHANNEL_WEB, Brand: "maison", Country: "FR", Currency: "EUR",
		Trust: eventpb.Trust_TRUST_SELF,
	}}}
}

// run lets the journal be replayed until the test ends.
func (r *rig) run() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	service := r.service
	go func() { done <- service.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		require.NoError(r.t, <-done)
	})
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

type fields = map[string]any

// answer is what came back, and what a body of JSON holds.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

func (a answer) json() fields {
	a.t.Helper()
	out := fields{}
	require.NoError(a.t, json.Unmarshal(a.Body.Bytes(), &out), a.Body.String())
	return out
}

func (a answer) reason() string {
	a.t.Helper()
	reason, _ := a.json()["reason"].(string)
	return reason
}

func (r *rig) do(method, path, key string, body any, header ...string) answer {
	r.t.Helper()
	text, is := body.(string)
	if !is && body != nil {
		raw, err := json.Marshal(body)
		require.NoError(r.t, err)
		text = string(raw)
	}
	q := httptest.NewRequest(method, path, strings.NewReader(text))
	if key != "" {
		q.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.service.Handler().ServeHTTP(w, q)
	return answer{w, r.t}
}

func (r *rig) post(path, key string, body any, header ...string) answer {
	r.t.Helper()
	return r.do(http.MethodPost, path, key, body, header...)
}

func (r *rig) key(ns identifier.Namespace, value string) identifier.Key {
	r.t.Helper()
	normal, cause := identifier.Normalise(ns, value, identifier.Options{Country: "FR"})
	require.Equal(r.t, identifier.CauseNone, cause)
	return identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, normal))
}

// register is what is decided about a point, as a gate reads it.
func (r *rig) register(controller string, k identifier.Key) consent.Register {
	r.t.Helper()
	cells, err := r.redis.Cells.LoadCells(context.Background(), []string{resolve.ConsentCell(space, controller, k)})
	require.NoError(r.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(r.t, err)
	return register
}

// words is the file of the words of the pages.
func (r *rig) words() string {
	r.t.Helper()
	file, err := os.ReadFile(filepath.Join("site", "words.yaml"))
	require.NoError(r.t, err)
	return string(file)
}

// allowed asks the register in Redis, as a gate does.
func (r *rig) allowed(ns identifier.Namespace, value, controller string, purpose consent.Purpose, channel string) bool {
	r.t.Helper()
	return r.register(controller, r.key(ns, value)).AllowedAt(purpose, channel, r.now().Unix())
}

func (r *rig) mailing() bool {
	r.t.Helper()
	return r.allowed(identifier.Email, mail, "retail", consent.Marketing, consent.ChannelEmail)
}

func point(ns, value string) fields { return fields{"namespace": ns, "value": value} }

// grant is a whole grant of offers by e-mail, with some fields replaced; a nil takes one out.
func grant(change fields) fields {
	m := fields{
		"point": point("email", mail), "purpose": "marketing", "channel": "email", "decision": "grant", "act": "store_tablet_signed",
		"notice": fields{"id": "marketing", "version": "1", "language": "fr"}, "proof": fields{"type": "signature", "sha256": strings.Repeat("ab", 32)},
	}
	for k, v := range change {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	return m
}

func withdrawal(change fields) fields {
	m := fields{"point": point("email", mail), "purpose": "marketing", "channel": "email", "decision": "withdraw"}
	maps.Copy(m, change)
	return m
}
