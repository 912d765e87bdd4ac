package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/judge"
	"rcu/services/e2e/chaos/load"
	"rcu/services/resolver"
)

// judged is an installation in which a judge found nothing.
type judged struct {
	t      *testing.T
	fleet  *fleet.Fleet
	ledger *load.Ledger
	client *stream.Client
	seed   uint64
}

// verdict judges once more, and demands findings of these kinds.
func (j *judged) verdict(kinds ...string) *judge.Verdict {
	j.t.Helper()
	v, err := judge.Judge(j.t.Context(), j.fleet, j.ledger, j.client, j.seed)
	require.NoError(j.t, err)
	for _, kind := range kinds {
		require.Contains(j.t, v.Findings, kind, "%s", v)
	}
	require.Error(j.t, (&report{Verdict: v}).outcome(nil), "the exit code")
	return v
}

// planted loses events in each store, and then doubles some, and has the judge find them.
func (j *judged) planted() {
	sales := j.sales(4)
	never := load.Key{Source: sales[0].GetSource(), ID: "never"}
	j.ledger.Entries()[never] = &load.Entry{Accepted: time.Now()}
	j.leaf(sales[0], func(*profile.State) []byte { return (&profile.State{}).Encode() })
	j.sql("DELETE FROM events WHERE " + row(sales[1]))
	lost := j.verdict("lost in kafka", "lost in redis", "lost in clickhouse")
	require.GreaterOrEqual(j.t, lost.Lost, 3)
	require.Zero(j.t, lost.Doubled)

	delete(j.ledger.Entries(), load.Key{Source: sales[2].GetSource(), ID: sales[2].GetId()})
	j.leaf(sales[2], func(s *profile.State) []byte {
		again := proto.CloneOf(sales[2])
		again.Id, again.References = again.Id+"-again", nil
		require.Equal(j.t, profile.Folded, s.Fold(profile.Folding{Event: again}))
		return s.Encode()
	})
	j.sql("INSERT INTO events SELECT * REPLACE (generateUUIDv4() AS leaf) FROM events FINAL WHERE " + row(sales[3]))
	j.older()
	doubled := j.verdict("last record of a component", "identifier on the wrong line of the identity map",
		"doubled in kafka (nobody sent it)", "doubled in redis (or another event of its leaf)", "doubled in clickhouse")
	require.GreaterOrEqual(j.t, doubled.Doubled, 2)
	require.Equal(j.t, lost.Lost, doubled.Lost)
	require.Greater(j.t, doubled.Older[stream.TopicProfiles], lost.Older[stream.TopicProfiles])
}

// older tells an older profile, that a component is gone, and a wrong line of the identity map, behind what stands.
func (j *judged) older() {
	j.t.Helper()
	producer, err := j.client.NewProducer(stream.ProducerConfig{})
	require.NoError(j.t, err)
	defer func() { require.NoError(j.t, producer.Close(j.t.Context())) }()
	for topic, change := range map[string]func(r *stream.Record){
		stream.TopicProfiles: func(r *stream.Record) {
			p := new(eventpb.Profile)
			require.NoError(j.t, r.Decode(p))
			p.Version, p.Gone = 1, !p.GetGone()
			j.says(r, p)
		},
		stream.TopicIdentityMap: func(r *stream.Record) {
			m := new(eventpb.MapEntry)
			require.NoError(j.t, r.Decode(m))
			m.Canonical = "nobody"
			j.says(r, m)
		},
		stream.TopicGraph: func(r *stream.Record) { r.Value = nil },
	} {
		r := j.standing(topic)
		change(&r)
		require.NoError(j.t, producer.Publish(j.t.Context(), []stream.Record{r}))
	}
}

// says makes a record that says m, in the place of another.
func (j *judged) says(r *stream.Record, m proto.Message) {
	j.t.Helper()
	said, err := stream.Encode(r.Topic, r.Key, m, time.Now())
	require.NoError(j.t, err)
	*r = said
}

// standing finds a record of a topic that is the last of its key and no tombstone.
func (j *judged) standing(topic string) stream.Record {
	j.t.Helper()
	last := map[string]stream.Record{}
	parts, err := j.client.Partitions(j.t.Context(), topic)
	require.NoError(j.t, err)
	for p := range parts {
		require.NoError(j.t, j.client.ReadAll(j.t.Context(), topic, p, func(r stream.Record) error {
			if _, _, component, err := resolver.GraphRecord(r); topic == stream.TopicGraph && (err != nil || !component) {
				return err
			}
			last[string(r.Key)] = r
			return nil
		}))
	}
	for _, r := range last {
		if len(r.Value) > 0 {
			return r
		}
	}
	j.t.Fatalf("nothing stands on %s", topic)
	return stream.Record{}
}

// row is the condition that finds an event in ClickHouse.
func row(e *eventpb.Event) string {
	return fmt.Sprintf("source = '%s' AND event_id = '%s'", e.GetSource(), e.GetId())
}

// sql runs a statement as the administrator of ClickHouse.
func (j *judged) sql(statement string) {
	j.t.Helper()
	address, user, password := j.fleet.ClickHouse()
	req, err := http.NewRequestWithContext(j.t.Context(), http.MethodPost, address+"/?database=rcu", strings.NewReader(statement))
	require.NoError(j.t, err)
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(j.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(j.t, err)
	require.Equal(j.t, http.StatusOK, resp.StatusCode, "%s", body)
}

// sales gives one of each of so many leaves.
func (j *judged) sales(n int) (out []*eventpb.Event) {
	j.t.Helper()
	seen := map[string]bool{}
	parts, err := j.client.Partitions(j.t.Context(), stream.TopicEventsStore)
	require.NoError(j.t, err)
	for p := range parts {
		require.NoError(j.t, j.client.ReadAll(j.t.Context(), stream.TopicEventsStore, p, func(r stream.Record) error {
			e := &eventpb.Event{}
			err := r.Decode(e)
			if leaf := string(e.GetLeafKey()); leaf != "" && e.GetType() == "sale" && !seen[leaf] && len(out) < n {
				seen[leaf] = true
				out = append(out, e)
			}
			return err
		}))
	}
	require.Len(j.t, out, n)
	return out
}

// leaf puts another value in the place of the leaf of an event.
func (j *judged) leaf(e *eventpb.Event, other func(*profile.State) []byte) {
	j.t.Helper()
	redis, err := stateredis.Open(j.t.Context(), stateredis.Config{Addrs: []string{j.fleet.Server(fleet.Redis).Addr()}})
	require.NoError(j.t, err)
	defer func() { _ = redis.Close() }()
	cells := stateredis.NewCells(redis)
	name := resolve.LeafCell(e.GetSpace(), e.GetController(), e.GetLeafKey())
	stored, err := cells.LoadCells(j.t.Context(), []string{name})
	require.NoError(j.t, err)
	state, err := profile.Decode(stored[0].Value)
	require.NoError(j.t, err)
	written, err := cells.CommitCells(j.t.Context(), []resolve.Cell{{Key: name, Version: stored[0].Version, Value: other(state)}})
	require.NoError(j.t, err)
	require.Equal(j.t, []bool{true}, written)
}
