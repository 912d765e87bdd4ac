package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
	"rcu/services/ingest/callcentre"
	"rcu/services/ingest/mobile"
	"rcu/services/ingest/store"
	"rcu/services/ingest/web"
)

// received is the clock of the tests.
var received = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// producer keeps what is published; fail may refuse it.
type producer struct {
	mu      sync.Mutex
	records []stream.Record
	fail    func([]stream.Record) error
}

func (p *producer) Publish(_ context.Context, records []stream.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(records); err != nil {
			return err
		}
	}
	for _, r := range records {
		r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
		p.records = append(p.records, r)
	}
	return nil
}

func (p *producer) of(topic string) []stream.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []stream.Record
	for _, r := range p.records {
		if r.Topic == topic {
			out = append(out, r)
		}
	}
	return out
}

// cells is a store of registers that can be taken away.
type cells struct {
	*statemem.Cells
	away     atomic.Bool
	hang     atomic.Bool
	calls    atomic.Int64
	conflict atomic.Int64 // so many commits find somebody else's write
}

func (c *cells) call(ctx context.Context) error {
	c.calls.Add(1)
	if c.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if c.away.Load() {
		return errors.New("connection refused")
	}
	return nil
}

func (c *cells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	if err := c.call(ctx); err != nil {
		return nil, err
	}
	return c.Cells.LoadCells(ctx, keys)
}

func (c *cells) CommitCells(ctx context.Context, in []resolve.Cell) ([]bool, error) {
	if err := c.call(ctx); err != nil {
		return nil, err
	}
	if c.conflict.Add(-1) >= 0 {
		return make([]bool, len(in)), nil
	}
	return c.Cells.CommitCells(ctx, in)
}

// rig is an ingestor with stand-ins for its servers.
type rig struct {
	t        testing.TB
	service  *ingest.Service
	producer *producer
	cells    *cells
	vault    *vault.Keyring
	daily    *vault.Daily
	registry *prometheus.Registry
	logs     *testkit.Buffer
	clock    atomic.Int64
	keys     map[string]string
}

var newService = map[string]func(ingest.Config, ingest.Deps) (*ingest.Service, error){
	"store": store.New, "web": web.New, "mobile": mobile.New, "callcentre": callcentre.New,
}

var decoder = sync.OnceValues(func() (*event.Decoder, error) { return event.NewDecoder(schemas.Files) })

// specs are one source per channel, named as the channel, and a slow one.
func specs() []ingest.SourceSpec {
	var out []ingest.SourceSpec
	for _, c := range []string{"store", "web", "mobile", "callcentre"} {
		s := ingest.SourceSpec{
			Name: c + "-1", Channel: c, Space: "group", Controller: "shop-fr", Brand: "maison", Zone: "Europe/Paris", Country: "FR", Currency: "EUR",
			Trust: "self", Rate: 1e6, Burst: 1e6,
		}
		if c == "store" {
			s.Store, s.Trust = "paris-1", "stated"
		}
		out = append(out, s)
	}
	slow := out[0]
	slow.Name, slow.Rate, slow.Burst = "store-slow", 1, 5
	return append(out, slow)
}

func newRig(t testing.TB, channel string, change func(*ingest.Config, *ingest.Deps)) *rig {
	t.Helper()
	r := &rig{t: t, producer: &producer{}, cells: &cells{Cells: statemem.NewCells()}, registry: telemetry.NewRegistry("test"), logs: &testkit.Buffer{}}
	r.clock.Store(received.UnixNano())
	var err error
	r.vault, _, err = vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	r.daily = vault.NewDaily(r.vault, func(context.Context, *eventpb.WrappedKey) error { return nil })
	file, keys, err := ingest.GenerateSources(specs())
	require.NoError(t, err)
	r.keys = keys
	sources, err := ingest.ParseSources(file)
	require.NoError(t, err)
	dec, err := decoder()
	require.NoError(t, err)
	log, err := telemetry.NewLogger(r.logs, "debug")
	require.NoError(t, err)
	cfg := ingest.Default(channel)
	cfg.HTTP.Addr = "127.0.0.1:0"
	deps := ingest.Deps{
		Log: log, Registerer: r.registry, Gatherer: r.registry, Sources: sources, Decoder: dec, Pseudonyms: r.vault, Sealer: r.daily,
		Producer: r.producer, Registers: r.cells, Now: func() time.Time { return time.Unix(0, r.clock.Load()).UTC() },
	}
	if change != nil {
		change(&cfg, &deps)
	}
	r.service, err = newService[channel](cfg, deps)
	require.NoError(t, err)
	return r
}

// request builds a POST of the channel's source.
func (r *rig) request(source, body string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+r.keys[source])
	req.Header.Set("Content-Type", "application/json")
	return req
}

func (r *rig) do(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.service.Handler().ServeHTTP(w, req)
	return w
}

// send posts a body that is answered with 200.
func (r *rig) send(source, body string) ingest.Answer {
	r.t.Helper()
	w := r.do(r.request(source, body))
	require.Equal(r.t, http.StatusOK, w.Code, w.Body.String())
	return answerOf(r.t, w)
}

func answerOf(t testing.TB, w *httptest.ResponseRecorder) ingest.Answer {
	t.Helper()
	var a ingest.Answer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	return a
}

func problemOf(t testing.TB, w *httptest.ResponseRecorder) (reason, fix string) {
	t.Helper()
	var p struct{ Reason, Fix string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	return p.Reason, p.Fix
}

// events decodes what was published on a topic.
func (r *rig) events(topic string) []*eventpb.Event {
	r.t.Helper()
	var out []*eventpb.Event
	for _, rec := range r.producer.of(topic) {
		e := &eventpb.Event{}
		require.NoError(r.t, rec.Decode(e))
		out = append(out, e)
	}
	return out
}

func (r *rig) decisions() []*eventpb.Decision {
	r.t.Helper()
	var out []*eventpb.Decision
	for _, rec := range r.producer.of(stream.TopicConsents) {
		d := &eventpb.Decision{}
		require.NoError(r.t, rec.Decode(d))
		out = append(out, d)
	}
	return out
}

func (r *rig) personal(e *eventpb.Event) *eventpb.Personal {
	r.t.Helper()
	plain, err := r.daily.Open(e.GetPersonal())
	require.NoError(r.t, err)
	p := &eventpb.Personal{}
	require.NoError(r.t, proto.Unmarshal(plain, p))
	return p
}

func (r *rig) pseudonym(ns identifier.Namespace, value string) identifier.Pseudonym {
	return r.vault.Pseudonym("group", ns, value)
}

func zipped(t testing.TB, body []byte) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return &b
}

// Events of the tests, all an hour before the clock unless said otherwise.

func sale(id, rest string) string {
	return fmt.Sprintf(`{"id":%q,"type":"sale","occurred_at":"2026-03-14T12:00:00+01:00","data":{"total":{"amount":4599,"currency":"EUR"}}%s}`, id, rest)
}

func page(id, cookie, at string) string {
	return fmt.Sprintf(`{"id":%q,"type":"page.viewed","occurred_at":%q,"identifiers":[{"namespace":"cookie","value":%q}],"data":{"path":"/shoes"}}`, id, at, cookie)
}

func decision(id, ns, value, purpose, what, at string) string {
	notice := ""
	if what == "grant" {
		notice = `,"act":"banner","notice":{"id":"n1","version":"3","language":"fr"}`
	}
	return fmt.Sprintf(`{"id":%q,"type":"consent.decided","occurred_at":%q,"consent":[{"point":{"namespace":%q,"value":%q},"purpose":%q,"decision":%q%s}]}`,
		id, at, ns, value, purpose, what, notice)
}

func list(events ...string) string { return "[" + strings.Join(events, ",") + "]" }

func statuses(a ingest.Answer) string {
	var out []string
	for _, r := range a.Results {
		s := r.Status
		if r.Reason != "" {
			s += ":" + r.Reason
		}
		if r.Held {
			s += ":held"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// goodOf is an event that a channel accepts without any consent.
func goodOf(channel, id string) string {
	body := map[string]string{
		"store": `"sale","data":{"total":{"amount":1,"currency":"EUR"}}`, "web": `"order.placed","data":{"total":{"amount":1,"currency":"EUR"}}`,
		"mobile": `"order.placed","data":{"total":{"amount":1,"currency":"EUR"}}`, "callcentre": `"call.ended","data":{"duration_seconds":5,"outcome":"answered"}`,
	}[channel]
	return `{"id":"` + id + `","occurred_at":"2026-03-14T11:00:00Z","type":` + body + `}`
}
