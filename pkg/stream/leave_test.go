package stream_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
)

// count counts the requests of a kind.
func (r *rig) count(key kmsg.Key) *atomic.Int64 {
	var n atomic.Int64
	cluster := r.broker.Cluster()
	cluster.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		n.Add(1)
		return nil, nil, false
	})
	return &n
}

// Members that stop together, and members that stop while their group begins once more, wait for nobody: neither for one another nor for the
// end of a session. None joins again on its way out, and the group is empty behind them.
func TestMembersThatStopTogetherWaitForNobody(t *testing.T) {
	for _, tt := range []struct {
		name    string
		settled bool
	}{{"in the midst of their work", true}, {"while the group begins once more", false}} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.topics("t")
			joins := r.count(kmsg.JoinGroup)
			cfg := stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, SessionTimeout: 4 * time.Second}
			idle := stream.HandlerFunc(func(context.Context, stream.Batch) error { return nil })
			for round := range 3 {
				stops := make([]func() error, 4)
				members := make([]*stream.Consumer, len(stops))
				for i := range members {
					members[i], stops[i] = r.consume(cfg, idle)
					if !tt.settled && i < 2 { // the last two come when the others read already
						eventually(t, "the member reads", members[i].Ready)
					}
				}
				if tt.settled {
					r.agreed(members, "g")
				}
				before := joins.Load()
				took := stopAll(t, stops)
				require.Less(t, took, 3*time.Second, fmt.Sprint("round ", round))
				if tt.settled {
					require.LessOrEqual(t, joins.Load(), before+int64(len(members)), "nobody joins again to leave")
				}
				n, err := r.client.Members(t.Context(), "g")
				require.NoError(t, err)
				require.Zero(t, n)
			}
		})
	}
}

// agreed waits until the group has all members and each reads.
func (r *rig) agreed(members []*stream.Consumer, group string) {
	r.t.Helper()
	eventually(r.t, "all are members, and read", func() bool {
		n, err := r.client.Members(r.t.Context(), group)
		if err != nil || n != len(members) {
			return false
		}
		for _, m := range members {
			if !m.Ready() {
				return false
			}
		}
		return true
	})
}

// stopAll stops members at once, and says how long the last one took.
func stopAll(t *testing.T, stops []func() error) time.Duration {
	t.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for _, stop := range stops {
		all.Go(func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// A member that waits in a join, for another that hands over for longer than the session of the one that waits, is still a member when the join ends.
func TestAMemberThatWaitsInAJoinIsNotForgotten(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{})
	called, handOver := make(chan struct{}, 1), make(chan struct{})
	var once sync.Once
	busy := stream.HandlerFunc(func(context.Context, stream.Batch) error {
		once.Do(func() {
			called <- struct{}{}
			<-handOver
		})
		return nil
	})
	idle := stream.HandlerFunc(func(context.Context, stream.Batch) error { return nil })
	cfg := stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, SessionTimeout: 500 * time.Millisecond}
	waiting, _ := r.consume(cfg, idle)
	eventually(t, "the first member reads", waiting.Ready)
	patient := cfg
	patient.SessionTimeout = 10 * time.Second
	slow, _ := r.consume(patient, busy)
	r.agreed([]*stream.Consumer{waiting, slow}, "g")
	for i := range 40 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("t", fmt.Sprint(i), i)}))
	}
	<-called
	third, _ := r.consume(cfg, idle)
	eventually(t, "the first member has given its partitions back", func() bool { return !waiting.Ready() })
	require.Never(t, waiting.Ready, 4*cfg.SessionTimeout, 20*time.Millisecond, "the join waits for the one that is busy")
	close(handOver)
	require.Eventually(t, func() bool {
		n, err := r.client.Members(t.Context(), "g")
		return err == nil && n == 3 && waiting.Ready() && slow.Ready() && third.Ready()
	}, 10*time.Second, 10*time.Millisecond, "all three read")
}

// A member that is told to stop while it joins, and whose group begins once more then, says good-bye all the same: the group does not wait for it.
func TestAMemberThatIsToldToStopWhileItJoinsLeaves(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	joined, stopping := make(chan struct{}), make(chan struct{})
	cluster := r.broker.Cluster()
	cluster.ControlKey(int16(kmsg.SyncGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		close(joined)
		cluster.SleepControl(func() { <-stopping })
		res, _ := req.ResponseKind().(*kmsg.SyncGroupResponse)
		res.ErrorCode = kerr.RebalanceInProgress.Code
		return res, nil, true
	})
	idle := stream.HandlerFunc(func(context.Context, stream.Batch) error { return nil })
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, SessionTimeout: 10 * time.Second}, idle)
	<-joined
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	<-time.After(200 * time.Millisecond) // it knows
	close(stopping)
	require.NoError(t, <-stopped)
	n, err := r.client.Members(t.Context(), "g")
	require.NoError(t, err)
	require.Zero(t, n)
}
