package steward

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

const space = "maison"

// kafka is a twin of the topics: what is published to rcu.acts is followed, and folded into the graph as the resolver would.
type kafka struct {
	mu      sync.Mutex
	records []stream.Record
	fail    error
	resolve func(*eventpb.Act) // nil: the resolver is away
}

func (k *kafka) Publish(_ context.Context, records []stream.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	for _, r := range records {
		k.records = append(k.records, r)
		if r.Topic == stream.TopicActs && k.resolve != nil {
			m := new(eventpb.Act)
			if err := r.Decode(m); err != nil {
				return err
			}
			k.resolve(m)
		}
	}
	return nil
}

func (k *kafka) set(change func(*kafka)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(k)
}

func (k *kafka) of(topic string) (out []stream.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.records {
		if r.Topic == topic {
			out = append(out, r)
		}
	}
	return out
}

func (k *kafka) Partitions(context.Context, string) (int, error) { return 2, nil }

func (k *kafka) Follow(ctx context.Context, topic string, partition int, _ int64, fn func(stream.Record) error, caughtUp func()) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for next := 0; ; {
		all := k.of(topic)
		for ; next < len(all); next++ {
			if stream.PartitionOf(all[next].Key, 2) == partition {
				if err := fn(all[next]); err != nil {
					return err
				}
			}
		}
		if caughtUp != nil {
			caughtUp()
			caughtUp = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// rig is a service over twins of Redis and Kafka.
type rig struct {
	t     *testing.T
	ring  *vault.Keyring
	graph *resolve.Graph
	cells resolve.Cells
	kafka *kafka
	logs  *bytes.Buffer
	s     *Service
	n     int
	// traits of the events that are seen
	traits map[string]string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	r := &rig{t: t, ring: ring, cells: statemem.NewCells(), kafka: &kafka{}}
	r.graph, err = resolve.NewGraph(statemem.NewGraph(), identity.DefaultRules())
	require.NoError(t, err)
	r.kafka.resolve = r.fold
	r.s = r.start()
	return r
}

// fold is what the resolver does with an act.
func (r *rig) fold(m *eventpb.Act) {
	fact, ok := event.ActFact(m)
	if ok {
		_, _ = r.graph.Apply(context.Background(), space, []identity.Fact{fact}, nil, time.Now().Unix())
	}
}

// start runs a service until the test ends; several are replicas.
func (r *rig) start() *Service {
	r.t.Helper()
	registry := telemetry.NewRegistry("test")
	r.logs = &bytes.Buffer{}
	log, err := telemetry.NewLogger(r.logs, "warn")
	require.NoError(r.t, err)
	var entries []auth.Entry[auth.Reader]
	for key, reader := range map[string]auth.Reader{
		"anne": {Role: auth.RoleSteward, Controllers: []string{"shop", "spa"}}, "paul": {Role: auth.RoleSteward, Controllers: []string{"shop"}},
		"other": {Role: auth.RoleSteward, Controllers: []string{"club"}}, "seller": {Role: auth.RoleSeller, Controllers: []string{"shop"}},
	} {
		reader.Name, reader.Space = key, space
		entries = append(entries, auth.Entry[auth.Reader]{Hash: auth.HashKey(key), Principal: reader})
	}
	readers, err := auth.NewKeys(entries)
	require.NoError(r.t, err)
	cfg := Default()
	cfg.HTTP.Addr, cfg.Wait = "127.0.0.1:0", 100*time.Millisecond
	s, err := New(cfg, Deps{
		Log: log, Metrics: registry, Gatherer: prometheus.Gatherers{registry}, Readers: readers, Graph: r.graph, Cells: r.cells, Keyring: r.ring,
		Topics: r.kafka, Output: r.kafka,
	})
	require.NoError(r.t, err)
	require.NoError(r.t, s.Listen(r.t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	r.t.Cleanup(func() {
		r.kafka.set(func(k *kafka) { k.fail = nil })
		cancel()
		require.NoError(r.t, <-done)
	})
	require.Eventually(r.t, func() bool { return s.book.ready() == nil }, 5*time.Second, time.Millisecond)
	return s
}

func (r *rig) key(ns identifier.Namespace, value string) identifier.Key {
	return identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, value))
}

// seen lets an event of a controller show identifiers together, and folds a sale into the leaf of the first.
func (r *rig) seen(controller string, keys ...identifier.Key) {
	r.t.Helper()
	r.n++
	e := &identity.Event{ID: "e" + string(rune('a'+r.n)), T: int64(1000 + r.n), Keys: keys}
	_, err := r.graph.Apply(r.t.Context(), space, []identity.Fact{e}, nil, time.Now().Unix())
	require.NoError(r.t, err)
	id := &eventpb.Identifier{Namespace: string(keys[0].Namespace), Pseudonym: []byte(keys[0].Value)}
	leafKey := []byte((controller + keys[0].Value + "................")[:16])
	m := &eventpb.Event{
		Space: space, Controller: controller, Source: "till", Id: e.ID, Type: "sale", OccurredAt: e.T * 1e6, ReceivedAt: e.T * 1e6, Zone: "UTC", Traits: r.traits,
		Leaf: &eventpb.Leaf{Identifiers: []*eventpb.Identifier{id}}, LeafKey: leafKey, Identifiers: []*eventpb.Identifier{id},
		Data: &eventpb.Event_Sale{Sale: &eventpb.Sale{Total: &eventpb.Money{Minor: 100, Currency: "EUR"}}},
	}
	require.NoError(r.t, r.cells.AddMembers(r.t.Context(), []resolve.Member{{Set: resolve.LeafIndex(space, keys[0]), Member: resolve.LeafMember(controller, leafKey)}}))
	cells, err := r.cells.LoadCells(r.t.Context(), []string{resolve.LeafCell(space, controller, leafKey)})
	require.NoError(r.t, err)
	state, err := profile.Decode(cells[0].Value)
	require.NoError(r.t, err)
	require.Equal(r.t, profile.Folded, state.Fold(profile.Folding{Event: m}))
	cells[0].Value = state.Encode()
	ok, err := r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
	require.True(r.t, ok[0])
}

// answer is what came back.
type answer struct {
	t testing.TB
	*httptest.ResponseRecorder
}

func (x answer) into(status int, v any) {
	x.t.Helper()
	require.Equal(x.t, status, x.Code, x.Body.String())
	reflect.ValueOf(v).Elem().SetZero()
	require.NoError(x.t, json.Unmarshal(x.Body.Bytes(), v))
}

func (x answer) refused(status int, reason string) problem {
	x.t.Helper()
	var p problem
	x.into(status, &p)
	require.Equal(x.t, reason, p.Reason, x.Body.String())
	require.NotEmpty(x.t, p.Fix)
	return p
}

func (r *rig) do(key, method, path string, body any) answer {
	r.t.Helper()
	return r.ask(r.s, key, method, path, body)
}

func (r *rig) ask(s *Service, key, method, path string, body any) answer {
	r.t.Helper()
	text, isText := body.(string)
	if !isText && body != nil {
		raw, err := json.Marshal(body)
		require.NoError(r.t, err)
		text = string(raw)
	}
	req := httptest.NewRequest(method, path, strings.NewReader(text))
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	s.router.ServeHTTP(w, req)
	return answer{r.t, w}
}

func email(v string) *End { return &End{Namespace: "email", Value: v} }
func card(v string) *End  { return &End{Namespace: "card", Value: v} }

// act does an act that must succeed.
func (r *rig) act(key string, a Asked) Done {
	r.t.Helper()
	var d Done
	r.do(key, http.MethodPost, "/v1/acts", a).into(http.StatusOK, &d)
	return d
}

// naming is the naming identifier of the profile that holds a key.
func (r *rig) naming(k identifier.Key) identifier.Key {
	r.t.Helper()
	v, err := r.graph.View(r.t.Context(), space, []identifier.Key{k}, time.Now().Unix())
	require.NoError(r.t, err)
	return v.Naming(k)
}

var errAway = errors.New("broker away")
