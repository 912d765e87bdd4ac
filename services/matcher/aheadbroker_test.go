package matcher

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"rcu/pkg/match"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// stuckIndex holds back who puts the entry of one leaf.
type stuckIndex struct {
	match.Index

	leaf       string
	came, open chan struct{}
}

func (x *stuckIndex) PutEntry(ctx context.Context, space string, e match.Entry) (int, error) {
	if e.ID == x.leaf {
		close(x.came)
		<-x.open
	}
	return x.Index.PutEntry(ctx, space, e)
}

// TestAhead_overABroker: while the turn of a leaf takes long, one that lies behind it in its partition and says something new is suggested.
func TestAhead_overABroker(t *testing.T) {
	r := newRig(t)
	r.says(r.key("card", "2990001111111"), helene)
	client, err := stream.Connect(stream.Config{Brokers: testkit.Kafka(t)}, stream.Deps{Log: zaptest.NewLogger(t)})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(1, 1)))
	r.s.Revoked(nil)
	r.client = client
	r.over(r.index)
	r.s.ahead.follow = client.Follow
	slow := r.key("card", "2990002222222")
	x := &stuckIndex{r.index, string(leafID(slow)), make(chan struct{}), make(chan struct{})}
	r.s.deps.Index = x
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.s.Run(ctx) }()
	require.Eventually(t, r.s.Ready, 30*time.Second, 5*time.Millisecond)

	put := func(rec stream.Record) {
		require.NoError(t, r.s.deps.Output.Publish(t.Context(), []stream.Record{rec}))
	}
	put(r.record(slow, paul))
	<-x.came
	put(news(r.record(r.key("phone", "+33611223344"), typed)))
	require.Eventually(t, func() bool { return len(r.shown()) == 1 }, 10*time.Second, time.Millisecond)
	require.Zero(t, r.s.reached.of(0), "nothing had its turn")
	close(x.open)
	require.Eventually(t, func() bool { return r.s.reached.of(0) == 2 }, 10*time.Second, time.Millisecond)
	require.Len(t, r.shown(), 1)
	require.EqualValues(t, 3, r.entries())
	stop()
	require.NoError(t, <-done)
}
