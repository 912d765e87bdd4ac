package resolver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/services/resolver"
)

// marked counts the leaves that were published, and those of them that are marked as saying something new, while sales of namedTwice come one
// after the other and each is published by publish.
func marked(t *testing.T, publish func(t *testing.T, s *resolver.Service)) (out [][2]int) {
	t.Helper()
	w := newWorld(t, namedTwice(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	s := w.workers[0].service
	for i := range 4 {
		w.log.topics = map[string][]stream.Record{}
		w.workers[0].log.topics = w.log.topics
		require.NoError(t, s.Resolve(t.Context(), w.batch(w.h.places[0], i, i+1)))
		publish(t, s)
		n := [2]int{len(w.log.topics[stream.TopicLeaves]), 0}
		for _, r := range w.log.topics[stream.TopicLeaves] {
			if r.Header(stream.HeaderNews) != nil {
				n[1]++
			}
		}
		out = append(out, n)
	}
	return out
}

func inTurn(t *testing.T, s *resolver.Service) {
	t.Helper()
	require.NoError(t, s.Flush(t.Context()))
}

func beforeTurn(t *testing.T, s *resolver.Service) {
	t.Helper()
	require.NoError(t, s.PublishUrgent(t.Context()))
	inTurn(t, s)
}

// TestNews_areMarked: of a sale without a name, one with it, one with the same name and one with another, the second and the last say something
// new, whether they go out before their turn, in it, or while so much waits that everything waits for its turn.
func TestNews_areMarked(t *testing.T) {
	want := [][2]int{{1, 0}, {1, 1}, {1, 0}, {1, 1}}
	require.Equal(t, want, marked(t, beforeTurn))
	require.Equal(t, want, marked(t, inTurn))
	require.Equal(t, want, marked(t, func(t *testing.T, s *resolver.Service) {
		t.Helper()
		s.SetBehind(1_000_000)
		beforeTurn(t, s)
		s.SetBehind(0)
	}))
	resolver.Plant(t, resolver.Faults{Unmarked: true})
	require.NotEqual(t, want, marked(t, beforeTurn))
}

// TestNews_stayNews: a leaf that says something new and changes once more before it is out goes out before its turn, behind its key, and is marked.
func TestNews_stayNews(t *testing.T) {
	first := func() (leaves, marked, withoutKey int) {
		w := newWorld(t, namedTwice(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
		s, p := w.workers[0].service, w.h.places[0]
		w.workers[0].log.publishing = func(topic string) {
			if topic == stream.TopicLeaves && len(w.log.topics[stream.TopicKeys]) == 0 {
				withoutKey++
			}
		}
		require.NoError(t, s.Resolve(t.Context(), w.batch(p, 0, 2)))
		require.NoError(t, s.Resolve(t.Context(), w.batch(p, 2, 3)))
		require.NoError(t, s.PublishUrgent(t.Context()))
		for _, r := range w.log.topics[stream.TopicLeaves] {
			if r.Header(stream.HeaderNews) != nil {
				marked++
			}
		}
		return len(w.log.topics[stream.TopicLeaves]), marked, withoutKey
	}
	leaves, marked, withoutKey := first()
	require.Equal(t, [3]int{1, 1, 0}, [3]int{leaves, marked, withoutKey})
	resolver.Plant(t, resolver.Faults{NewsLost: true})
	leaves, marked, withoutKey = first()
	require.Equal(t, [3]int{1, 0, 1}, [3]int{leaves, marked, withoutKey})
}
