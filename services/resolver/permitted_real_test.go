package resolver_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
	"rcu/services/contacts"
	"rcu/services/sink"
)

// control is a broker, the sink and ClickHouse behind worlds: their log goes on to it.
type control struct {
	t        *testing.T
	client   *stream.Client
	producer *stream.Producer
	store    *warehouse.Warehouse
}

// controlled are the topics that the sink reads.
var controlled = []string{stream.TopicResolved, stream.TopicOwners, stream.TopicProfiles, stream.TopicIdentity, stream.TopicConsents, stream.TopicContacts}

func newControl(t *testing.T) *control {
	t.Helper()
	c := &control{t: t}
	var err error
	c.client, err = stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{Log: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(c.client.Close)
	require.NoError(t, c.client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	c.producer, err = c.client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.producer.Close(context.WithoutCancel(t.Context())) })
	dsn, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	c.store, err = warehouse.Open(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.store.Close() })
	cfg := sink.Default()
	cfg.FlushEvery, cfg.ReloadEvery = 20*time.Millisecond, 100*time.Millisecond
	s, err := sink.New(cfg, sink.Deps{Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: c.client, Output: c.producer, Store: c.store})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	return c
}

// take writes what a world has on its log and Kafka has not, and waits until ClickHouse shows it.
func (c *control) take(w *permitWorld) {
	c.t.Helper()
	ctx := c.t.Context()
	for _, topic := range controlled {
		w.mu.Lock()
		records := slices.Clone(w.topics[topic][w.told[topic]:])
		w.told[topic] += len(records)
		w.mu.Unlock()
		require.NoError(c.t, c.producer.PublishAll(ctx, records))
	}
	require.Eventually(c.t, func() bool { return !slices.ContainsFunc(controlled, c.waits) }, time.Minute, 10*time.Millisecond, "the sink has everything")
	require.NoError(c.t, c.store.ReloadOwners(ctx))
}

// waits reports whether something on a topic is not in ClickHouse yet.
func (c *control) waits(topic string) bool {
	bounds, err := c.client.Bounds(c.t.Context(), topic, 0, 1)
	if err != nil {
		return true
	}
	offsets, err := c.client.Committed(c.t.Context(), sink.Default().Group, topic)
	if err != nil {
		return true
	}
	for partition, b := range bounds {
		if b.End > max(0, offsets[topic][partition]) {
			return true
		}
	}
	return false
}

// answer takes rows of ClickHouse.
type answer struct {
	names []string
	rows  []map[string]any
}

func (a *answer) Columns(names []string) error { a.names = names; return nil }
func (a *answer) End(bool) error               { return nil }
func (a *answer) Row(values []json.RawMessage) error {
	row := map[string]any{}
	for i, v := range values {
		var x any
		if err := json.Unmarshal(v, &x); err != nil {
			return err //nolint:wrapcheck // a test
		}
		row[a.names[i]] = x
	}
	a.rows = append(a.rows, row)
	return nil
}

func (c *control) ask(sql string) []map[string]any {
	c.t.Helper()
	var a answer
	require.NoError(c.t, c.store.Query(c.t.Context(), warehouse.Query{SQL: sql, MaxRows: 1_000_000}, &a), sql)
	return a.rows
}

func (c *control) count(from string) int {
	c.t.Helper()
	return int(c.ask("SELECT count() AS n FROM " + from)[0]["n"].(float64))
}

// rows are the events that ClickHouse has, with the person that it shows them on.
func (c *control) rows(w *permitWorld) map[string]row {
	c.t.Helper()
	c.take(w)
	persons := map[string]string{}
	for _, r := range c.ask("SELECT event_key, rcu_id FROM customer_timeline") {
		persons[r["event_key"].(string)] = r["rcu_id"].(string)
	}
	logged, out := w.logged(), map[string]row{}
	for _, r := range c.ask("SELECT event_id, lower(hex(sipHash128(controller, source, event_id))) AS event_key FROM events FINAL") {
		id := r["event_id"].(string)
		if x, ours := logged[id]; ours {
			out[id] = row{person: persons[r["event_key"].(string)], devices: x.devices}
		}
	}
	require.ElementsMatch(c.t, slices.Collect(maps.Keys(logged)), slices.Collect(maps.Keys(out)))
	return out
}

// found lists what the standing control finds, and reports how many advertisements were sent.
func (c *control) found() (violations []map[string]any, sent int) {
	c.t.Helper()
	return c.ask("SELECT * FROM sends_without_permission"), c.count("contact_steps FINAL WHERE step = 'confirm' AND reason = ''")
}

// worldOn makes a world on stores whose clock is that of the machine at its beginning: a server forgets by a clock of its own.
func worldOn(t *testing.T, seed uint64, broken sabotage, open func(now func() time.Time) stores) *permitWorld {
	t.Helper()
	w := newPermitWorldOn(t, seed, broken, open)
	w.now = time.Now().UTC().Truncate(time.Second)
	return w
}

// tellReal tells histories to the product on a Redis, and holds to the reference what ClickHouse shows of them; the standing control is empty on them.
func tellReal(t *testing.T, histories int) {
	t.Helper()
	c := newControl(t)
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.Redis(t)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	shown := permitted{}
	for n := 0; n < histories; n += storiesAtOnce {
		w := worldOn(t, uint64(n), sabotage{}, func(func() time.Time) stores {
			return stores{stateredis.NewCells(client), stateredis.NewGraph(client), stateredis.NewContacts(client)}
		})
		w.shown = func() map[string]row { return c.rows(w) }
		require.Empty(t, w.tell(uint64(n), n, storiesAtOnce, shown), "from history %d", n)
		c.take(w)
		w.close()
		violations, sent := c.found()
		require.Empty(t, violations, "from history %d", n)
		require.Positive(t, sent)
	}
	t.Log(shown)
	require.Positive(t, shown["rows"])
	require.Positive(t, shown["confirm"])
}

// TestPermitted_onRedisAndClickHouse tells a few of the histories over servers.
func TestPermitted_onRedisAndClickHouse(t *testing.T) {
	tellReal(t, storiesAtOnce)
}

// TestPermitted_manyOnRedisAndClickHouse tells hundreds.
func TestPermitted_manyOnRedisAndClickHouse(t *testing.T) {
	testkit.Long(t)
	tellReal(t, 200)
}

// sendFaults are ways in which senders are permitted what nobody permitted.
var sendFaults = map[string]func(contacts.Registers) contacts.Registers{
	"nobody was asked":               contacting(everybody),
	"denials are not seen":           contacting(withoutDenials),
	"ends are not seen":              contacting(withoutEnds),
	"a carried grant beats a denial": contacting(carriedAsSaid),
	"any purpose is offers":          contacting(anyPurpose),
	"any family was sold":            contacting(anyFamily),
	"another controller sold":        func(c contacts.Registers) contacts.Registers { return sharedSales{c.(resolve.Cells)} },
	"another controller was told": func(c contacts.Registers) contacts.Registers {
		return brokenCells{Cells: c.(resolve.Cells), key: otherController}
	},
	"another point was asked": func(c contacts.Registers) contacts.Registers {
		return brokenCells{Cells: c.(resolve.Cells), key: lastPoint()}
	},
	"what was read once holds for ever": func(c contacts.Registers) contacts.Registers {
		return brokenCells{Cells: c.(resolve.Cells), before: map[string]resolve.Cell{}, mu: &sync.Mutex{}}
	},
}

// TestPermitted_theStandingControlFindsWhatIsSentWithoutPermission plants ten faults before senders: each sends what the standing control finds.
func TestPermitted_theStandingControlFindsWhatIsSentWithoutPermission(t *testing.T) {
	testkit.Long(t)
	for name, broken := range sendFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newControl(t)
			for n := range 20 {
				w := worldOn(t, uint64(n), sabotage{desk: broken}, inMemory)
				w.tell(uint64(n), n*storiesAtOnce, storiesAtOnce, permitted{})
				c.take(w)
				w.close()
				if violations, sent := c.found(); len(violations) > 0 {
					t.Logf("after world %d: %d of %d sends, as %v", n, len(violations), sent, violations[0]["verdict"])
					return
				}
			}
			t.Fatal("nothing was found")
		})
	}
}
