package resolver_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// customary runs a resolver as an installation does.
func (l *lossy) customary() {
	l.t.Helper()
	client := l.open()
	graph, err := resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
	require.NoError(l.t, err)
	l.started++
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance = []string{space}, fmt.Sprint(l.started)
	s, err := resolver.New(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: l.client, Output: l.out, Graph: graph,
		Cells: stateredis.NewCells(client), Markers: stateredis.NewMarkers(client), Keyring: l.ring,
	})
	require.NoError(l.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		<-done // redis was stopped before it
	})
}

// people send a ticket each, with a card and an e-mail.
func (l *lossy) people(from, to int) {
	l.t.Helper()
	var records []stream.Record
	for n := from; n < to; n++ {
		now := time.Now()
		raw := j(fmt.Sprintf("s%d", n), "sale", noon, list(cardOf(n), mailOf(n)), euros(500+n%100))
		d, rejection := l.decoder.Decode([]byte(raw), origin(eventpb.Channel_CHANNEL_STORE, retail), now)
		require.Nil(l.t, rejection)
		d.Pseudonymise(l.ring)
		e, _, _ := d.Stamp(l.ring, func(identifier.Key) int64 { return 0 })
		r, err := stream.Encode(stream.TopicEventsStore, e.GetLeafKey(), e, now)
		require.NoError(l.t, err)
		if records = append(records, r); len(records) == 1000 || n == to-1 {
			require.NoError(l.t, l.out.PublishAll(l.t.Context(), records))
			records = records[:0]
		}
	}
}

// committedSum is how far the group has committed.
func (l *lossy) committedSum() (sum int64) {
	l.t.Helper()
	of, err := l.client.Committed(l.t.Context(), resolver.Default().Group)
	require.NoError(l.t, err)
	for _, partitions := range of {
		for _, offset := range partitions {
			sum += offset
		}
	}
	return sum
}

// watched is for how long at least commits are watched after a loss.
const watched = 10 * time.Second

// TestCommitsLong_waitAfterALossOfPower prints how long nothing is committed after a loss of power in a space of many people (RCU_TEST_PEOPLE), all of
// whom were told of within the half minute before, while events go on coming; in the end they are committed.
func TestCommitsLong_waitAfterALossOfPower(t *testing.T) {
	testkit.Long(t)
	people := 4000
	if n, err := strconv.Atoi(os.Getenv("RCU_TEST_PEOPLE")); err == nil {
		people = n
	}
	l := &lossy{rig: newRig(t)}
	l.dir = t.TempDir()
	l.redis = testkit.StartRedisIn(t, l.dir)
	l.customary()
	l.customary()
	l.people(0, people+500)
	require.Eventually(t, func() bool { return l.committedSum() >= int64(people+500) }, 5*time.Minute, 50*time.Millisecond)
	l.sample()
	killed := time.Now()
	l.redis = testkit.LoseRedis(t, l.redis, l.dir, l.samples[len(l.samples)-1].size-50_000)
	away := time.Since(killed)
	sent, sum, at, longest := people+500, l.committedSum(), killed, time.Duration(0)
	require.Eventually(t, func() bool {
		l.people(sent, sent+5)
		sent += 5
		now := l.committedSum()
		longest = max(longest, time.Since(at))
		if now != sum {
			sum, at = now, time.Now()
		}
		return time.Since(killed) > watched && sum > int64(people+500)
	}, 2*time.Minute, 50*time.Millisecond)
	t.Logf("%d people: redis was away %s, nothing was committed for %s", people, away, longest)
}
