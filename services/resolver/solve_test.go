package resolver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/resolve/statetest"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// Random histories with every feature on, published in random order, some records twice, to a broker that eight resolvers read over one
// Redis, while the rules of most spaces change, also those that say which cards name one person alone: every space answers as the offline kernel does
// for its facts, whose leaves are as they were stamped, and tells the warehouse and the profiles so. In every second round times lie months
// apart, so that the rules' look-back counts.
func TestSolveEqualsTheRunningSystem(t *testing.T) { solveEqualsRunning(t, 2, 12) }

func TestSolveEqualsTheRunningSystemLong(t *testing.T) {
	testkit.Long(t)
	const each = 50
	solveEqualsRunning(t, int(testkit.Histories(t, 2*each)/each), each)
}

// solveWait is how long a space may take to answer as it should: the machine may be busy with others.
const solveWait = 5 * time.Minute

// Clocks of histories, after every event in them: where times are as they are, and where they lie months apart.
const (
	solveNow       = 1_600_000
	solveNowMonths = 60_000_000
)

func solveEqualsRunning(t *testing.T, rounds, histories int) {
	t.Helper()
	for round := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(round, 43))
		rules := identitytest.RandomRules(rng)
		rules.BlockedPatterns = identitytest.RandomPatterns(rng)
		s, o := newSolving(t, fmt.Sprint("solve", round), rules), statetest.Large
		if o.Months = round%2 == 1; o.Months {
			s.now = solveNowMonths
		}
		for range histories {
			s.tell(rng, identitytest.History(rng, o))
		}
		s.run(rng)
	}
}

// solving is one broker, one Redis, and a history in each space.
type solving struct {
	t       *testing.T
	rules   identity.Rules
	now     int64
	prefix  string
	client  *stream.Client
	out     *stream.Producer
	redis   *stateredis.Client
	keys    string
	ring    *vault.Keyring
	facts   []*identity.Facts
	told    []map[string]*eventpb.Event // by space and id: what ingestors published of those that have a leaf
	records []stream.Record
}

func newSolving(t *testing.T, prefix string, rules identity.Rules) *solving {
	t.Helper()
	client, err := stream.Connect(stream.Config{Brokers: testkit.Kafka(t)}, stream.Deps{Log: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(8, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, out.Close(context.Background())) })
	redis, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.Redis(t)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Close()) })
	rules.Blocked = padded(rules.Blocked)
	keys := filepath.Join(t.TempDir(), "keys")
	ring, _, err := vault.LoadOrCreate(keys)
	require.NoError(t, err)
	return &solving{t: t, rules: rules, now: solveNow, prefix: prefix, client: client, out: out, redis: redis, keys: keys, ring: ring}
}

func (s *solving) space(i int) string { return fmt.Sprintf("%s-%d", s.prefix, i) }

// pad makes a value as long as a pseudonym.
func pad(v string) string { return fmt.Sprintf("%-*s", identifier.PseudonymSize, v) }

func padded(values map[string]bool) map[string]bool {
	out := map[string]bool{}
	for v, is := range values {
		out[pad(v)] = is
	}
	return out
}

func padKey(k identifier.Key) identifier.Key {
	if k.Value != "" {
		k.Value = pad(k.Value)
	}
	return k
}

// tell makes records of a history, and keeps the facts that they are.
func (s *solving) tell(rng *rand.Rand, f *identity.Facts) {
	space, told := s.space(len(s.facts)), map[string]*eventpb.Event{}
	f.Rules, f.Now = s.rules, s.now
	kernel, err := identity.NewKernel(f.Rules)
	require.NoError(s.t, err)
	for i, e := range f.Events {
		e.ID = "s/" + e.ID
		for i := range e.Keys {
			e.Keys[i] = padKey(e.Keys[i])
		}
		m := eventOf(space, e.Event)
		m.OccurredAt += int64(i) // no two values of an attribute are of one moment
		speak(rng, m)
		leaf := kernel.LeafOf(e.Event)
		if f.Events[i].Leaf = &leaf; !leaf.IsZero() {
			m.Leaf, m.LeafKey = leafOf(space, leaf)
			told[m.GetId()] = m
		}
		s.put(stream.TopicEventsWeb, m)
	}
	s.told = append(s.told, told)
	for _, d := range f.Decisions {
		d.ID, d.Point = "s/"+d.ID, padKey(d.Point)
		s.put(stream.TopicConsents, decisionOf(space, d))
	}
	acts := f.Acts[:0]
	for _, a := range f.Acts {
		if a.A, a.B = padKey(a.A), padKey(a.B); a.OnPair() && !identity.Lesser(a.A, a.B) {
			continue // of a value with itself: no steward can say so
		}
		acts = append(acts, a)
		m := &eventpb.Act{Space: space, Id: a.ID, Op: a.Op.String(), A: identifierOf(a.A), T: a.T}
		if a.OnPair() {
			m.B = identifierOf(a.B)
		}
		s.put(stream.TopicActs, m)
	}
	f.Acts = acts
	matches := f.Matches[:0]
	for _, m := range f.Matches {
		if m.A, m.B = padKey(m.A), padKey(m.B); identity.Lesser(m.A, m.B) {
			matches = append(matches, m)
			s.put(stream.TopicMatches, event.MatchMessage(space, m))
		}
	}
	f.Matches = matches
	s.facts = append(s.facts, f)
}

func (s *solving) put(topic string, m proto.Message) {
	s.t.Helper()
	r, err := stream.Encode(topic, fmt.Appendf(nil, "%d", len(s.records)), m, time.Now())
	require.NoError(s.t, err)
	s.records = append(s.records, r)
}

func identifierOf(k identifier.Key) *eventpb.Identifier {
	return &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
}

func eventOf(space string, e *identity.Event) *eventpb.Event {
	m := &eventpb.Event{
		Space: space, Controller: retail, Source: "s", Id: strings.TrimPrefix(e.ID, "s/"), Type: "profile.updated", OccurredAt: e.T * 1_000_000,
		Behaviour: e.Behaviour, Stated: e.Stated, Shared: e.Shared,
	}
	if e.Claim.Known() {
		m.Claim = &eventpb.Claim{Version: uint32(e.Claim.Version)}
		for _, k := range e.Claim.Given {
			m.Claim.Given = append(m.Claim.Given, uint32(k))
		}
		for _, k := range e.Claim.Family {
			m.Claim.Family = append(m.Claim.Family, uint32(k))
		}
		for _, k := range e.Claim.Birth {
			m.Claim.Birth = append(m.Claim.Birth, uint32(k))
		}
	}
	for i, k := range e.Keys {
		id := identifierOf(k)
		id.Stamp = e.Stamps[i]
		if i < len(e.Matches) {
			for _, match := range e.Matches[i] {
				id.Patterns = append(id.Patterns, uint64(match))
			}
		}
		if k.Namespace.Kind() == identifier.KindReference {
			m.References = append(m.References, id)
		} else {
			m.Identifiers = append(m.Identifiers, id)
		}
	}
	return m
}

func decisionOf(space string, d *identity.Decision) *eventpb.Decision {
	word := "grant"
	if d.Denies() {
		word = "refuse"
	}
	return &eventpb.Decision{
		Space: space, Controller: retail, Source: "s", Id: strings.TrimPrefix(d.ID, "s/"), Point: identifierOf(d.Point),
		Purpose: [...]string{"unify_core", "unify_behaviour"}[d.Purpose], Decision: word, Carried: d.Carried, DecidedAt: d.At, ExpiresAt: d.Expires,
	}
}

// run resolves everything and compares.
func (s *solving) run(rng *rand.Rand) {
	s.t.Helper()
	records := append(slices.Clone(s.records), s.records[:len(s.records)/3]...)
	rng.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	var spaces []string
	for i := range s.facts {
		spaces = append(spaces, s.space(i))
	}
	var stops []func() // one after the other: a broker lets those who join meanwhile wait for those who leave
	for i := range 8 {
		worker := s.resolver(i, spaces)
		ctx, stop := context.WithCancel(s.t.Context())
		done := make(chan error, 1)
		go func() { done <- worker.Run(ctx) }()
		stops = append(stops, func() { stop(); require.NoError(s.t, <-done) })
	}
	graph, err := resolve.NewGraph(stateredis.NewGraph(s.redis), s.rules)
	require.NoError(s.t, err)
	some := slices.Collect(slices.Chunk(records, 500))
	s.publish(some[:len(some)/2])
	s.changeRules(rng, graph)
	s.publish(some[len(some)/2:])
	for i, f := range s.facts {
		s.await(graph, i, f)
	}
	s.awaitTold()
	for _, stop := range stops {
		stop()
	}
	for i, f := range s.facts { // and nothing that came later changes it
		require.Empty(s.t, s.differs(graph, i, f))
	}
}

func (s *solving) publish(chunks [][]stream.Record) {
	s.t.Helper()
	for _, some := range chunks {
		require.NoError(s.t, s.out.PublishAll(s.t.Context(), some))
	}
}

// changeRules puts other rules in force in most spaces, while what was published before is resolved.
func (s *solving) changeRules(rng *rand.Rand, graph *resolve.Graph) {
	s.t.Helper()
	for i, f := range s.facts {
		if rng.IntN(3) == 0 {
			continue
		}
		after := statetest.ChangedRules(rng, f)
		after.Blocked = padded(after.Blocked)
		f.Rules = after
		require.NoError(s.t, graph.SetRules(s.t.Context(), s.space(i), after, s.now))
		require.NoError(s.t, graph.RejudgeAll(s.t.Context(), s.space(i), func() int64 { return s.now }, nil))
	}
}

// await waits until a space answers as solve does.
func (s *solving) await(graph *resolve.Graph, i int, f *identity.Facts) {
	s.t.Helper()
	diff := ""
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(solveWait); time.Now().Before(deadline); <-tick.C {
		if diff = s.differs(graph, i, f); diff == "" {
			return
		}
	}
	s.t.Fatalf("%s (-solve +running): %s", s.space(i), diff)
}

func (s *solving) differs(graph *resolve.Graph, i int, f *identity.Facts) string {
	s.t.Helper()
	want, err := f.Solve()
	require.NoError(s.t, err)
	got, _, err := statetest.Answer(s.t.Context(), graph, s.space(i), f)
	require.NoError(s.t, err)
	return cmp.Diff([]any{want.Profiles, want.Nobody}, []any{got.Profiles, got.Nobody})
}

// resolver is one of the workers. Its clock goes on from the time of the histories.
func (s *solving) resolver(i int, spaces []string) *resolver.Service {
	graph, err := resolve.NewGraph(stateredis.NewGraph(s.redis), s.rules)
	require.NoError(s.t, err)
	ring, _, err := vault.LoadOrCreate(s.keys)
	require.NoError(s.t, err)
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance, cfg.BatchRecords = spaces, fmt.Sprint(s.prefix, "-", i), 20
	cfg.HoldBack, cfg.PublishEvery, cfg.OutboxEvery, cfg.SweepEvery = 0, 50*time.Millisecond, 300*time.Millisecond, time.Second
	start := time.Now()
	r, err := resolver.New(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: s.client, Output: s.out, Graph: graph, Cells: stateredis.NewCells(s.redis), Keyring: ring,
		Now: func() time.Time { return time.Unix(s.now, 0).Add(time.Since(start)) },
	})
	require.NoError(s.t, err)
	return r
}
