package interrupted_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
	"rcu/services/resolver"
	"rcu/services/sink"
)

func TestInterrupted_tenTimesBetweenProduceAndCommit(t *testing.T) { interrupt(t, 10) }

func TestInterruptedLong_aHundredTimesBetweenProduceAndCommit(t *testing.T) {
	testkit.Long(t)
	interrupt(t, 100)
}

// some is how many events are sent at a time.
const some = 5

// progressEvery is how many interruptions come between two times that both groups commit.
const progressEvery = 3

// interrupt ends both services so many times and judges what is left.
func interrupt(t *testing.T, times int) {
	t.Helper()
	x := install(t)
	for n := range times {
		l := x.live()
		if n%progressEvery == 0 {
			x.send(some)
			x.drained()
		}
		x.refuses.Store(true)
		x.send(some)
		x.eventually("everything sent is in clickhouse", func() bool { return x.events() >= x.sent })
		l.end()
		x.uncommitted()
		x.refuses.Store(false)
	}
	published := x.end(stream.TopicResolved)
	x.live()
	x.send(some)
	x.drained()
	require.Greater(t, published, int64(x.sent), "what was not committed was published again")
	x.leavesAreExact()
	x.rowsAreExact()
	t.Logf("%d interruptions, %d events, %d records on %s", times, x.sent, x.end(stream.TopicResolved), stream.TopicResolved)
}

func (x *installation) eventually(what string, ok func() bool) {
	x.t.Helper()
	require.Eventually(x.t, ok, patience, 20*time.Millisecond, what)
}

// progress of a group: the topic whose records say how far it is.
type progress struct{ group, topic string }

var (
	resolved = progress{resolver.Default().Group, stream.TopicEventsStore}
	inserted = progress{sink.Default().Group, stream.TopicResolved}
)

// committed is how many records of its topic a group has behind it.
func (x *installation) committed(p progress) (sum int64) {
	x.t.Helper()
	topics, err := x.client.Committed(x.t.Context(), p.group, p.topic)
	require.NoError(x.t, err)
	for _, offset := range topics[p.topic] {
		sum += max(0, offset)
	}
	return sum
}

// behind is how many records of its topic a group has to commit still.
func (x *installation) behind(p progress) int64 {
	x.t.Helper()
	return x.end(p.topic) - x.committed(p)
}

// end is how many records lie on a topic.
func (x *installation) end(topic string) (sum int64) {
	x.t.Helper()
	n, err := x.client.Partitions(x.t.Context(), topic)
	require.NoError(x.t, err)
	for p := range n {
		bounds, err := x.client.Bounds(x.t.Context(), topic, p)
		require.NoError(x.t, err)
		sum += bounds[p].End
	}
	return sum
}

// drained waits until everything sent is in ClickHouse and both groups have committed it.
func (x *installation) drained() {
	x.t.Helper()
	x.eventually("everything sent is in clickhouse", func() bool { return x.events() >= x.sent })
	x.eventually("the resolver has committed everything", func() bool { return x.behind(resolved) == 0 })
	x.eventually("the sink has committed everything", func() bool { return x.behind(inserted) == 0 })
}

// uncommitted makes sure that an interruption was one: both groups have records of the last batch before them.
func (x *installation) uncommitted() {
	x.t.Helper()
	require.GreaterOrEqual(x.t, x.behind(resolved), int64(some))
	require.GreaterOrEqual(x.t, x.behind(inserted), int64(some))
}

// events counts what ClickHouse shows.
func (x *installation) events() int {
	x.t.Helper()
	return int(x.ask("SELECT count() FROM events FINAL")[0])
}

// rowsAreExact compares every table that sales reach with what was sent.
func (x *installation) rowsAreExact() {
	x.t.Helper()
	var sum float64
	for _, s := range x.sales {
		sum += float64(s)
	}
	n := float64(x.sent)
	for _, table := range [...]string{"events", "orders", "order_lines"} {
		require.Equal(x.t, []float64{n, n, sum}, x.ask("SELECT count(), uniqExact(event_id), sum(amount) FROM "+table+" FINAL"), table)
	}
	require.Equal(x.t, []float64{n, sum}, x.ask("SELECT sum(orders), sum(sold) FROM orders_by_channel"))
	profiles := []float64{people, sum}
	x.eventually("profiles hold every sale once", func() bool {
		return slices.Equal(profiles, x.ask("SELECT uniqExact(rcu_id), sum(net_by_currency['EUR']) FROM customer_360"))
	})
}

// leavesAreExact compares every leaf in Redis with what was sent of its card.
func (x *installation) leavesAreExact() {
	x.t.Helper()
	client, err := stateredis.Open(x.t.Context(), stateredis.Config{Addrs: []string{x.redis}})
	require.NoError(x.t, err)
	defer func() { _ = client.Close() }()
	graph, err := resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
	require.NoError(x.t, err)
	reader := resolve.NewReader(graph, stateredis.NewCells(client))
	for who := range people {
		key := identifier.KeyOf("card", x.ring.Pseudonym(space, "card", card(who)))
		found, err := reader.People(x.t.Context(), space, []identifier.Key{key}, time.Now().Unix())
		require.NoError(x.t, err)
		leaves := found[0].Owned(controller)
		require.Len(x.t, leaves, 1)
		p := profile.Combine(leaves)
		require.Equal(x.t, map[string]int64{"sale": x.count[who]}, p.Counters, "person %d", who)
		require.Len(x.t, p.Spend, 1)
		require.Equal(x.t, x.sales[who], p.Spend[0].Sales, "person %d", who)
		require.Equal(x.t, x.count[who], p.Spend[0].Tickets, "person %d", who)
	}
}

// row is the numbers of the one row of an answer.
type row []float64

func (r *row) Columns([]string) error { return nil }

func (r *row) Row(values []json.RawMessage) error {
	for _, v := range values {
		var n float64
		if err := json.Unmarshal(v, &n); err != nil {
			return fmt.Errorf("reading a number: %w", err)
		}
		*r = append(*r, n)
	}
	return nil
}

func (r *row) End(bool) error { return nil }

func (x *installation) ask(sql string) []float64 {
	x.t.Helper()
	var r row
	require.NoError(x.t, x.store.Query(x.t.Context(), warehouse.Query{SQL: sql}, &r), sql)
	return r
}
