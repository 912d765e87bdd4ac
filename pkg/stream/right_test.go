package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
)

// refuse has the broker refuse a kind of request, as one whose access lists do not name the user.
func (r *rig) refuse(key kmsg.Key, answer func(kmsg.Request) kmsg.Response) {
	cluster := r.broker.Cluster()
	cluster.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return answer(req), nil, true
	})
}

func refusedFetch(req kmsg.Request) kmsg.Response {
	res := req.ResponseKind().(*kmsg.FetchResponse)
	for _, topic := range req.(*kmsg.FetchRequest).Topics {
		out := kmsg.NewFetchResponseTopic()
		out.Topic, out.TopicID = topic.Topic, topic.TopicID
		for _, p := range topic.Partitions {
			part := kmsg.NewFetchResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
			out.Partitions = append(out.Partitions, part)
		}
		res.Topics = append(res.Topics, out)
	}
	return res
}

func refusedOffsets(req kmsg.Request) kmsg.Response {
	res := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, topic := range req.(*kmsg.ListOffsetsRequest).Topics {
		out := kmsg.NewListOffsetsResponseTopic()
		out.Topic = topic.Topic
		for _, p := range topic.Partitions {
			part := kmsg.NewListOffsetsResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
			out.Partitions = append(out.Partitions, part)
		}
		res.Topics = append(res.Topics, out)
	}
	return res
}

func TestFollow_endsWhereTheTopicIsRefused(t *testing.T) {
	for _, tt := range []struct {
		key    kmsg.Key
		answer func(kmsg.Request) kmsg.Response
		right  string
	}{{kmsg.Fetch, refusedFetch, "Read"}, {kmsg.ListOffsets, refusedOffsets, "Describe"}} {
		t.Run(tt.right, func(t *testing.T) {
			r := newRig(t)
			r.topics("t")
			r.refuse(tt.key, tt.answer)
			err := r.client.Follow(t.Context(), "t", 0, stream.FromStart, func(stream.Record) error { return nil }, nil)
			var refused *stream.RightError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "t", refused.Topic)
			require.Equal(t, tt.right, refused.Right)
			require.ErrorContains(t, err, "kafka refuses t: the user of this client lacks the right "+tt.right)
		})
	}
}
