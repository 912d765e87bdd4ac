package resolver_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/auth"
	"rcu/pkg/contact"
	"rcu/pkg/event"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/contacts"
	"rcu/services/ingest"
	"rcu/services/ingest/callcentre"
	"rcu/services/ingest/mobile"
	"rcu/services/ingest/store"
	"rcu/services/ingest/web"
	"rcu/services/profileapi"
	"rcu/services/resolver"
)

// permitWorld is the product from the HTTP face of its ingestors to those of its profile API and of contacts, over one state in memory, with the log
// between them in the hands of the test. Many stories are told at once; they share the state and the clock.
type permitWorld struct {
	t        *testing.T
	rng      *rand.Rand
	now      time.Time
	ring     *vault.Keyring
	cells    resolve.Cells
	graph    *resolve.Graph
	resolver *resolver.Service
	metrics  *prometheus.Registry    // of the resolver
	ingest   map[string]http.Handler // by channel and controller
	keys     map[string]string
	readers  *auth.Keys[auth.Reader]
	profiles http.Handler
	contacts http.Handler
	desk     contact.Store
	close    func()                // ends what runs in the background
	shown    func() map[string]row // what stands behind the log; nil: what is on it

	kafkaAway atomic.Bool

	mu     sync.Mutex
	topics map[string][]stream.Record
	read   map[string]int // by topic, how far the resolver is
	told   map[string]int // by topic, how far ClickHouse is
}

// sabotage is a fault that is planted into the product, through its ports.
type sabotage struct {
	resolver  resolver.Faults
	cells     func(resolve.Cells) resolve.Cells           // registers as the resolver reads them
	collector func(ingest.Registers) ingest.Registers     // as gate G1 reads and writes them
	reads     func(resolve.Cells) resolve.Cells           // as the profile API reads them
	desk      func(contacts.Registers) contacts.Registers // as contacts read them
	acts      func(contacts.Acts) contacts.Acts           // what people did, as contacts read it
	people    func(contacts.People) contacts.People       // whose points are whose, as contacts read it
	lost      string                                      // a topic that nobody gets
	stopped   bool                                        // the resolver's clock stands
}

// patience is what a service has with a machine that is busy with other tests: none of them is about time-outs.
const patience = 5 * time.Minute

var permitDecoder = sync.OnceValues(func() (*event.Decoder, error) { return event.NewDecoder(schemas.Files) })

// stores are where a world keeps its state.
type stores struct {
	cells    resolve.Cells
	graph    resolve.GraphState
	contacts contact.Store
}

// inMemory makes empty stores for a world whose clock is given.
func inMemory(now func() time.Time) stores {
	return stores{statemem.NewCells(), statemem.NewGraph(), statemem.NewContacts(now)}
}

func newPermitWorld(t *testing.T, seed uint64, broken sabotage) *permitWorld {
	t.Helper()
	return newPermitWorldOn(t, seed, broken, inMemory)
}

// newPermitWorldOn makes a world on stores.
func newPermitWorldOn(t *testing.T, seed uint64, broken sabotage, open func(now func() time.Time) stores) *permitWorld {
	t.Helper()
	w := &permitWorld{
		t: t, rng: rand.New(rand.NewPCG(seed, 3)), now: today, ring: ringOf(t, seed), topics: map[string][]stream.Record{}, read: map[string]int{}, told: map[string]int{},
		ingest: map[string]http.Handler{}, metrics: prometheus.NewRegistry(),
	}
	on := open(func() time.Time { return w.now })
	w.cells, w.desk = on.cells, on.contacts
	var err error
	w.graph, err = resolve.NewGraph(on.graph, identity.DefaultRules())
	require.NoError(t, err)
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance, cfg.MaxPending = []string{space}, "1", 10_000_000
	clock := func() time.Time { return w.now }
	if broken.stopped {
		clock = func() time.Time { return today }
	}
	cells := w.cells
	if broken.cells != nil {
		cells = broken.cells(cells)
	}
	w.resolver = resolver.Assemble(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: w.metrics, Graph: w.graph, Cells: cells, Keyring: w.ring, Now: clock,
	}, permitLog{w, broken.lost})
	w.openIngest(broken)
	w.openReaders(broken)
	return w
}

var errKafkaAway = errors.New("kafka is away")

// permitLog takes what the resolver publishes.
type permitLog struct {
	w    *permitWorld
	lost string
}

func (l permitLog) PublishAll(ctx context.Context, records []stream.Record) error {
	return l.Publish(ctx, records)
}

func (l permitLog) Publish(_ context.Context, records []stream.Record) error {
	if l.w.kafkaAway.Load() {
		return errKafkaAway
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	for _, r := range records {
		if r.Topic != l.lost {
			r.Offset = int64(len(l.w.topics[r.Topic]))
			l.w.topics[r.Topic] = append(l.w.topics[r.Topic], r)
		}
	}
	return nil
}

func (w *permitWorld) openIngest(broken sabotage) {
	daily := vault.NewDaily(w.ring, func(_ context.Context, k *eventpb.WrappedKey) error { return w.resolver.Learn(proto.CloneOf(k)) })
	var registers ingest.Registers = w.cells
	if broken.collector != nil {
		registers = broken.collector(w.cells)
	}
	var specs []ingest.SourceSpec
	for _, channel := range []string{"web", "mobile", "store", "callcentre"} {
		for _, controller := range []string{retail, digital} {
			s := ingest.SourceSpec{
				Name: channel + "-" + controller, Channel: channel, Space: space, Controller: controller, Brand: "maison", Zone: "Europe/Paris", Country: "FR",
				Currency: "EUR", Trust: "self", Rate: 1e6, Burst: 1e6,
			}
			if channel == "store" {
				s.Store, s.Trust = "paris-1", "stated"
			}
			specs = append(specs, s)
		}
	}
	specs = append(specs, ingest.SourceSpec{
		Name: kioskOf(retail), Channel: "web", Space: space, Controller: retail, Brand: "maison", Zone: "Europe/Paris", Country: "FR", Currency: "EUR", Trust: "self",
		SharedDevice: new(true), Rate: 1e6, Burst: 1e6,
	})
	file, keys, err := ingest.GenerateSources(specs)
	require.NoError(w.t, err)
	w.keys = keys
	sources, err := ingest.ParseSources(file)
	require.NoError(w.t, err)
	decoder, err := permitDecoder()
	require.NoError(w.t, err)
	for channel, open := range map[string]func(ingest.Config, ingest.Deps) (*ingest.Service, error){
		"web": web.New, "mobile": mobile.New, "store": store.New, "callcentre": callcentre.New,
	} {
		registry := prometheus.NewRegistry()
		cfg := ingest.Default(channel)
		cfg.ConsentTimeout = patience
		s, err := open(cfg, ingest.Deps{
			Log: zap.NewNop(), Registerer: registry, Gatherer: registry, Sources: sources, Decoder: decoder, Pseudonyms: w.ring, Sealer: daily,
			Producer: permitLog{w, ""}, Registers: registers, Now: func() time.Time { return w.now },
		})
		require.NoError(w.t, err)
		w.ingest[channel] = s.Handler()
	}
}

// readerKey is the key of a reader of one controller.
func readerKey(controller string) string { return "reader of " + controller }

func (w *permitWorld) openReaders(broken sabotage) {
	var entries []auth.Entry[auth.Reader]
	for _, controller := range []string{retail, digital} {
		entries = append(entries, auth.Entry[auth.Reader]{Hash: auth.HashKey(readerKey(controller)), Principal: auth.Reader{
			Name: controller, Role: auth.RoleService, Space: space, Controllers: []string{controller},
		}})
	}
	var err error
	w.readers, err = auth.NewKeys(entries)
	require.NoError(w.t, err)
	cells, desk := w.cells, contacts.Registers(w.cells)
	if broken.reads != nil {
		cells = broken.reads(cells)
	}
	if broken.desk != nil {
		desk = broken.desk(desk)
	}
	registry, now := prometheus.NewRegistry(), func() time.Time { return w.now }
	api := profileapi.Default()
	api.HTTP.Addr, api.AuditQueue, api.ReadTimeout = "127.0.0.1:0", 10_000, patience
	s, err := profileapi.New(api, profileapi.Deps{
		Log: zap.NewNop(), Metrics: registry, Gatherer: registry, Readers: w.readers, Graph: w.graph, Cells: cells, Keyring: w.ring, Audit: forgetful{}, Now: now,
	})
	require.NoError(w.t, err)
	w.serve(s)
	w.profiles = s.Handler()
	var acts contacts.Acts = resolve.NewReader(w.graph, w.cells)
	if broken.acts != nil {
		acts = broken.acts(acts)
	}
	var people contacts.People = w.graph
	if broken.people != nil {
		people = broken.people(people)
	}
	cfg := contacts.Default()
	cfg.Timeout = patience
	cfg.Rules.Caps = []contact.Cap{{Most: 100, Hours: 1, Source: "nothing but permission is asked for"}}
	registry = prometheus.NewRegistry()
	c, err := contacts.New(cfg, contacts.Deps{
		Log: zap.NewNop(), Metrics: registry, Gatherer: registry, Readers: w.readers, People: people, Acts: acts, Registers: desk, Contacts: w.desk,
		Kafka: permitLog{w, ""}, Pseudonyms: w.ring, Now: now,
	})
	require.NoError(w.t, err)
	w.contacts = c.Handler()
}

// forgetful takes lines of audit.
type forgetful struct{}

func (forgetful) Publish(context.Context, []stream.Record) error { return nil }

// serve runs the profile API, which writes its audit in the background.
func (w *permitWorld) serve(s *profileapi.Service) {
	require.NoError(w.t, s.Listen(w.t.Context()))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t := w.t
	w.close = sync.OnceFunc(func() { stop(); require.NoError(t, <-done) })
	t.Cleanup(w.close)
}

// kioskOf is the source of a controller whose devices are many people's.
func kioskOf(controller string) string { return "kiosk-" + controller }

// take posts one event to an ingestor.
func (w *permitWorld) take(channel, controller, raw string) {
	w.t.Helper()
	w.takeFrom(channel, channel+"-"+controller, raw)
}

// takeFrom posts one event of a source to the ingestor of its channel.
func (w *permitWorld) takeFrom(channel, source, raw string) {
	w.t.Helper()
	code, body := w.post(w.ingest[channel], w.keys[source], "/v1/events", "["+raw+"]")
	require.Equal(w.t, http.StatusOK, code, body)
	require.Contains(w.t, body, `"rejected":0`, raw)
}

func (w *permitWorld) post(h http.Handler, key, path, body string) (int, string) {
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(body))
	require.NoError(w.t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

// ask posts a body to a service and reads the answer where there is one.
func (w *permitWorld) ask(h http.Handler, controller, path string, body, into any) int {
	raw, err := json.Marshal(body)
	require.NoError(w.t, err)
	code, text := w.post(h, readerKey(controller), path, string(raw))
	if code == http.StatusOK {
		require.NoError(w.t, json.Unmarshal([]byte(text), into))
	}
	return code
}

// append puts a message on the log.
func (w *permitWorld) append(topic string, key []byte, m proto.Message) {
	r, err := stream.Encode(topic, key, m, w.now)
	require.NoError(w.t, err)
	require.NoError(w.t, permitLog{w, ""}.Publish(w.t.Context(), []stream.Record{r}))
}

// resolved are the topics that the resolver reads.
var resolvedTopics = []string{stream.TopicConsents, stream.TopicActs, stream.TopicEventsWeb, stream.TopicEventsMobile, stream.TopicEventsStore, stream.TopicEventsCallcentre}

// resolve lets the resolver read some of a topic, or all of it.
func (w *permitWorld) resolve(topic string, all bool) {
	w.t.Helper()
	from, records := w.read[topic], w.topics[topic]
	n := min(len(records)-from, 40)
	if !all && n > 1 {
		n = 1 + w.rng.IntN(n)
	}
	if n == 0 {
		return
	}
	told := len(w.topics[stream.TopicConsents])
	require.NoError(w.t, w.resolver.Resolve(w.t.Context(), stream.Batch{Topic: topic, LogID: stream.LogID{1}, Records: records[from : from+n]}))
	w.read[topic] = from + n
	if len(w.topics[stream.TopicConsents]) > told { // of sales taken back: it reads that before the clock moves on
		for w.waits(stream.TopicConsents) {
			w.resolve(stream.TopicConsents, true)
		}
	}
}

// live tells stories side by side, while the resolver is somewhere behind and the clock steps.
func (w *permitWorld) live(stories []*story, steps int) {
	w.t.Helper()
	for _, s := range stories {
		for _, c := range s.browsers() {
			for _, site := range s.sites(c) {
				if s.chance(.5) {
					s.say(w, s.of(c), said{controller: site, point: c, purpose: "unify_behaviour", at: w.now.AddDate(0, 0, -5).Unix()})
				}
			}
		}
	}
	for range steps * len(stories) {
		stories[w.rng.IntN(len(stories))].step(w)
		switch w.rng.IntN(40) {
		case 0, 1, 2, 3:
			w.resolve(resolvedTopics[w.rng.IntN(len(resolvedTopics))], false)
		case 4:
			require.NoError(w.t, w.resolver.Flush(w.t.Context()))
		case 5:
			w.now = w.now.Add(time.Duration(w.rng.IntN(int(2*time.Hour/time.Second))) * time.Second) // asleep, or set
		case 6:
			w.now = w.now.Add(-time.Duration(w.rng.IntN(5)) * time.Second) // set back
		}
	}
	w.now = w.now.Add(time.Duration(w.rng.IntN(24)) * time.Hour)
}

// waits reports whether something on a topic is not resolved yet.
func (w *permitWorld) waits(topic string) bool { return w.read[topic] < len(w.topics[topic]) }

// catchUp lets the resolver finish, with what it tells itself.
func (w *permitWorld) catchUp() {
	w.t.Helper()
	ctx := w.t.Context()
	for slices.ContainsFunc(resolvedTopics, w.waits) {
		for _, topic := range resolvedTopics {
			for w.waits(topic) {
				w.resolve(topic, true)
			}
		}
	}
	now := w.now
	for n := 1; n > 0; {
		var err error
		n, err = w.graph.Sweep(ctx, space, now.Unix(), 200)
		require.NoError(w.t, err)
	}
	require.NoError(w.t, w.resolver.Drain(ctx, space))
	require.NoError(w.t, w.resolver.Flush(ctx))
	require.NoError(w.t, w.resolver.Drain(ctx, space))
}
