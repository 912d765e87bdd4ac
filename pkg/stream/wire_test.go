package stream_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// baseline is the least version of each request that Kafka 4.0 takes (KIP-896).
var baseline = map[kmsg.Key]int16{
	kmsg.Produce: 3, kmsg.Fetch: 4, kmsg.ListOffsets: 1, kmsg.Metadata: 0, kmsg.OffsetCommit: 2, kmsg.OffsetFetch: 1,
	kmsg.FindCoordinator: 0, kmsg.JoinGroup: 2, kmsg.Heartbeat: 0, kmsg.LeaveGroup: 0, kmsg.SyncGroup: 0,
	kmsg.ApiVersions: 0, kmsg.CreateTopics: 2, kmsg.DescribeGroups: 0, kmsg.ListGroups: 0, kmsg.OffsetDelete: 0,
}

// TestWireVersions_noRequestIsOlderThanKafka4Takes guards against an upgrade of
// the protocol library, and against a path that nobody tried on a broker: the
// embedded one takes older versions than Kafka does.
func TestWireVersions_noRequestIsOlderThanKafka4Takes(t *testing.T) {
	r := newRig(t)
	seen := r.watchVersions()
	r.topics("a", "b")
	p := r.producer(stream.ProducerConfig{})
	s := newSink()
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"a", "b"}, SessionTimeout: 6 * time.Second}, s)
	require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("a", "k", 1), rec("b", "k", 2)}))
	eventually(t, "both arrive", func() bool { return s.count() == 2 })
	eventually(t, "a heartbeat is sent", func() bool { return seen.has(kmsg.Heartbeat) })
	require.NoError(t, stop())
	r.administer("g", "a")
	seen.forget(kmsg.DeleteTopics) // the test's own

	require.Empty(t, seen.problems())
	for _, call := range libraryCalls(t) {
		require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(baseline)), func(k kmsg.Key) bool { return k.Name() == call }), "nothing guards the version of %s", call)
	}
}

// administer does to a group without members, and to a topic, all that operators and programs do beside reading and writing.
func (r *rig) administer(group, topic string) {
	t, ctx := r.t, r.t.Context()
	t.Helper()
	_, err := r.client.Lag(ctx, group)
	require.NoError(t, err)
	n, err := r.client.Members(ctx, group)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, r.client.SetOffsets(ctx, group, map[string]map[int]int64{topic: {0: 0}}))
	at, err := r.client.OffsetAt(ctx, topic, 0, time.Now())
	require.NoError(t, err)
	bounds, err := r.client.Bounds(ctx, topic, 0)
	require.NoError(t, err)
	require.Equal(t, bounds[0].End, at)
	problems, err := r.client.CheckTopics(ctx, []stream.Topic{{Name: topic, Partitions: 4}})
	require.NoError(t, err)
	require.Empty(t, problems)
	require.ErrorIs(t, r.client.Adopt(ctx, topic), stream.ErrIntact)
	left, err := r.client.Committed(ctx, group)
	require.NoError(t, err)
	require.NotEmpty(t, left[topic], "what groups have read of it stays")
	l := &lives{rig: r, topic: topic}
	l.remove()
	l.makeAgain()
	require.NoError(t, r.client.SetOffsets(ctx, group, map[string]map[int]int64{topic: {0: 0}}), "as a restored broker may have it")
	require.NoError(t, r.client.Adopt(ctx, topic))
}

// versions are the oldest that were seen of each kind of request.
type versions struct {
	mu     sync.Mutex
	oldest map[kmsg.Key]int16
}

// watchVersions notes every request that the broker gets from now on.
func (r *rig) watchVersions() *versions {
	seen := &versions{oldest: map[kmsg.Key]int16{}}
	cluster := r.broker.Cluster()
	cluster.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		seen.note(kmsg.Key(req.Key()), req.GetVersion())
		return nil, nil, false
	})
	return seen
}

func (v *versions) note(key kmsg.Key, version int16) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, ok := v.oldest[key]; !ok || version < old {
		v.oldest[key] = version
	}
}

func (v *versions) has(key kmsg.Key) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.oldest[key]
	return ok
}

func (v *versions) forget(key kmsg.Key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.oldest, key)
}

// problems lists the kinds of requests that nobody sent, that are too old, and that nobody knew of.
func (v *versions) problems() (out []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, least := range baseline {
		switch got, ok := v.oldest[key]; {
		case !ok:
			out = append(out, "no request was sent: "+key.Name())
		case got < least:
			out = append(out, fmt.Sprintf("%s: version %d, below %d", key.Name(), got, least))
		}
	}
	for key := range v.oldest {
		if _, known := baseline[key]; !known {
			out = append(out, "a new kind of request: "+key.Name())
		}
	}
	return out
}

// libraryCalls are the kinds of requests that the package has the protocol library send by name.
func libraryCalls(t *testing.T) (calls []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	call := regexp.MustCompile(`\.kc\.(\w+)\(|key: protocol\.(\w+)`)
	for _, file := range files {
		code, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range call.FindAllSubmatch(code, -1) {
			calls = append(calls, string(m[1])+string(m[2]))
		}
	}
	require.Contains(t, calls, "OffsetDelete")
	require.Contains(t, calls, "Metadata")
	return calls
}

func TestWireVersions_oldRequestsAreCaught(t *testing.T) {
	seen := &versions{oldest: maps.Clone(baseline)}
	require.Empty(t, seen.problems())
	seen.note(kmsg.OffsetCommit, 1)
	seen.note(kmsg.DeleteTopics, 6)
	delete(seen.oldest, kmsg.OffsetDelete)
	require.ElementsMatch(t, []string{
		"OffsetCommit: version 1, below 2", "a new kind of request: DeleteTopics", "no request was sent: OffsetDelete",
	}, seen.problems())
}

// TestWireVersions_apacheKafka holds what is said above of Kafka's least versions against a broker.
func TestWireVersions_apacheKafka(t *testing.T) {
	testkit.Long(t)
	r := sharedRig(t, testkit.ApacheKafka(t))
	res, ok := r.raw(kmsg.NewPtrApiVersionsRequest()).(*kmsg.ApiVersionsResponse)
	require.True(t, ok)
	least, most := map[kmsg.Key]int16{}, map[kmsg.Key]int16{}
	for _, k := range res.ApiKeys {
		least[kmsg.Key(k.ApiKey)], most[kmsg.Key(k.ApiKey)] = k.MinVersion, k.MaxVersion
	}
	for key, version := range baseline {
		require.Contains(t, least, key, key.Name())
		require.GreaterOrEqual(t, version, least[key], key.Name())
		require.LessOrEqual(t, version, most[key], key.Name())
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
