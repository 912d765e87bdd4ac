package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// holdProduce keeps every produce request unanswered until released.
func (r *rig) holdProduce() (release func()) {
	gate := make(chan struct{})
	cluster := r.broker.Cluster()
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.SleepControl(func() { <-gate })
		cluster.KeepControl()
		return nil, nil, false
	})
	return sync.OnceFunc(func() { close(gate) })
}

// cut closes the connection of every nth request of a kind, up to times.
func (r *rig) cut(key kmsg.Key, nth, times int64) *atomic.Int64 {
	var seen, cuts atomic.Int64
	cluster := r.broker.Cluster()
	cluster.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if seen.Add(1)%nth != 0 || cuts.Load() >= times {
			return nil, nil, false
		}
		cuts.Add(1)
		return nil, errors.New("cut by the test"), true
	})
	return &cuts
}

func TestFaults_connectionsBreak_nothingIsLost(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	produced := r.cut(kmsg.Produce, 5, 10)
	fetched := r.cut(kmsg.Fetch, 7, 10)
	committed := r.cut(kmsg.OffsetCommit, 3, 3)
	p := r.producer(stream.ProducerConfig{Linger: time.Millisecond})
	s := newSink()
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, BatchRecords: 20}, s)
	const total = 2000
	for i := 0; i < total; i += 20 {
		var batch []stream.Record
		for j := range 20 {
			batch = append(batch, rec("t", fmt.Sprint(i+j), i+j))
		}
		require.NoError(t, p.Publish(t.Context(), batch))
	}
	eventually(t, "all records arrive", func() bool { return s.count() == total })
	eventually(t, "every kind of connection was cut", func() bool {
		return produced.Load() == 10 && fetched.Load() == 10 && committed.Load() > 0
	})
	require.NoError(t, stop())
}

func TestPublish_errorsOfTheBrokerArePerRecord(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{Linger: 20 * time.Millisecond})
	r.broker.Cluster().ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range req.(*kmsg.ProduceRequest).Topics {
			out := kmsg.NewProduceResponseTopic()
			out.Topic = topic.Topic
			for _, part := range topic.Partitions {
				answer := kmsg.NewProduceResponseTopicPartition()
				answer.Partition = part.Partition
				if part.Partition == 1 {
					answer.ErrorCode = kerr.MessageTooLarge.Code
				}
				out.Partitions = append(out.Partitions, answer)
			}
			res.Topics = append(res.Topics, out)
		}
		return res, nil, true
	})
	var in []stream.Record
	for i := range 4 {
		x := rec("t", "k", i)
		x.Pinned, x.Partition = true, i
		in = append(in, x)
	}
	err := p.Publish(t.Context(), in)
	var failed *stream.PublishError
	require.ErrorAs(t, err, &failed)
	require.Len(t, failed.Errs, 1)
	require.ErrorContains(t, failed.Errs[1], "Message Size Too Large")
}

func TestPublish_contextEndsWhileTheBrokerIsSilent(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	release := r.holdProduce()
	defer release()
	p := r.producer(stream.ProducerConfig{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Publish(ctx, []stream.Record{rec("t", "k", 1)}), context.DeadlineExceeded)
	release()
	closing, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	require.NoError(t, p.Close(closing))
	require.ErrorIs(t, p.Publish(t.Context(), []stream.Record{rec("t", "k", 2)}), stream.ErrClosed)
}

func TestHandler_errorsAreTriedAgainInPlace(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{})
	var in []stream.Record
	for i := range 50 {
		in = append(in, rec("t", "same", i))
	}
	require.NoError(t, p.Publish(t.Context(), in))

	s := newSink()
	var calls atomic.Int64
	h := stream.HandlerFunc(func(ctx context.Context, b stream.Batch) error {
		switch calls.Add(1) {
		case 1:
			return errors.New("redis is away")
		case 2:
			panic("a bug")
		}
		return s.Batch(ctx, b)
	})
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, BatchRecords: 10, BackoffMin: time.Millisecond}, h)
	eventually(t, "all records arrive", func() bool { return s.count() == 50 })
	require.NoError(t, stop())
	require.True(t, slices.IsSorted(s.byKey()["same"]))
	require.Equal(t, int64(7), calls.Load())
}

func TestHandler_invalidRecordsGoToTheDeadLetter(t *testing.T) {
	r := newRig(t)
	r.topics("t", stream.TopicDeadLetter)
	p := r.producer(stream.ProducerConfig{})
	var in []stream.Record
	for i := range 10 {
		in = append(in, rec("t", "same", i))
	}
	in[4].Headers = []stream.Header{{Key: "x", Value: []byte("y")}}
	require.NoError(t, p.Publish(t.Context(), in))

	dead := stream.NewDeadLetters(p, "resolver")
	h := stream.HandlerFunc(func(_ context.Context, b stream.Batch) error {
		return stream.Invalid("broken_event", errors.New("no such type"), b.Records[4].Offset)
	})
	var refuse atomic.Bool
	refuse.Store(true)
	put := func(ctx context.Context, x stream.Record, invalid *stream.InvalidError) error {
		if refuse.Swap(false) {
			return errors.New("broker is away")
		}
		return dead.Put(ctx, x, invalid)
	}
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, DeadLetter: put, BackoffMin: time.Millisecond}, h)
	var got []stream.Record
	eventually(t, "the dead letter arrives", func() bool {
		got = nil
		err := r.client.Tail(t.Context(), stream.TailConfig{Topic: stream.TopicDeadLetter, Last: 10}, func(x stream.Record) error {
			got = append(got, x)
			return nil
		})
		return err == nil && len(got) > 0
	})
	require.NoError(t, stop())
	require.Len(t, got, 1)
	require.Equal(t, 4, number(got[0]))
	for name, want := range map[string]string{
		"x": "y", stream.HeaderReason: "broken_event", stream.HeaderKind: "invalid",
		stream.HeaderTopic: "t", stream.HeaderOffset: "4", stream.HeaderService: "resolver",
	} {
		require.Equal(t, want, string(got[0].Header(name)), name)
	}
	committed, err := r.client.Committed(t.Context(), "g", "t")
	require.NoError(t, err)
	require.Equal(t, int64(10), committed["t"][stream.PartitionOf([]byte("same"), 4)])
}

func TestLagGauge_followsAndIsDeleted(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{})
	var in []stream.Record
	for i := range 10 {
		in = append(in, rec("t", "same", i))
	}
	require.NoError(t, p.Publish(t.Context(), in))
	gate := make(chan struct{})
	h := stream.HandlerFunc(func(_ context.Context, b stream.Batch) error {
		<-gate
		return nil
	})
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}}, h)
	sum := func() float64 { return testkit.Metric(t, r.reg, "rcu_stream_lag_records") }
	eventually(t, "the gauge shows what is not handled", func() bool { return sum() == 10 })
	close(gate)
	eventually(t, "the gauge falls to zero", func() bool { return sum() == 0 })
	require.NoError(t, stop())
	n, err := testutil.GatherAndCount(r.reg, "rcu_stream_lag_records")
	require.NoError(t, err)
	require.Zero(t, n)
	problems, err := testutil.GatherAndLint(r.reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestLag_waitsForTheCoordinator(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	r.commit("g", "t", 1, 0)
	var asked atomic.Int64
	r.broker.Cluster().ControlKey(int16(kmsg.OffsetFetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.broker.Cluster().KeepControl()
		if asked.Add(1) > 2 {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		res.ErrorCode = kerr.CoordinatorNotAvailable.Code
		return res, nil, true
	})
	lag, err := r.client.Lag(t.Context(), "g")
	require.NoError(t, err)
	require.Len(t, lag, 1)
	require.Equal(t, int64(3), asked.Load())
}
