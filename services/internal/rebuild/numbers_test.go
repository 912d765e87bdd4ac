package rebuild_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
	"rcu/services/resolver"
)

// Where the clock was set back since profiles were told, ClickHouse would take nothing that is told behind a rebuild until the clock has come that far
// again: no profile that is gone, and no permission that is withdrawn.
func TestNumbersOfProfiles_comeBehindThoseThatWereTold(t *testing.T) {
	i := newInstallation(t)
	i.live(5)
	faster := uint64(time.Now().Add(time.Hour).UnixMicro())
	for n := range uint64(3) {
		told := &eventpb.Profile{Space: space, Controller: retail, RcuId: "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Version: faster - n}
		r, err := stream.Encode(stream.TopicProfiles, []byte(space+":"+retail+":"+told.GetRcuId()), told, time.Now())
		require.NoError(t, err)
		require.NoError(t, i.out.Publish(t.Context(), []stream.Record{r}))
	}
	redis := openRedis(t)
	_, err := rebuild.Redis(t.Context(), rebuild.Config{}, rebuild.Deps{Stream: i.client, Redis: redis})
	require.NoError(t, err)
	_, profiles := resolver.Counters(space)
	next, err := stateredis.NewCells(redis).Count(t.Context(), profiles, 1)
	require.NoError(t, err)
	require.Greater(t, uint64(next), faster)
	require.Less(t, uint64(next), faster+10, "and no further than they have to")
}
