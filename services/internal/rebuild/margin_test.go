package rebuild_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
	"rcu/services/internal/rebuild"
	"rcu/services/resolver"
)

// What the changelogs lost, as a broker does that lost its last seconds, comes from the events of the margin, which the resolver reads again.
// Without a margin it stays lost.
func TestWhatChangelogsLostComesFromTheMargin(t *testing.T) {
	i := newInstallation(t)
	i.live(40)
	who := sampled(40, 40)
	was := i.answers(i.redis, who)
	i.withoutLeaves()
	d := rebuild.Deps{Stream: i.client, Redis: openRedis(t)}
	report, err := rebuild.Redis(t.Context(), rebuild.Config{Margin: -1}, d)
	require.NoError(t, err)
	require.Zero(t, report.Again)
	i.redis = d.Redis
	i.resolved()
	require.False(t, slices.Equal(was, i.answers(i.redis, who)))

	d.Redis = openRedis(t)
	report, err = rebuild.Redis(t.Context(), rebuild.Config{}, d)
	require.NoError(t, err)
	all := int64(0)
	for _, topic := range resolver.Topics() {
		all += i.records(topic)
	}
	require.Equal(t, all, report.Again, "all of it came within the margin")
	i.redis = d.Redis
	i.resolved()
	require.True(t, slices.Equal(was, i.answers(i.redis, who)))
}

// withoutLeaves takes everything off the changelog of the leaves.
func (i *installation) withoutLeaves() {
	i.t.Helper()
	n, err := i.client.Partitions(i.t.Context(), stream.TopicLeaves)
	require.NoError(i.t, err)
	topic := kmsg.DeleteRecordsRequestTopic{Topic: stream.TopicLeaves}
	for p := range n {
		topic.Partitions = append(topic.Partitions, kmsg.DeleteRecordsRequestTopicPartition{Partition: int32(p), Offset: -1})
	}
	conn, err := net.Dial("tcp", i.client.Config().Brokers[0])
	require.NoError(i.t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, &kmsg.DeleteRecordsRequest{Version: 1, TimeoutMillis: 5000, Topics: []kmsg.DeleteRecordsRequestTopic{topic}}, 1))
	require.NoError(i.t, err)
	require.Eventually(i.t, func() bool { return i.records(stream.TopicLeaves) == 0 }, 10*time.Second, 10*time.Millisecond)
}

// records counts those of a topic.
func (i *installation) records(topic string) (n int64) {
	i.t.Helper()
	parts, err := i.client.Partitions(i.t.Context(), topic)
	require.NoError(i.t, err)
	for p := range parts {
		bounds, err := i.client.Bounds(i.t.Context(), topic, p)
		require.NoError(i.t, err)
		n += bounds[p].End - bounds[p].Start
	}
	return n
}
