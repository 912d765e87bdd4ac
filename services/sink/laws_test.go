package sink_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/sink"
)

// committed waits until a group has committed everything that lies on rcu.resolved, and returns how many events ClickHouse then shows.
func (r *rig) committed(group string) int {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		offsets, err := r.client.Committed(r.t.Context(), group, stream.TopicResolved)
		bounds, failed := r.client.Bounds(r.t.Context(), stream.TopicResolved, 0, 1)
		behind := int64(0)
		for p, b := range bounds {
			behind += b.End - max(0, offsets[stream.TopicResolved][p])
		}
		return err == nil && failed == nil && behind == 0
	}, 15*time.Second, 20*time.Millisecond)
	return int(r.ask("SELECT count() AS n FROM events FINAL")[0]["n"].(float64))
}

// twoLives writes one event of a topic, and, once the broker came back empty, another one at the same offset. It returns how many
// events ClickHouse shows.
func twoLives(t *testing.T) int {
	t.Helper()
	dsn := testkit.ClickHouse(t)
	shown := 0
	for _, id := range [...]string{"first", "second"} {
		r := newRigOn(t, []string{testkit.KafkaBroker(t).Addr()}, dsn)
		stop := r.start("sink")
		r.publish(stream.TopicResolved, sale(id, "p1", 1, 100))
		shown = r.committed("sink")
		stop()
	}
	return shown
}

func TestToken_rowsOfAnotherLifeOfATopicAreNotSwallowed(t *testing.T) {
	require.Equal(t, 2, twoLives(t))
	sink.Plant(t, sink.Faults{WithoutLogID: true})
	require.Equal(t, 1, twoLives(t))
}

// door stands before ClickHouse and can be closed.
type door struct{ closed atomic.Bool }

// before returns the address of the door to a database.
func (d *door) before(t *testing.T, dsn string) string {
	t.Helper()
	to, err := url.Parse(dsn)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})
	proxy.ErrorLog = log.New(io.Discard, "", 0) // requests end with the sink that sent them
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.closed.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	to.Host = at.Host
	return to.String()
}

// stoppedWhileAway stops a sink while ClickHouse takes nothing, and starts another. It returns how many of three events ClickHouse shows
// when everything is committed.
func stoppedWhileAway(t *testing.T) int {
	t.Helper()
	d := &door{}
	r := newRigOn(t, []string{testkit.KafkaBroker(t).Addr()}, d.before(t, testkit.ClickHouse(t)))
	stop := r.start("sink")
	r.publish(stream.TopicResolved, sale("e1", "p1", 1, 100))
	require.Equal(t, 1, r.committed("sink"))
	d.closed.Store(true)
	r.publish(stream.TopicResolved, sale("e2", "p1", 2, 100), sale("e3", "p1", 3, 100))
	require.Eventually(t, func() bool { return testkit.Metric(t, r.registry, "rcu_sink_insert_failures_total") > 0 }, 15*time.Second, 5*time.Millisecond)
	stop()
	d.closed.Store(false)
	stop = r.start("sink")
	defer stop()
	return r.committed("sink")
}

func TestOffsets_areCommittedBehindTheInsert(t *testing.T) {
	require.Equal(t, 3, stoppedWhileAway(t))
	sink.Plant(t, sink.Faults{CommitEarly: true})
	require.Less(t, stoppedWhileAway(t), 3)
}
