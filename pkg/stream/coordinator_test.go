package stream_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
)

// refusals count how often a broker has refused requests, by their kind.
type refusals map[kmsg.Key]*atomic.Int64

// refuseOnce has the broker refuse the next request of each kind, as one does whose coordinator is not there yet.
func (r *rig) refuseOnce(code int16, keys ...kmsg.Key) refusals {
	refused := refusals{}
	for _, key := range keys {
		n := &atomic.Int64{}
		refused[key] = n
		r.broker.Cluster().ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
			n.Add(1)
			return refusal(req, code), nil, true // once: the broker forgets a control that has answered
		})
	}
	return refused
}

// requireMet fails unless each kind was refused.
func (x refusals) requireMet(t *testing.T) {
	t.Helper()
	for key, n := range x {
		require.EqualValues(t, 1, n.Load(), key.Name())
	}
}

// refusal answers a request with an error: for all of it, or for each of its partitions.
func refusal(req kmsg.Request, code int16) kmsg.Response {
	switch res := req.ResponseKind().(type) {
	case *kmsg.FindCoordinatorResponse:
		res.ErrorCode = code
		return res
	case *kmsg.JoinGroupResponse:
		res.ErrorCode = code
		return res
	case *kmsg.SyncGroupResponse:
		res.ErrorCode = code
		return res
	case *kmsg.HeartbeatResponse:
		res.ErrorCode = code
		return res
	case *kmsg.DescribeGroupsResponse:
		for _, group := range req.(*kmsg.DescribeGroupsRequest).Groups {
			res.Groups = append(res.Groups, kmsg.DescribeGroupsResponseGroup{Group: group, ErrorCode: code})
		}
		return res
	case *kmsg.OffsetFetchResponse:
		res.ErrorCode = code
		for _, topic := range req.(*kmsg.OffsetFetchRequest).Topics {
			out := kmsg.OffsetFetchResponseTopic{Topic: topic.Topic}
			for _, p := range topic.Partitions {
				out.Partitions = append(out.Partitions, kmsg.OffsetFetchResponseTopicPartition{Partition: p, Offset: -1, ErrorCode: code})
			}
			res.Topics = append(res.Topics, out)
		}
		return res
	case *kmsg.OffsetCommitResponse:
		for _, topic := range req.(*kmsg.OffsetCommitRequest).Topics {
			out := kmsg.OffsetCommitResponseTopic{Topic: topic.Topic}
			for _, p := range topic.Partitions {
				out.Partitions = append(out.Partitions, kmsg.OffsetCommitResponseTopicPartition{Partition: p.Partition, ErrorCode: code})
			}
			res.Topics = append(res.Topics, out)
		}
		return res
	default:
		panic("no refusal of " + kmsg.Key(req.Key()).Name())
	}
}

// A fresh broker has no coordinator for a while, one that starts again loads first, and one that lost its part sends away. Whichever request
// meets that, a group goes on: it takes no offset that it could not read for none, and commits in the end.
func TestCoordinatorThatIsNotThereYet(t *testing.T) {
	checkLeaks(t)
	for _, why := range []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator} {
		t.Run("reading: "+why.Message, func(t *testing.T) {
			t.Parallel()
			r := ownRig(t)
			r.topics("t")
			partition := stream.PartitionOf([]byte("k"), 4)
			r.commit("g", "t", partition, 1)
			p := r.producer(stream.ProducerConfig{})
			require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("t", "k", 1), rec("t", "k", 2), rec("t", "k", 3)}))
			joining := r.refuseOnce(why.Code, kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.OffsetFetch, kmsg.OffsetCommit)
			s := newSink()
			_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}}, s)
			eventually(t, "what was not committed arrives", func() bool { return s.count() == 2 })
			eventually(t, "and is committed", func() bool { return r.lag("g", "t") == 0 })
			require.Equal(t, []int{2, 3}, s.byKey()["k"], "what was committed is not read again")
			joining.requireMet(t)

			working := r.refuseOnce(why.Code, kmsg.Heartbeat)
			eventually(t, "a sign of life is refused", func() bool { return working[kmsg.Heartbeat].Load() > 0 })
			require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("t", "k", 4)}))
			eventually(t, "the group goes on", func() bool { return s.count() == 3 && r.lag("g", "t") == 0 })
			require.NoError(t, stop())
			require.Equal(t, []int{2, 3, 4}, s.byKey()["k"])
		})
		t.Run("asking and setting: "+why.Message, func(t *testing.T) {
			t.Parallel()
			r := ownRig(t)
			r.topics("t")
			offsets := map[string]map[int]int64{"t": {0: 0}}
			require.NoError(t, r.client.SetOffsets(t.Context(), "g", offsets))
			refused := r.refuseOnce(why.Code, kmsg.DescribeGroups, kmsg.OffsetCommit, kmsg.OffsetFetch)
			require.NoError(t, r.client.SetOffsets(t.Context(), "g", offsets))
			committed, err := r.client.Committed(t.Context(), "g")
			require.NoError(t, err)
			require.Equal(t, offsets, committed)
			refused.requireMet(t)
		})
	}
}

// A commit that the coordinator refuses as a generation ends is not made good any more: what it spoke of is delivered again, and nothing is lost.
func TestCoordinatorThatIsGoneAtTheEnd(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{})
	for i := range 3 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("t", "k", i)}))
	}
	last := r.refuseOnce(kerr.NotCoordinator.Code, kmsg.OffsetCommit)
	cfg := stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, HoldBack: time.Hour}
	for range 2 {
		s := newSink()
		_, stop := r.consume(cfg, s)
		eventually(t, "all arrive", func() bool { return s.count() == 3 })
		require.NoError(t, stop())
		require.Equal(t, []int{0, 1, 2}, s.byKey()["k"])
	}
	last.requireMet(t)
	require.Zero(t, r.lag("g", "t"))
}
