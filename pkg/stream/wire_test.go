package stream_test

import (
	"encoding/binary"
	"io"
	"maps"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
)

// baseline is the least version of each request that Kafka 4.0 takes (KIP-896).
var baseline = map[kmsg.Key]int16{
	kmsg.Produce: 3, kmsg.Fetch: 4, kmsg.ListOffsets: 1, kmsg.Metadata: 0, kmsg.OffsetCommit: 2, kmsg.OffsetFetch: 1,
	kmsg.FindCoordinator: 0, kmsg.JoinGroup: 2, kmsg.Heartbeat: 0, kmsg.LeaveGroup: 0, kmsg.SyncGroup: 0,
	kmsg.ApiVersions: 0, kmsg.CreateTopics: 2,
}

// TestWireVersions_noRequestIsOlderThanKafka4Takes guards against an upgrade of
// the protocol library, and against a path that nobody tried on a broker: the
// embedded one takes older versions than Kafka does.
func TestWireVersions_noRequestIsOlderThanKafka4Takes(t *testing.T) {
	r := newRig(t)
	var mu sync.Mutex
	oldest := map[kmsg.Key]int16{}
	cluster := r.broker.Cluster()
	cluster.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		key := kmsg.Key(req.Key())
		if v, ok := oldest[key]; !ok || req.GetVersion() < v {
			oldest[key] = req.GetVersion()
		}
		return nil, nil, false
	})
	r.topics("a", "b")
	p := r.producer(stream.ProducerConfig{})
	s := newSink()
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"a", "b"}, SessionTimeout: 6 * time.Second}, s)
	require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("a", "k", 1), rec("b", "k", 2)}))
	eventually(t, "both arrive", func() bool { return s.count() == 2 })
	eventually(t, "a heartbeat is sent", func() bool {
		mu.Lock()
		defer mu.Unlock()
		_, ok := oldest[kmsg.Heartbeat]
		return ok
	})
	require.NoError(t, stop())
	_, err := r.client.Lag(t.Context(), "g")
	require.NoError(t, err)

	mu.Lock()
	defer mu.Unlock()
	for key, least := range baseline {
		got, ok := oldest[key]
		require.True(t, ok, "no %s request was sent", key.Name())
		require.GreaterOrEqual(t, got, least, key.Name())
	}
	for key := range maps.Keys(oldest) {
		require.Contains(t, baseline, key, "a new kind of request: %s", key.Name())
	}
}

// raw sends one request that the library has no call for, and gives its answer.
func (r *rig) raw(req kmsg.Request) kmsg.Response {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(r.t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(r.t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, 1))
	require.NoError(r.t, err)
	var size [4]byte
	_, err = io.ReadFull(conn, size[:])
	require.NoError(r.t, err)
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err = io.ReadFull(conn, body)
	require.NoError(r.t, err)
	body = body[4:] // the correlation id
	if req.IsFlexible() {
		body = body[1:] // no tags
	}
	res := req.ResponseKind()
	require.NoError(r.t, res.ReadFrom(body))
	return res
}
