package rebuild_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// A rebuild that is killed has read what the next one does not read again: that a commit is half out, the numbers that were given, and what is gone.
func TestARebuildThatGoesOnKnowsWhatTheOneBeforeRead(t *testing.T) {
	i := newInstallation(t)
	i.live(30)
	through := i.through()
	i.halfACommit(through + 1)
	faster := uint64(time.Now().Add(time.Hour).UnixMicro())
	i.put(stream.TopicOwners, []byte(space+":00"), &eventpb.Owner{Space: space, Controller: retail, LeafKey: []byte{0}, RcuId: "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Version: faster}, time.Now())
	removed, version := i.leaf()
	i.put(stream.TopicLeaves, []byte(removed), &eventpb.Changelog{Space: space, Key: []byte(removed), Version: version + 1}, time.Now())
	i.publish()
	atOnce := openRedis(t)
	_, err := i.rebuild(t.Context(), atOnce, nil)
	require.NoError(t, err)

	i.redis = openRedis(t)
	ctx, kill := context.WithCancel(t.Context())
	_, err = i.rebuild(ctx, i.redis, func(step string, _, _ int64) {
		if step == "joining consent decisions" {
			kill()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	report, err := i.rebuild(t.Context(), i.redis, nil)
	require.NoError(t, err)
	require.True(t, report.Resumed)
	require.Zero(t, report.Records[stream.TopicGraph])

	require.Equal(t, survey(t, atOnce), survey(t, i.redis))
	for _, r := range []*stateredis.Client{atOnce, i.redis} {
		overrides, _ := resolver.Counters(space)
		next, err := stateredis.NewCells(r).Count(t.Context(), overrides, 1)
		require.NoError(t, err)
		require.Greater(t, uint64(next), faster)
		cells, err := stateredis.NewCells(r).LoadCells(t.Context(), []string{removed})
		require.NoError(t, err)
		require.Equal(t, []resolve.Cell{{Key: removed}}, cells, "nothing is left of it")
	}

	for n := range 5 {
		i.person(30 + n)
	}
	i.publish()
	i.resolved()
	require.Greater(t, i.through(), through+1)
	was, again := survey(t, i.redis), openRedis(t)
	_, err = i.rebuild(t.Context(), again, nil)
	require.NoError(t, err)
	require.Equal(t, was, survey(t, again), "half a commit is taken for a whole one")
}

// leaf is the key of a leaf that stands, and its version.
func (i *installation) leaf() (key string, version uint64) {
	i.t.Helper()
	n, err := i.client.Partitions(i.t.Context(), stream.TopicLeaves)
	require.NoError(i.t, err)
	for p := range n {
		require.NoError(i.t, i.client.ReadFrom(i.t.Context(), stream.TopicLeaves, p, 0, func(r stream.Record) error {
			var c eventpb.Changelog
			err := r.Decode(&c)
			switch {
			case key == "":
				key, version = string(c.GetKey()), c.GetVersion()
			case key == string(c.GetKey()):
				version = max(version, c.GetVersion())
			}
			return err
		}))
	}
	return key, version
}
