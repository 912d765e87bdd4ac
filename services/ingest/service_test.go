package ingest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
)

func TestTakeEvents_formsOfABody_areTheSameEvents(t *testing.T) {
	a, b := sale("a", ""), sale("b", "")
	tests := []struct {
		name, contentType, encoding, body string
		want                              string
	}{
		{name: "one object", contentType: "application/json", body: a, want: "accepted"},
		{name: "no content type", body: a, want: "accepted"},
		{name: "with a charset", contentType: "application/json; charset=utf-8", body: a, want: "accepted"},
		{name: "array", contentType: "application/json", body: list(a, b), want: "accepted accepted"},
		{name: "lines", contentType: "application/x-ndjson", body: a + "\n" + b + "\n", want: "accepted accepted"},
		{name: "gzip array", contentType: "application/json", encoding: "gzip", body: list(a, b), want: "accepted accepted"},
		{name: "gzip lines", contentType: "application/x-ndjson", encoding: "gzip", body: a + "\n" + b, want: "accepted accepted"},
		{name: "bad line keeps the others", contentType: "application/x-ndjson", body: a + "\n{\"id\":\n" + b, want: "accepted rejected:invalid_json accepted"},
		{name: "array cut short", contentType: "application/json", body: "[" + a + `,{"id":"b"`, want: "accepted rejected:invalid_json"},
		{name: "array without its end", contentType: "application/json", body: "[" + a + "," + b, want: "accepted rejected:invalid_json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "store", nil)
			req := r.request("store-1", tt.body)
			if tt.encoding == "gzip" {
				req = httptest.NewRequest(http.MethodPost, "/v1/events", zipped(t, []byte(tt.body)))
				req.Header.Set("Authorization", "Bearer "+r.keys["store-1"])
				req.Header.Set("Content-Encoding", "gzip")
			}
			req.Header.Del("Content-Type")
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			w := r.do(req)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			answer := answerOf(t, w)
			require.Equal(t, tt.want, statuses(answer))
			require.Len(t, r.events(stream.TopicEventsStore), answer.Accepted)
			require.Len(t, r.producer.of(stream.TopicDeadLetter), answer.Rejected)
			require.NotEmpty(t, answer.RequestID)
		})
	}
}

func TestTakeEvents_refusedRequests(t *testing.T) {
	big := `{"id":"x","type":"sale","pad":"` + strings.Repeat("x", 10<<20) + `"}`
	tests := []struct {
		name    string
		channel string
		change  func(r *rig, req *http.Request) *http.Request
		body    string
		status  int
		reason  string
	}{
		{name: "no key", change: func(_ *rig, q *http.Request) *http.Request { q.Header.Del("Authorization"); return q }, status: 401, reason: "no_key"},
		{name: "wrong key", change: func(_ *rig, q *http.Request) *http.Request { q.Header.Set("Authorization", "Bearer x"); return q }, status: 401, reason: "unknown_key"},
		{name: "key of another channel", change: func(r *rig, q *http.Request) *http.Request {
			q.Header.Set("Authorization", "Bearer "+r.keys["web-1"])
			return q
		}, status: 403, reason: "other_channel"},
		{name: "content type", change: func(_ *rig, q *http.Request) *http.Request { q.Header.Set("Content-Type", "text/csv"); return q }, status: 415, reason: "unsupported_content_type"},
		{name: "content encoding", change: func(_ *rig, q *http.Request) *http.Request { q.Header.Set("Content-Encoding", "br"); return q }, status: 415, reason: "unsupported_encoding"},
		{name: "gzip that is none", change: func(_ *rig, q *http.Request) *http.Request { q.Header.Set("Content-Encoding", "gzip"); return q }, status: 400, reason: "unreadable_body"},
		{name: "empty", body: " ", status: 400, reason: "empty_body"},
		{name: "text", body: "hello", status: 400, reason: "invalid_json"},
		{name: "object cut short", body: `{"id":"a","type":"sale"`, status: 400, reason: "invalid_json"},
		{name: "bytes after the array", body: "[{}] x", status: 400, reason: "trailing_bytes"},
		{name: "10 MB", body: big, status: 413, reason: "body_too_large"},
		{name: "gzip bomb", change: func(r *rig, q *http.Request) *http.Request {
			b := httptest.NewRequest(http.MethodPost, "/v1/events", zipped(r.t, []byte(strings.Repeat(big, 5))))
			b.Header = q.Header.Clone()
			b.Header.Set("Content-Encoding", "gzip")
			return b
		}, status: 413, reason: "body_too_large"},
		{name: "too many events", body: list(strings.Split(strings.Repeat("{} ", 1001), " ")[:1001]...), status: 413, reason: "too_many_events"},
		{name: "GET", change: func(_ *rig, q *http.Request) *http.Request { q.Method = http.MethodGet; return q }, status: 405, reason: "method_not_allowed"},
		{name: "other path", change: func(_ *rig, q *http.Request) *http.Request { q.URL.Path = "/v1/event"; return q }, status: 404, reason: "not_found"},
		{name: "more events than the source may send at once", change: func(r *rig, q *http.Request) *http.Request {
			q.Header.Set("Authorization", "Bearer "+r.keys["store-slow"])
			return q
		}, body: list("{}", "{}", "{}", "{}", "{}", "{}"), status: 413, reason: "too_many_events"},
	}
	r := newRig(t, "store", nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body == "" {
				tt.body = sale("a", "")
			}
			req := r.request("store-1", tt.body)
			if tt.change != nil {
				req = tt.change(r, req)
			}
			w := r.do(req)
			require.Equal(t, tt.status, w.Code, w.Body.String())
			reason, fix := problemOf(t, w)
			require.Equal(t, tt.reason, reason)
			require.NotEmpty(t, fix)
			require.Empty(t, r.events(stream.TopicEventsStore))
		})
	}
	require.Equal(t, "accepted", statuses(r.send("store-1", sale("a", ""))), "the service still answers")
}

func TestTakeEvents_rateOfASource(t *testing.T) {
	r := newRig(t, "store", nil)
	body := list(sale("a", ""), sale("b", ""), sale("c", ""))
	require.Equal(t, 3, r.send("store-slow", body).Accepted)
	w := r.do(r.request("store-slow", body))
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.Equal(t, 3, r.send("store-1", body).Accepted, "another source is not held up")
	require.Equal(t, 2, r.send("store-slow", list(sale("d", ""), sale("e", ""))).Accepted, "a refused request costs nothing")
	require.Equal(t, http.StatusTooManyRequests, r.do(r.request("store-slow", sale("f", ""))).Code)
	r.clock.Add(int64(3e9))
	require.Equal(t, 3, r.send("store-slow", body).Accepted)
}

func TestTakeEvents_sameIDTwice(t *testing.T) {
	r := newRig(t, "store", nil)
	other := strings.Replace(sale("a", ""), "4599", "4600", 1)
	a := r.send("store-1", list(sale("a", ""), sale("a", ""), other, sale("b", "")))
	require.Equal(t, "accepted accepted rejected:id_reused accepted", statuses(a))
	require.Equal(t, "/id", a.Results[2].Field)
	require.Len(t, r.events(stream.TopicEventsStore), 2)
}

func TestTakeEvents_tooLargeEvent_namesItAndKeepsTheOthers(t *testing.T) {
	r := newRig(t, "store", nil)
	large := sale("l", `,"traits":{"city":"`+strings.Repeat("x", 33<<10)+`"}`)
	a := r.send("store-1", list(sale("a", ""), large, sale("b", "")))
	require.Equal(t, "accepted rejected:too_large accepted", statuses(a))
	require.NotEmpty(t, a.Results[1].Fix)
}

func TestTakeEvents_personalFieldsAreSealed_keysAreLeaves(t *testing.T) {
	r := newRig(t, "store", nil)
	r.send("store-1", sale("a", `,"identifiers":[{"namespace":"email","value":"Marie.Durand@Example.org"}],"traits":{"given_name":"Marie","language":"fr"}`))
	records := r.producer.of(stream.TopicEventsStore)
	require.Len(t, records, 1)
	require.Len(t, records[0].Key, 16)
	require.True(t, received.Equal(records[0].Time))
	for _, plain := range []string{"Marie", "marie", "example.org"} {
		require.NotContains(t, string(records[0].Value)+string(records[0].Key), plain)
	}
	e := r.events(stream.TopicEventsStore)[0]
	require.Equal(t, records[0].Key, e.GetLeafKey())
	require.Equal(t, []string{"store-1", "paris-1", "shop-fr", "group"}, []string{e.GetSource(), e.GetStore(), e.GetController(), e.GetSpace()})
	require.Equal(t, received.UnixMicro(), e.GetReceivedAt())
	p := r.personal(e)
	require.Equal(t, "Marie", p.GetTraits()["given_name"])
	want := r.pseudonym(identifier.Email, "marie.durand@example.org")
	require.Equal(t, want[:], e.GetIdentifiers()[0].GetPseudonym())

	r.send("store-1", sale("anonymous", ""))
	anonymous := r.producer.of(stream.TopicEventsStore)[1]
	require.Len(t, anonymous.Key, 16, "an event without a leaf is keyed by its id's digest")
}

func TestTakeEvents_historyHasItsOwnLane(t *testing.T) {
	r := newRig(t, "store", nil)
	a := r.send("store-1", list(`{"id":"c1","type":"customer.recorded","occurred_at":"2020-01-01T00:00:00Z","identifiers":[{"namespace":"customer","value":"C1"}],"data":{}}`, sale("a", "")))
	require.Equal(t, 2, a.Accepted, a.Results)
	require.Len(t, r.events(stream.TopicEventsHistory), 1)
	require.Len(t, r.events(stream.TopicEventsStore), 1)
}

func TestTakeEvents_kafkaAway_promisesNothing(t *testing.T) {
	r := newRig(t, "store", nil)
	body := list(sale("a", ""), sale("b", `,"version":7`))
	for _, tt := range []struct {
		err    error
		status int
		reason string
	}{
		{stream.ErrOverloaded, 429, "overloaded"},
		{&stream.PublishError{Errs: map[int]error{0: errors.New("no leader")}, Total: 1}, 503, "kafka_unavailable"},
	} {
		r.producer.fail = func([]stream.Record) error { return tt.err }
		w := r.do(r.request("store-1", body))
		require.Equal(t, tt.status, w.Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		reason, _ := problemOf(t, w)
		require.Equal(t, tt.reason, reason)
	}
	r.producer.fail = nil
	require.Equal(t, http.StatusServiceUnavailable, r.do(r.request("store-1", body)).Code, "refused at once")
	require.Empty(t, r.events(stream.TopicEventsStore))
	r.clock.Add(int64(time.Second))
	require.Equal(t, "accepted rejected:not_listed", statuses(r.send("store-1", body)))
}

func TestTakeEvents_deadLetter_isSealedAndRedacted(t *testing.T) {
	r := newRig(t, "store", nil)
	card, iban := "4111 1111 1111 1111", "FR7630006000011234567890189"
	a := r.send("store-1", list(
		sale("a", `,"traits":{"city":"`+card+`"}`),
		sale("b", `,"identifiers":[{"namespace":"card","value":"`+iban+`"}]`),
		`{"id":"c","type":"sale","occurred_at":"2026-03-14T12:00:00+01:00","data":{"total":{"amount":1,"currency":"XXQ"}},"traits":{"given_name":"Marie"}}`,
	))
	require.Equal(t, "rejected:card_number rejected:iban rejected:not_listed", statuses(a))
	require.Equal(t, "/data/total/currency", a.Results[2].Field)
	letters := r.producer.of(stream.TopicDeadLetter)
	require.Len(t, letters, 3)
	for i, rec := range letters {
		l := &eventpb.DeadLetter{}
		require.NoError(t, rec.Decode(l))
		require.Equal(t, a.Results[i].Reason, l.GetReason())
		require.Equal(t, a.Results[i].Field, l.GetField())
		require.Equal(t, []string{"store-1", "shop-fr", "ingest"}, []string{l.GetSource(), l.GetController(), l.GetStage()})
		require.Equal(t, "store-1", string(rec.Key))
		require.NotContains(t, string(rec.Value), "Marie")
		plain, err := r.daily.Open(l.GetBody())
		require.NoError(t, err)
		require.NotContains(t, string(plain), card)
		require.NotContains(t, string(plain), iban)
		if i == 2 {
			require.Contains(t, string(plain), "Marie", "the event itself is kept")
		}
	}
	r.producer.fail = func(rs []stream.Record) error {
		if rs[0].Topic == stream.TopicDeadLetter {
			return errors.New("no such topic")
		}
		return nil
	}
	require.Equal(t, "accepted rejected:invalid_json", statuses(r.send("store-1", list(sale("x", ""), "{]"))), "a dead letter is best effort")
	require.Contains(t, r.metrics(), `rcu_ingestor_dead_letters_total{channel="store",result="lost"} 1`)
}

func (r *rig) metrics() string {
	w := r.do(httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(r.t, http.StatusOK, w.Code)
	return w.Body.String()
}

func TestFourChannels_shareOneRegistry(t *testing.T) {
	reg := telemetry.NewRegistry("test")
	for channel := range newService {
		r := newRig(t, channel, func(_ *ingest.Config, d *ingest.Deps) { d.Registerer, d.Gatherer = reg, reg })
		r.send(channel+"-1", goodOf(channel, "a"))
	}
	testkit.LintMetrics(t, reg)
}

func TestProbes(t *testing.T) {
	r := newRig(t, "store", nil)
	require.Equal(t, 200, r.do(httptest.NewRequest(http.MethodGet, "/healthz", nil)).Code)
	require.Equal(t, 503, r.do(httptest.NewRequest(http.MethodGet, "/readyz", nil)).Code, "nothing listens yet")
	require.NoError(t, r.service.Listen(t.Context()))
	require.Equal(t, 200, r.do(httptest.NewRequest(http.MethodGet, "/readyz", nil)).Code)
}

func TestAnswer_isJSON(t *testing.T) {
	r := newRig(t, "store", nil)
	w := r.do(r.request("store-1", list(sale(`a\"<é>`, ""), "{}")))
	require.Equal(t, 200, w.Code)
	var a ingest.Answer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	require.Equal(t, `a\"<é>`, a.Results[0].ID)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
}
