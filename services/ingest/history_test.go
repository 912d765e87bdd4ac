package ingest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
)

// historyRig is an ingestor with a source that may use the history lane, and the answer of the resolver's lag.
func historyRig(t *testing.T, waiting func() (ingest.Waiting, error)) *rig {
	t.Helper()
	return newRig(t, "store", func(_ *ingest.Config, d *ingest.Deps) {
		for i := range d.Sources {
			d.Sources[i].Principal.History = d.Sources[i].Principal.Name == "store-1"
		}
		if waiting != nil {
			d.Waiting = func(context.Context) (ingest.Waiting, error) { return waiting() }
		}
	})
}

func (r *rig) sendTo(lane, source, body string) (int, string) {
	r.t.Helper()
	req := r.request(source, body)
	req.URL.RawQuery = "lane=" + lane
	w := r.do(req)
	if w.Code == http.StatusOK {
		return w.Code, ""
	}
	reason, fix := problemOf(r.t, w)
	require.NotEmpty(r.t, fix)
	return w.Code, reason
}

// oldSale is a ticket of 2010 with a card and a grant.
const oldSale = `{"id":"old","type":"sale","occurred_at":"2010-05-01T10:00:00+02:00","identifiers":[{"namespace":"card","value":"2990001234567","proved":true},
 {"namespace":"email","value":"a@example.fr"}],"traits":{"given_name":"Marie"},
 "consent":[{"point":{"namespace":"email","value":"a@example.fr"},"purpose":"marketing","channel":"email","decision":"grant","method":"carried","decided_at":"2010-05-01T10:00:00Z"}],
 "data":{"total":{"amount":4599,"currency":"EUR"}}}`

func TestHistory_theSameEventOnAnotherTopic(t *testing.T) {
	live, history := historyRig(t, nil), historyRig(t, nil)
	code, _ := live.sendTo("live", "store-1", oldSale)
	require.Equal(t, 200, code)
	history.vault = live.vault
	code, _ = history.sendTo("history", "store-1", oldSale)
	require.Equal(t, 200, code)
	require.Empty(t, live.producer.of(stream.TopicEventsHistory))
	require.Empty(t, history.producer.of(stream.TopicEventsStore))
	a, b := live.producer.of(stream.TopicEventsStore), history.producer.of(stream.TopicEventsHistory)
	require.Len(t, a, 1)
	require.Len(t, b, 1)
	require.Equal(t, received, b[0].Time, "a broker keeps it as long as any other")
	var x, y eventpb.Event
	require.NoError(t, a[0].Decode(&x))
	require.NoError(t, b[0].Decode(&y))
	require.Equal(t, y.LeafKey, b[0].Key)
	require.NotNil(t, y.Personal, "sealed")
	require.Equal(t, x.GetOccurredAt(), y.GetOccurredAt())
	require.Equal(t, received.UnixMicro(), y.GetReceivedAt())
	require.Equal(t, "store-1", y.GetSource())
	require.Len(t, history.decisions(), 1, "decisions take no lane")
	require.True(t, history.decisions()[0].GetCarried())
}

func TestHistory_whoMay(t *testing.T) {
	r := historyRig(t, nil)
	code, reason := r.sendTo("history", "store-slow", oldSale)
	require.Equal(t, 403, code)
	require.Equal(t, "no_history", reason)
	code, reason = r.sendTo("fast", "store-1", oldSale)
	require.Equal(t, 400, code)
	require.Equal(t, "unknown_lane", reason)
	require.Empty(t, r.producer.of(stream.TopicEventsHistory))
	require.Empty(t, r.producer.of(stream.TopicEventsStore))
}

func TestHistory_fullLane(t *testing.T) {
	var waiting ingest.Waiting
	var away error
	asked := 0
	r := historyRig(t, func() (ingest.Waiting, error) { asked++; return waiting, away })
	limits := ingest.Default("store")
	send := func(lane string) (int, string) {
		r.clock.Add(int64(time.Second))
		return r.sendTo(lane, "store-1", oldSale)
	}
	for _, c := range []struct {
		waiting ingest.Waiting
		away    error
		code    int
		reason  string
	}{
		{code: 200},
		{waiting: ingest.Waiting{History: limits.HistoryWaiting, Consents: limits.HistoryConsents}, code: 200},
		{waiting: ingest.Waiting{History: limits.HistoryWaiting + 1}, code: 429, reason: "history_full"},
		{waiting: ingest.Waiting{Consents: limits.HistoryConsents + 1}, code: 429, reason: "history_full"},
		{away: errors.New("broker away"), code: 503, reason: "kafka_unavailable"},
		{code: 200},
	} {
		waiting, away = c.waiting, c.away
		code, reason := send("history")
		require.Equal(t, c.code, code, "%+v", c)
		require.Equal(t, c.reason, reason)
		code, _ = send("live")
		require.Equal(t, 200, code, "live events are not held back")
	}
	before := asked
	for range 5 {
		_, _ = r.sendTo("history", "store-1", oldSale)
	}
	require.Equal(t, before+1, asked, "asked once a second")
}

func TestHistory_sourcesFile(t *testing.T) {
	list := specs()
	list[0].History = true
	file, _, err := ingest.GenerateSources(list)
	require.NoError(t, err)
	entries, err := ingest.ParseSources(file)
	require.NoError(t, err)
	require.True(t, entries[0].Principal.History)
	require.False(t, entries[1].Principal.History)
}
