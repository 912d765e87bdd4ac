package rebuild_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
	"rcu/services/resolver"
)

func (i *installation) owed() bool {
	i.t.Helper()
	owed, err := rebuild.Owed(i.t.Context(), "", rebuild.Deps{Stream: i.client, Redis: i.redis})
	require.NoError(i.t, err)
	return owed
}

// A resolver publishes keys and what they seal before it commits offsets: whoever finds them over an empty Redis must not make other keys.
func TestOwed_beforeTheFirstCommit(t *testing.T) {
	i := newInstallation(t)
	require.False(t, i.owed(), "a new installation begins by itself")

	rules, err := resolver.GraphControl(space, resolver.GraphRules, 1, []byte("{}"), time.Now())
	require.NoError(t, err)
	require.NoError(t, i.out.Publish(t.Context(), []stream.Record{rules}))
	require.False(t, i.owed(), "rules are set before the first event")

	cell := "l:leaf"
	r, err := stream.Encode(stream.TopicLeaves, []byte(cell), &eventpb.Changelog{Space: space, Key: []byte(cell), Version: 1}, time.Now())
	require.NoError(t, err)
	require.NoError(t, i.out.Publish(t.Context(), []stream.Record{r}))
	require.True(t, i.owed(), "a leaf is published, and nothing is committed")
}

// What lies on the partition of the rules counts, too.
func TestOwed_aGraphBesideTheRules(t *testing.T) {
	i := newInstallation(t)
	rules, err := resolver.GraphControl(space, resolver.GraphRules, 1, []byte("{}"), time.Now())
	require.NoError(t, err)
	through, err := resolver.GraphControl(space, resolver.GraphThrough, 7, nil, time.Now())
	require.NoError(t, err)
	require.NoError(t, i.out.Publish(t.Context(), []stream.Record{rules, through}))
	require.True(t, i.owed())
}

// A rebuild that was cut short left half of a state.
func TestOwed_aRebuildThatWasCutShort(t *testing.T) {
	i := newInstallation(t)
	require.NoError(t, i.redis.NoteRebuilding(t.Context(), map[string]string{"begun": "2026-11-22T10:00:00Z"}))
	require.True(t, i.owed())
}
