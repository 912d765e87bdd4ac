package scenarios

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/services/e2e/consumer"
	"rcu/services/e2e/stack"
)

// follows lets a consumer follow the ids of customers until the test ends, and waits until it has read what lies there.
func follows(t *testing.T, s *stack.Stack) *consumer.Map {
	t.Helper()
	cfg := stream.DefaultConfig()
	cfg.Brokers = s.Kafka
	client, err := stream.Connect(cfg, stream.Deps{})
	require.NoError(t, err)
	table, whole, ended := consumer.NewMap(), make(chan struct{}), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- table.Follow(ctx, client, func() { close(whole) }) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		client.Close()
	})
	select {
	case <-whole:
	case <-time.After(soon):
		require.Fail(t, "the topic cannot be read")
	}
	return table
}

// compacted is what a consumer knows that begins after the topic was compacted: of each key the last record alone.
func compacted(t *testing.T, s *stack.Stack) (table *consumer.Map, keys []string) {
	t.Helper()
	last := map[string]stream.Record{}
	s.ReadTopic(t, stream.TopicIdentityMap, func(r stream.Record) { last[string(r.Key)] = r })
	table = consumer.NewMap()
	for key, r := range last {
		require.NoError(t, table.Learn(r))
		keys = append(keys, key)
	}
	return table, keys
}

// TestALateSubscriberKnowsTheSameIdsAsAnEarlyOne: the example of docs/consumer.md, from before people come together and part, and behind it.
func TestALateSubscriberKnowsTheSameIdsAsAnEarlyOne(t *testing.T) {
	s := stack.Shared(t)
	early := follows(t, s)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	email := stack.Proved("email", p.email)
	s.Send(t, stack.TillParis, sale(at, 1000, p.cardID()))
	s.Send(t, stack.Shop, order(at, 3000, p.accountID(), email, p.orderID()))
	given := []string{known(t, s, p.cardID(), bought(1000, 0, 1)).RCUID, known(t, s, p.accountID(), bought(3000, 0, 1)).RCUID}
	same := func(when string) {
		t.Helper()
		stack.Eventually(t, soon, when, func() error { return sameTables(t, s, early, given) })
	}
	s.Send(t, stack.TillParis, happened("identifier.provided", at.Add(time.Minute), p.cardID(), email))
	given = append(given, known(t, s, p.cardID(), bought(4000, 0, 2)).RCUID)
	same("they came together")
	require.Equal(t, early.Find(given[0]), early.Find(given[1]))
	done := s.Act(t, "ban", "his sister's", "", email, p.cardID())
	require.True(t, done.Effective)
	same("they parted")
	require.NotEqual(t, early.Find(given[0]).Current, early.Find(given[1]).Current)
	s.Undo(t, done.Act.ID, "it was his")
	same("they are one again")
	require.Equal(t, early.Find(given[0]), early.Find(given[1]))
}

// sameTables reports whether consumers that began early, late and behind a compaction know the same, and for the ids that were given what
// the API answers.
func sameTables(t *testing.T, s *stack.Stack, early *consumer.Map, given []string) error {
	t.Helper()
	late := follows(t, s)
	behind, keys := compacted(t, s)
	if early.Len() != len(keys) || late.Len() != len(keys) {
		return fmt.Errorf("of %d ids the early one knows %d, the late one %d", len(keys), early.Len(), late.Len())
	}
	for _, id := range keys {
		if e, l, b := early.Find(id), late.Find(id), behind.Find(id); e != l || e != b {
			return fmt.Errorf("%s leads to %v, late to %v, behind a compaction to %v", id, e, l, b)
		}
	}
	for _, id := range given {
		if current := s.Get(t, stack.Service, id, "contract").RCUID; early.Find(id).Current != current {
			return fmt.Errorf("%s leads to %s, the API says %s", id, early.Find(id).Current, current)
		}
	}
	return nil
}
