package rebuild_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
)

// A resolver publishes keys and what they seal before it commits offsets: whoever finds them over an empty Redis must not make other keys.
func TestOwed_beforeTheFirstCommit(t *testing.T) {
	i := newInstallation(t)
	d := rebuild.Deps{Stream: i.client, Redis: i.redis}
	owed, err := rebuild.Owed(t.Context(), "", d)
	require.NoError(t, err)
	require.False(t, owed, "a new installation begins by itself")

	cell := "l:leaf"
	r, err := stream.Encode(stream.TopicLeaves, []byte(cell), &eventpb.Changelog{Space: "maison", Key: []byte(cell), Version: 1}, time.Now())
	require.NoError(t, err)
	require.NoError(t, i.out.Publish(t.Context(), []stream.Record{r}))
	owed, err = rebuild.Owed(t.Context(), "", d)
	require.NoError(t, err)
	require.True(t, owed, "a leaf is published, and nothing is committed")
}
