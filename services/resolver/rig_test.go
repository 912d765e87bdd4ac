package resolver_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

const (
	space   = "maison"
	retail  = "maison-retail"
	digital = "maison-digital"
)

// rig is a resolver over a real broker and twins of Redis, fed as an ingestor would.
type rig struct {
	t       *testing.T
	client  *stream.Client
	out     *stream.Producer
	ring    *vault.Keyring
	daily   *vault.Daily
	decoder *event.Decoder
	graph   *resolve.Graph
	cells   resolve.Cells
	reader  *resolve.Reader
	grants  map[identifier.Key]int64 // devices and the time of their grant
}

func newRig(t *testing.T) *rig {
	t.Helper()
	client, err := stream.Connect(stream.Config{Brokers: testkit.Kafka(t)}, stream.Deps{Log: zaptest.NewLogger(t)})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, out.Close(context.Background())) })
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	decoder, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	r := &rig{t: t, client: client, out: out, ring: ring, decoder: decoder, cells: statemem.NewCells(), grants: map[identifier.Key]int64{}}
	r.daily = vault.NewDaily(ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
		rec, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), proto.CloneOf(w), time.Now())
		rec.Pinned = true
		require.NoError(t, err)
		return out.Publish(ctx, []stream.Record{rec})
	})
	r.graph, err = resolve.NewGraph(statemem.NewGraph(), identity.DefaultRules())
	require.NoError(t, err)
	r.reader = resolve.NewReader(r.graph, r.cells)
	return r
}

// start runs a resolver until stop is called or the test ends.
func (r *rig) start(instance string, change ...func(*resolver.Config)) (stop func()) {
	r.t.Helper()
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance = []string{space}, instance
	cfg.HoldBack, cfg.PublishEvery, cfg.OutboxEvery, cfg.SweepEvery = 0, 20*time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	for _, f := range change {
		f(&cfg)
	}
	s, err := resolver.New(cfg, resolver.Deps{
		Log: zaptest.NewLogger(r.t), Metrics: prometheus.NewRegistry(), Stream: r.client, Output: r.out,
		Graph: r.graph, Cells: r.cells, Keyring: r.ring,
	})
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(r.t, <-done)
		}
	}
	r.t.Cleanup(stop)
	return stop
}

var paris = func() *time.Location {
	l, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return l
}()

func origin(channel eventpb.Channel, controller string) *event.Origin {
	trust := eventpb.Trust_TRUST_SELF
	if channel == eventpb.Channel_CHANNEL_STORE {
		trust = eventpb.Trust_TRUST_STATED
	}
	return &event.Origin{
		Space: space, Controller: controller, Source: event.ChannelName(channel) + "-1", Channel: channel, Brand: "maison", Store: "paris-1",
		Zone: paris, Country: "FR", Currency: "EUR", Trust: trust,
	}
}

func (r *rig) store(events ...string) {
	r.t.Helper()
	r.send(eventpb.Channel_CHANNEL_STORE, retail, events...)
}

func (r *rig) web(events ...string) {
	r.t.Helper()
	r.send(eventpb.Channel_CHANNEL_WEB, retail, events...)
}

// send decodes, stamps, seals and publishes events as an ingestor does.
func (r *rig) send(channel eventpb.Channel, controller string, events ...string) {
	r.t.Helper()
	topics := map[eventpb.Channel]string{
		eventpb.Channel_CHANNEL_STORE: stream.TopicEventsStore, eventpb.Channel_CHANNEL_WEB: stream.TopicEventsWeb,
	}
	for _, raw := range events {
		now := time.Now()
		d, rejection := r.decoder.Decode([]byte(raw), origin(channel, controller), now)
		require.Nil(r.t, rejection, "%+v", rejection)
		d.Pseudonymise(r.ring)
		e, personal, decisions := d.Stamp(r.ring, func(k identifier.Key) int64 {
			if at, ok := r.grants[k]; ok && at <= d.OccurredAt().Unix() {
				return at
			}
			return 0
		})
		var records []stream.Record
		for _, x := range decisions {
			rec, err := stream.Encode(stream.TopicConsents, []byte(r.name(x.GetPoint())), x, now)
			require.NoError(r.t, err)
			records = append(records, rec)
			if x.GetPurpose() == "unify_behaviour" && x.GetDecision() == "grant" {
				r.grants[identifier.Key{Namespace: identifier.Namespace(x.GetPoint().GetNamespace()), Value: string(x.GetPoint().GetPseudonym())}] = x.GetDecidedAt()
			}
		}
		if e != nil {
			if personal != nil {
				plain, err := proto.Marshal(personal)
				require.NoError(r.t, err)
				e.Personal, err = r.daily.Seal(r.t.Context(), controller, now, plain)
				require.NoError(r.t, err)
			}
			rec, err := stream.Encode(topics[channel], e.GetLeafKey(), e, now)
			require.NoError(r.t, err)
			records = append(records, rec)
		}
		require.NoError(r.t, r.out.Publish(r.t.Context(), records))
	}
}

func (r *rig) name(i *eventpb.Identifier) string {
	return r.ring.Name(space, identifier.Pseudonym(i.GetPseudonym()))
}

// id is the rcu_id that an identifier gives.
func (r *rig) id(ns identifier.Namespace, value string) string {
	return r.ring.Name(space, r.ring.Pseudonym(space, ns, value))
}

// people reads the profile that holds an identifier.
func (r *rig) person(ns identifier.Namespace, value string) *resolve.Person {
	r.t.Helper()
	key := identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, value))
	people, err := r.reader.People(r.t.Context(), space, []identifier.Key{key}, time.Now().Unix())
	require.NoError(r.t, err)
	return people[0]
}

// topic reads everything that lies on a topic.
func topic[M any, P interface {
	*M
	proto.Message
}](r *rig, name string) []P {
	r.t.Helper()
	n, err := r.client.Partitions(r.t.Context(), name)
	require.NoError(r.t, err)
	var out []P
	for p := range n {
		require.NoError(r.t, r.client.ReadAll(r.t.Context(), name, p, func(rec stream.Record) error {
			if len(rec.Value) == 0 {
				return nil
			}
			m := P(new(M))
			out = append(out, m)
			return rec.Decode(m)
		}))
	}
	return out
}

// owners replays what ClickHouse would see: the id of each event's rows, corrected by the overrides of its leaf.
func (r *rig) owners() map[string]string {
	return shownOwners(topic[eventpb.Owner](r, stream.TopicOwners), topic[eventpb.Resolved](r, stream.TopicResolved))
}

func shownOwners(owners []*eventpb.Owner, rows []*eventpb.Resolved) map[string]string {
	latest := map[string]*eventpb.Owner{}
	for _, o := range owners {
		if old := latest[string(o.GetLeafKey())]; old == nil || o.GetVersion() > old.GetVersion() {
			latest[string(o.GetLeafKey())] = o
		}
	}
	out := map[string]string{}
	versions := map[string]uint64{}
	for _, e := range rows {
		if e.GetVersion() < versions[e.GetEvent().GetId()] {
			continue
		}
		versions[e.GetEvent().GetId()] = e.GetVersion()
		out[e.GetEvent().GetId()] = e.GetRcuId()
		if o := latest[string(e.GetEvent().GetLeafKey())]; o != nil {
			out[e.GetEvent().GetId()] = o.GetRcuId()
		}
	}
	return out
}

// profiles replays rcu.profiles: the newest record of each id that is not gone.
func (r *rig) profiles() map[string]*eventpb.Profile {
	return newestProfiles(topic[eventpb.Profile](r, stream.TopicProfiles))
}

func newestProfiles(all []*eventpb.Profile) map[string]*eventpb.Profile {
	newest := map[string]*eventpb.Profile{}
	for _, p := range all {
		key := p.GetController() + "/" + p.GetRcuId()
		if old := newest[key]; old == nil || p.GetVersion() >= old.GetVersion() {
			newest[key] = p
		}
	}
	out := map[string]*eventpb.Profile{}
	for key, p := range newest {
		if !p.GetGone() {
			out[key] = p
		}
	}
	return out
}

// eventually waits for a condition.
func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	require.Eventually(r.t, ok, 10*time.Second, 20*time.Millisecond, what)
}

// j builds an event.
func j(id, typ, at string, identifiers []map[string]any, data map[string]any) string {
	return marshal(map[string]any{"id": id, "type": typ, "occurred_at": at, "identifiers": identifiers, "data": data})
}

func marshal(event map[string]any) string {
	raw, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func is(ns, value string) map[string]any { return map[string]any{"namespace": ns, "value": value} }

func proved(ns, value string) map[string]any {
	return map[string]any{"namespace": ns, "value": value, "proved": true}
}

func euros(minor int) map[string]any {
	return map[string]any{
		"total": map[string]any{"amount": minor, "currency": "EUR"},
		"lines": []map[string]any{{"sku": "A1", "quantity": 1, "amount": minor}},
	}
}

func list(m ...map[string]any) []map[string]any { return m }
