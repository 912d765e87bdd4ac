package stream_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

func TestTopics_areThoseOfTheDesign(t *testing.T) {
	have := map[string]stream.Topic{}
	for _, topic := range stream.Topics(6, 3) {
		require.NotContains(t, have, topic.Name)
		have[topic.Name] = topic
	}
	require.Len(t, have, 24)
	for _, name := range stream.EventTopics() {
		require.Equal(t, stream.Topic{
			Name: name, Key: "leaf", Partitions: 6, Replication: 3,
			Policy: stream.PolicyDelete, Retention: 7 * 24 * time.Hour, Settings: map[string]string{"segment.ms": "86400000"},
		}, have[name])
	}
	require.Equal(t, 1, have[stream.TopicMeta].Partitions)
	require.Equal(t, "3600000", have[stream.TopicKeys].Settings["segment.ms"])
	require.Equal(t, "21600000", have[stream.TopicKeys].Settings["max.compaction.lag.ms"])
	for _, name := range []string{
		stream.TopicIdentityMap, stream.TopicOwners, stream.TopicProfiles, stream.TopicLeaves,
		stream.TopicGraph, stream.TopicRegisters, stream.TopicKeys, stream.TopicMeta,
	} {
		require.Equal(t, stream.PolicyCompact, have[name].Policy, name)
		if name != stream.TopicKeys && name != stream.TopicMeta {
			require.Equal(t, []string{"86400000", "604800000", "86400000"}, []string{
				have[name].Settings["segment.ms"], have[name].Settings["max.compaction.lag.ms"], have[name].Settings["delete.retention.ms"],
			}, name)
		}
	}
}

func TestLogID_isOneForAllAndSurvivesTwoFirstWriters(t *testing.T) {
	r := newRig(t)
	r.topics()
	clients := []*stream.Client{r.client}
	for range 4 {
		clients = append(clients, r.connect(r.broker.Addr(), nil))
	}
	ids := make([]stream.LogID, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			var err error
			if ids[i], err = c.LogID(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.NotEqual(t, stream.LogID{}, ids[0])
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	// Compaction keeps the last record of the key: it must say the same.
	late, err := r.connect(r.broker.Addr(), nil).LogID(t.Context())
	require.NoError(t, err)
	require.Equal(t, ids[0], late)
	var last []byte
	require.NoError(t, r.client.ReadAll(t.Context(), stream.TopicMeta, 0, func(x stream.Record) error {
		last = x.Value
		return nil
	}))
	require.Equal(t, ids[0][:], last)
}

func TestTail_givesTheLastAndDecodesThem(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{})
	at := time.UnixMilli(1_760_000_000_000).UTC()
	for i := range 20 {
		x, err := stream.Encode("t", fmt.Append(nil, "k", i), &eventpb.Resolved{RcuId: fmt.Sprint("id-", i)}, at.Add(time.Duration(i)*time.Second))
		require.NoError(t, err)
		require.NoError(t, p.Publish(t.Context(), []stream.Record{x}))
	}
	var ids []string
	require.NoError(t, r.client.Tail(t.Context(), stream.TailConfig{Topic: "t", Last: 3}, func(x stream.Record) error {
		var m eventpb.Resolved
		require.NoError(t, x.Decode(&m))
		require.Error(t, x.Decode(&eventpb.Decision{}))
		raw, err := x.JSON()
		require.NoError(t, err)
		var out struct {
			Type, Key string
			Message   struct {
				RcuID string `json:"rcuId"`
			}
		}
		require.NoError(t, json.Unmarshal(raw, &out))
		require.Equal(t, "rcu.event.v1.Resolved", out.Type)
		require.Equal(t, m.RcuId, out.Message.RcuID)
		ids = append(ids, m.RcuId)
		return nil
	}))
	require.Equal(t, []string{"id-17", "id-18", "id-19"}, ids)

	raw, err := stream.Record{Topic: "t", Key: []byte{0xff}, Value: []byte{1, 2}}.JSON()
	require.NoError(t, err)
	require.JSONEq(t, `{"topic":"t","partition":0,"offset":0,"time":"0001-01-01T00:00:00Z","key":"base64:/w==","value_base64":"AQI="}`, string(raw))
}
