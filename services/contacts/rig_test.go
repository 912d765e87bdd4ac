package contacts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/vault"
	"rcu/services/contacts"
)

const space = "group"

// monday is a Monday at eleven in Paris.
var monday = time.Date(2026, 9, 7, 9, 0, 0, 0, time.UTC)

var errAway = errors.New("connection refused")

// stores are what the service reads and writes; they can be taken away.
type stores struct {
	mu       sync.Mutex
	err      error
	cells    resolve.Cells
	contacts contact.Store
	graph    *resolve.Graph
	silent   error // of Kafka
	told     []stream.Record
}

func (s *stores) Publish(_ context.Context, records []stream.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent == nil {
		s.told = append(s.told, records...)
	}
	return s.silent
}

func (s *stores) away(err error) { s.mu.Lock(); s.err = err; s.mu.Unlock() }

func (s *stores) failing() error { s.mu.Lock(); defer s.mu.Unlock(); return s.err }

func (s *stores) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.cells.LoadCells(ctx, keys)
}

func (s *stores) LoadContacts(ctx context.Context, keys []string) ([]contact.Stored, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.contacts.LoadContacts(ctx, keys)
}

func (s *stores) CommitContacts(ctx context.Context, x contact.Stored, until time.Time) (bool, error) {
	if err := s.failing(); err != nil {
		return false, err
	}
	return s.contacts.CommitContacts(ctx, x, until)
}

func (s *stores) View(ctx context.Context, space string, keys []identifier.Key, now int64) (*resolve.View, error) {
	if err := s.failing(); err != nil {
		return nil, err
	}
	return s.graph.View(ctx, space, keys, now)
}

// rig is the service over stores.
type rig struct {
	*stores
	t       testing.TB
	ring    *vault.Keyring
	service *contacts.Service
	logs    *bytes.Buffer
	now     time.Time
	n       int
	whole   func() error // nil: the state always is
	recalls *contacts.Recall
	kafka   contacts.Publisher // nil: in memory
}

func newRig(t testing.TB, change func(*contacts.Config)) *rig {
	t.Helper()
	r := &rig{t: t, now: monday, logs: &bytes.Buffer{}}
	r.serve(statemem.NewGraph(), statemem.NewCells(), statemem.NewContacts(func() time.Time { return r.now }), change)
	return r
}

func (r *rig) serve(state resolve.GraphState, cells resolve.Cells, store contact.Store, change func(*contacts.Config)) {
	t := r.t
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	graph, err := resolve.NewGraph(state, identity.DefaultRules())
	require.NoError(t, err)
	r.ring, r.stores = ring, &stores{cells: cells, contacts: store, graph: graph}
	log, err := telemetry.NewLogger(r.logs, "debug")
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	cfg := contacts.Default()
	if change != nil {
		change(&cfg)
	}
	if r.kafka == nil {
		r.kafka = r.stores
	}
	r.service, err = contacts.New(cfg, contacts.Deps{
		Log: log, Metrics: registry, Gatherer: registry, Readers: readers(t), People: r.stores, Acts: resolve.NewReader(graph, cells), Registers: r.stores, Contacts: r.stores, Kafka: r.kafka, Recall: r.recalls, Pseudonyms: ring,
		Now: func() time.Time { return r.now },
		Whole: func(ctx context.Context) (context.Context, error) {
			if r.whole == nil {
				return ctx, nil
			}
			return ctx, r.whole()
		},
	})
	require.NoError(t, err)
}

// readers have a key of the name of each role for shop-fr; "both" carries two controllers.
func readers(t testing.TB) *auth.Keys[auth.Reader] {
	t.Helper()
	var entries []auth.Entry[auth.Reader]
	for _, role := range auth.Roles() {
		entries = append(entries, auth.Entry[auth.Reader]{Hash: auth.HashKey(string(role)), Principal: auth.Reader{Name: string(role), Role: role, Space: space, Controllers: []string{"shop-fr"}}})
	}
	entries = append(entries, auth.Entry[auth.Reader]{Hash: auth.HashKey("both"), Principal: auth.Reader{Name: "both", Role: auth.RoleService, Space: space, Controllers: []string{"shop-fr", "spa-fr"}}})
	keys, err := auth.NewKeys(entries)
	require.NoError(t, err)
	return keys
}

func (r *rig) key(ns identifier.Namespace, value string) identifier.Key {
	r.t.Helper()
	normal, cause := identifier.Normalise(ns, value, identifier.Options{Country: "FR", Read: true})
	require.Equal(r.t, identifier.CauseNone, cause)
	return identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, normal))
}

// decide joins a decision of shop-fr, made a day ago unless at says otherwise.
func (r *rig) decide(k identifier.Key, p consent.Purpose, channel string, dec consent.Dec, at ...time.Time) {
	r.t.Helper()
	r.n++
	when := r.now.AddDate(0, 0, -1)
	if len(at) > 0 {
		when = at[0]
	}
	key := resolve.ConsentCell(space, "shop-fr", k)
	cells, err := r.cells.LoadCells(r.t.Context(), []string{key})
	require.NoError(r.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(r.t, err)
	register, changed := register.Join(consent.PurposeChannel{Purpose: p, Channel: channel}, consent.Decision{Dec: dec, At: when.Unix(), ID: "d" + string(rune('a'+r.n))})
	require.True(r.t, changed)
	cells[0].Value = register.Encode()
	_, err = r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
}

// retract joins that the event of a sale was taken back.
func (r *rig) retract(k identifier.Key, event string) {
	r.t.Helper()
	key := resolve.ConsentCell(space, "shop-fr", k)
	cells, err := r.cells.LoadCells(r.t.Context(), []string{key})
	require.NoError(r.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(r.t, err)
	register, changed := register.Join(consent.PurposeChannel{Purpose: consent.SaleRetracted}, consent.Decision{Dec: consent.Withdraw, At: r.now.AddDate(0, 0, -1).Unix(), ID: event})
	require.True(r.t, changed)
	cells[0].Value = register.Encode()
	_, err = r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
}

// together makes identifiers one person, by an event that names them all.
func (r *rig) together(keys ...identifier.Key) {
	r.t.Helper()
	r.n++
	fact := &identity.Event{ID: "e" + string(rune('a'+r.n)), T: r.now.Add(-time.Hour).Unix(), Keys: keys}
	_, err := r.graph.Apply(r.t.Context(), space, []identity.Fact{fact}, nil, r.now.Unix())
	require.NoError(r.t, err)
}

// fields are those of a request.
type fields map[string]any

// mail asks for an advertisement by e-mail.
func mail(id, address string) fields {
	return fields{"id": id, "point": fields{"namespace": "email", "value": address}, "channel": "email", "purpose": "marketing", "topic": "shoes"}
}

// call asks for an advertisement by telephone.
func call(id, number string) fields {
	return fields{"id": id, "point": fields{"namespace": "phone", "value": number}, "channel": "phone", "purpose": "marketing", "topic": "shoes"}
}

func (f fields) with(name string, v any) fields {
	out := fields{name: v}
	for k, x := range f {
		if k != name {
			out[k] = x
		}
	}
	return out
}

// send makes a request.
func (r *rig) send(key, step string, body any) *httptest.ResponseRecorder {
	r.t.Helper()
	raw, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		require.NoError(r.t, err)
		raw = string(b)
	}
	q := httptest.NewRequest(http.MethodPost, "/v1/contacts/"+step, strings.NewReader(raw))
	if key != "" {
		q.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	r.service.Handler().ServeHTTP(w, q)
	return w
}

// ask makes a request and reads its answer.
func (r *rig) ask(step string, f fields) contacts.Answer {
	r.t.Helper()
	w := r.send("service", step, f)
	require.Contains(r.t, []int{http.StatusOK, http.StatusServiceUnavailable}, w.Code, w.Body.String())
	var a contacts.Answer
	require.NoError(r.t, json.Unmarshal(w.Body.Bytes(), &a))
	require.Equal(r.t, a.Allowed, a.Reason == "")
	return a
}
