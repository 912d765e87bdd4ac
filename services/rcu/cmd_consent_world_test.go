package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/services/contacts"
)

// contactWorld is the service contacts over stores, told by hand what the product would write there.
type contactWorld struct {
	t       require.TestingT
	space   string
	ring    *vault.Keyring
	cells   resolve.Cells
	service *contacts.Service
	now     time.Time
	acts    map[identifier.Key]int64 // the last act of the person whose point it is
}

// contactPoint is a point as a file of facts names it.
type contactPoint struct {
	Namespace identifier.Namespace `json:"namespace"`
	Value     string               `json:"value"`
}

// noKafka keeps nothing: answers are what is compared.
type noKafka struct{}

func (noKafka) Publish(context.Context, []stream.Record) error { return nil }

// LastAct is when the person whose point it is last did something.
func (w *contactWorld) LastAct(_ context.Context, _, _ string, k identifier.Key, _ int64) (int64, error) {
	return w.acts[k], nil
}

// contactStores are where the service reads and writes.
type contactStores struct {
	graph    resolve.GraphState
	cells    resolve.Cells
	contacts contact.Store
}

// newContactWorld has people whose points are given by name; what has an empty name stands alone.
func newContactWorld(t require.TestingT, ring *vault.Keyring, space string, now time.Time, people map[string][]contactPoint, open func(*contactWorld) contactStores) *contactWorld {
	w := &contactWorld{t: t, space: space, ring: ring, now: now, acts: map[identifier.Key]int64{}}
	stores := open(w)
	w.cells = stores.cells
	graph, err := resolve.NewGraph(stores.graph, identity.DefaultRules())
	require.NoError(t, err)
	for name, points := range people {
		if name == "" {
			continue
		}
		var keys []identifier.Key
		for _, p := range points {
			keys = append(keys, w.key(p))
		}
		_, err := graph.Apply(context.Background(), space, []identity.Fact{&identity.Event{ID: name, T: now.Add(-time.Hour).Unix(), Keys: keys}}, nil, now.Unix())
		require.NoError(t, err)
	}
	readers, err := auth.NewKeys([]auth.Entry[auth.Reader]{{
		Hash: auth.HashKey("k"), Principal: auth.Reader{Name: "k", Role: auth.RoleService, Space: space, Controllers: []string{"retail"}},
	}})
	require.NoError(t, err)
	metrics := prometheus.NewRegistry()
	w.service, err = contacts.New(contacts.Default(), contacts.Deps{
		Log: zap.NewNop(), Metrics: metrics, Gatherer: metrics, Readers: readers, People: graph, Acts: w, Registers: stores.cells, Contacts: stores.contacts,
		Kafka: noKafka{}, Pseudonyms: ring, Now: func() time.Time { return w.now },
	})
	require.NoError(t, err)
	return w
}

func (w *contactWorld) key(p contactPoint) identifier.Key {
	normal, cause := identifier.Normalise(p.Namespace, p.Value, identifier.Options{Country: "FR", Read: true})
	require.Equal(w.t, identifier.CauseNone, cause)
	require.Equal(w.t, p.Value, normal, "facts have normalised values")
	return identifier.KeyOf(p.Namespace, w.ring.Pseudonym(w.space, p.Namespace, normal))
}

// change writes one cell anew.
func (w *contactWorld) change(name string, f func(old []byte) []byte) {
	cells, err := w.cells.LoadCells(context.Background(), []string{name})
	require.NoError(w.t, err)
	cells[0].Value = f(cells[0].Value)
	_, err = w.cells.CommitCells(context.Background(), cells)
	require.NoError(w.t, err)
}

// join puts a decision into the registers of points.
func (w *contactWorld) join(points []contactPoint, pc consent.PurposeChannel, d consent.Decision) {
	for _, p := range points {
		w.change(resolve.ConsentCell(w.space, "retail", w.key(p)), func(old []byte) []byte {
			register, err := consent.DecodeRegister(old)
			require.NoError(w.t, err)
			register, _ = register.Join(pc, d)
			return register.Encode()
		})
	}
}

// wish puts what was chosen into the books of points.
func (w *contactWorld) wish(points []contactPoint, x contact.Wish) {
	for _, p := range points {
		w.change(resolve.WishCell(w.space, "retail", w.key(p)), func(old []byte) []byte {
			book, err := contact.DecodeBook(old)
			require.NoError(w.t, err)
			book, _ = book.Join(x)
			return book.Encode()
		})
	}
}

// acted is an act of the person of these points.
func (w *contactWorld) acted(points []contactPoint, at time.Time) {
	for _, p := range points {
		w.acts[w.key(p)] = max(w.acts[w.key(p)], at.Unix())
	}
}

// ask takes a step of a contact at the service.
func (w *contactWorld) ask(step string, body map[string]any) contacts.Answer {
	raw, err := json.Marshal(body)
	require.NoError(w.t, err)
	q := httptest.NewRequest(http.MethodPost, "/v1/contacts/"+step, bytes.NewReader(raw))
	q.Header.Set("Authorization", "Bearer k")
	out := httptest.NewRecorder()
	w.service.Handler().ServeHTTP(out, q)
	require.Equal(w.t, http.StatusOK, out.Code, out.Body.String())
	var a contacts.Answer
	require.NoError(w.t, json.Unmarshal(out.Body.Bytes(), &a))
	return a
}

// contactHistory is what happened, as a file of facts tells it, and what the service was asked and answered meanwhile.
type contactHistory struct {
	facts     []map[string]any
	questions []map[string]any
	answers   []contacts.Answer
}

// file writes objects as JSON lines.
func (contactHistory) file(t require.TestingT, objects []map[string]any) string {
	var out bytes.Buffer
	for _, o := range objects {
		require.NoError(t, json.NewEncoder(&out).Encode(o))
	}
	return out.String()
}

// clone copies a history so that its objects may be changed.
func (h contactHistory) clone() contactHistory {
	copied := func(list []map[string]any) (out []map[string]any) {
		for _, o := range list {
			x := map[string]any{}
			maps.Copy(x, o)
			out = append(out, x)
		}
		return out
	}
	return contactHistory{facts: copied(h.facts), questions: copied(h.questions), answers: h.answers}
}

// without leaves facts out.
func (h contactHistory) without(drop func(map[string]any) bool) contactHistory {
	h.facts = slices.DeleteFunc(slices.Clone(h.facts), drop)
	return h
}
