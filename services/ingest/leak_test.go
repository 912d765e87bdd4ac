package ingest_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestHugeRequests_leaveNoMemoryBehind(t *testing.T) {
	r := newRig(t, "store", nil)
	many := `{"id":"x","type":"sale","occurred_at":"2026-03-14T11:00:00Z","identifiers":[` + strings.Repeat(`{"namespace":"email","value":"a@example.org"},`, 9999) + `{"namespace":"email","value":"b@example.org"}],"data":{"total":{"amount":1}}}`
	bomb := zipped(t, bytes.Repeat([]byte("{"), 200<<20))
	deep := strings.Repeat("[", 30_000)
	send := func() {
		require.Equal(t, http.StatusOK, r.do(r.request("store-1", many)).Code)
		require.Equal(t, http.StatusOK, r.do(r.request("store-1", "["+deep)).Code)
		req := httptest.NewRequest(http.MethodPost, "/v1/events", bytes.NewReader(bomb.Bytes()))
		req.Header.Set("Authorization", "Bearer "+r.keys["store-1"])
		req.Header.Set("Content-Encoding", "gzip")
		require.Equal(t, http.StatusRequestEntityTooLarge, r.do(req).Code)
		r.producer.mu.Lock()
		r.producer.records = nil
		r.producer.mu.Unlock()
	}
	send()
	before := heap()
	for range 20 {
		send()
	}
	require.Less(t, heap(), before+16<<20)
}

// Values that no log, metric, Kafka key or error may hold.
var planted = []string{"marie.durand@example.org", "Durand-Lefebvre", "+33612345678", "0612345678", "4111111111111111", "FR7630006000011234567890189", "12 rue des Lilas", "1980-04-02"}

// plantedBodies are good and bad requests with planted values in every place that a source can write to but the id.
func plantedBodies() []string {
	person := `,"identifiers":[{"namespace":"email","value":"marie.durand@example.org"},{"namespace":"phone","value":"0612345678"}],
		"traits":{"given_name":"Marie","family_name":"Durand-Lefebvre","birth_date":"1980-04-02","address_line":"12 rue des Lilas"},
		"consent":[{"point":{"namespace":"email","value":"marie.durand@example.org"},"purpose":"marketing","channel":"email","decision":"refuse"}]`
	var bodies []string
	bodies = append(bodies, sale("a", person), sale("b", person+`,"marie.durand@example.org":1`), `{"marie.durand@example.org`, "marie.durand@example.org", "[marie.durand@example.org]")
	for i, v := range planted {
		id := string(rune('c' + i))
		bodies = append(bodies,
			sale(id, person+`,"version":"`+v+`"`),
			sale(id, `,"traits":{"city":"`+v+`","`+v+`":"x"},"sent_at":"`+v+`"`),
			sale(id, `,"identifiers":[{"namespace":"`+v+`","value":"`+v+`"}]`),
			sale(id, `,"consent":[{"point":{"namespace":"email","value":"`+v+`"},"purpose":"`+v+`","decision":"`+v+`"}]`),
			`{"id":"`+id+`","type":"`+v+`","occurred_at":"`+v+`"}`,
			`{"id":"`+id+`","type":"sale","occurred_at":"2026-03-14T11:00:00Z","data":{"total":{"amount":"`+v+`","currency":"`+v+`"},"`+v+`":{}}}`,
		)
	}
	return bodies
}

func TestPlantedValues_areNowhere(t *testing.T) {
	r := newRig(t, "store", nil)
	bodies := plantedBodies()
	var answers strings.Builder
	for _, body := range bodies {
		for _, away := range []bool{false, true} {
			r.cells.away.Store(away)
			if away {
				r.producer.fail = func([]stream.Record) error { return stream.ErrClosed }
			} else {
				r.producer.fail = nil
				r.clock.Add(int64(3 * time.Second))
			}
			req := r.request("store-1", body)
			req.URL.RawQuery = "email=" + url.QueryEscape(planted[0]) + "&" + planted[1]
			for i, h := range []string{"X-Request-Id", "User-Agent", "Referer", "X-Forwarded-For", "Cookie", "Traceparent"} {
				req.Header.Set(h, planted[i])
			}
			w := r.do(req)
			answers.WriteString(w.Body.String())
			for k, v := range w.Header() {
				answers.WriteString(k + strings.Join(v, ""))
			}
		}
	}
	r.producer.fail = nil
	for _, v := range planted {
		for _, path := range []string{"/v1/events/" + v, "/" + v + "/v1/events", "/v1//events/" + v, "/../" + v} {
			req := r.request("store-1", "{}")
			req.URL.Path = path
			answers.WriteString(r.do(req).Body.String())
		}
		req := r.request("store-1", "{}")
		req.Header.Set("Authorization", "Bearer "+v)
		answers.WriteString(r.do(req).Body.String())
		req = r.request("store-1", "{}")
		req.Header.Set("Content-Type", v)
		answers.WriteString(r.do(req).Body.String())
	}
	metrics := r.metrics()
	for _, v := range append(planted, r.keys["store-1"], "Marie") {
		require.NotContains(t, r.logs.String(), v)
		require.NotContains(t, metrics, v)
		require.NotContains(t, answers.String(), v)
		for _, rec := range r.producer.records {
			require.NotContains(t, string(rec.Key), v)
			require.NotContains(t, string(rec.Value), v, rec.Topic)
		}
	}
}
