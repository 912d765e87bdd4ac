package matcher

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// onCluster is a rig over three servers that share the index, which knows some records before it takes them.
func onCluster(t *testing.T, records int) (*rig, []*testkit.ClusterNode) {
	t.Helper()
	r, nodes := newRig(t), testkit.RedisCluster(t)
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.Addr())
	}
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: addrs})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	r.cells, r.on = stateredis.NewCells(client), stateredis.NewMarkers(client)
	r.graph, err = resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
	require.NoError(t, err)
	r.over(stateredis.NewIndex(client))
	require.NoError(t, r.s.Assigned(t.Context(), []stream.Assignment{{Topic: stream.TopicLeaves}}))
	var all []stream.Record
	for i := range records {
		n := string(rune('a' + i))
		all = append(all, r.record(r.key("card", fmt.Sprintf("29900011111%02d", i)), map[string]string{
			"given_name": "Zo" + n + n + "re", "family_name": "Var" + n + "ec", "birth_date": fmt.Sprintf("19%02d-03-12", 40+i), "postal_code": "75011",
		}))
	}
	r.batch(all...)
	return r, nodes
}

// part is a batch of the log.
func (r *rig) part(from, to int64) stream.Batch {
	return stream.Batch{Topic: stream.TopicLeaves, Records: r.log[from:to]}
}

// catchUp gives the matcher a part of the log as its consumer does, until all of it is taken; it returns the least offset that it was set back to.
func (r *rig) catchUp(from, to int64) (least int64) {
	r.t.Helper()
	least = from
	require.Eventually(r.t, func() bool {
		err := r.s.Batch(r.t.Context(), r.part(from, to))
		var back *stream.Rewind
		if errors.As(err, &back) {
			from, least = back.Offset, min(least, back.Offset)
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	return least
}

// requireWhole fails unless the index has all records of the log, each listed under each of its blocks.
func (r *rig) requireWhole() {
	r.t.Helper()
	for _, rec := range r.log {
		l, err := readLeaf(rec)
		require.NoError(r.t, err)
		e, err := r.index.Entry(r.t.Context(), space, l.id)
		require.NoError(r.t, err)
		require.Equal(r.t, l.id, e.ID, "record %d has no entry", rec.Offset)
		for _, b := range e.Blocks {
			near, err := r.index.Near(r.t.Context(), space, []match.Block{b}, 100)
			require.NoError(r.t, err)
			ids := map[string]bool{}
			for i := range near {
				ids[near[i].ID] = true
			}
			require.True(r.t, ids[e.ID], "record %d is not listed under a block", rec.Offset)
		}
	}
}

// TestCluster_aServerThatLostItsLastWritesGetsThemAgain: whichever of them it is, the records that it held of the index are read again.
func TestCluster_aServerThatLostItsLastWritesGetsThemAgain(t *testing.T) {
	r, nodes := onCluster(t, 26)
	require.NoError(t, r.s.Batch(t.Context(), r.part(0, 8)))
	for i, n := range nodes {
		from := int64(8 + 6*i)
		keep := testkit.RedisSize(t, n.Server, n.Dir)
		require.NoError(t, r.s.Batch(t.Context(), r.part(from, from+5)))
		n.Server = testkit.LoseRedis(t, n.Server, n.Dir, keep)
		require.LessOrEqual(t, r.catchUp(from+5, from+6), from, "read again from where the server is")
	}
	r.requireWhole()
}

// losing loses the last writes of a server as soon as some entries were put.
type losing struct {
	match.Index

	after atomic.Int32
	lose  func()
}

// PutEntry implements match.Index.
func (x *losing) PutEntry(ctx context.Context, space string, e match.Entry) (int, error) {
	full, err := x.Index.PutEntry(ctx, space, e)
	if x.after.Add(-1) == 0 {
		x.lose()
	}
	return full, err //nolint:wrapcheck // as it is
}

// TestCluster_aServerIsLostInTheMiddleOfABatch: what it held of the batch is put again, although the words of how far it holds are as they were
// before the batch.
func TestCluster_aServerIsLostInTheMiddleOfABatch(t *testing.T) {
	r, nodes := onCluster(t, 26)
	require.NoError(t, r.s.Batch(t.Context(), r.part(0, 2)))
	for i, n := range nodes {
		from := int64(2 + 8*i)
		keep := testkit.RedisSize(t, n.Server, n.Dir)
		x := &losing{Index: r.index, lose: func() { n.Server = testkit.LoseRedis(t, n.Server, n.Dir, keep) }}
		x.after.Store(6)
		r.s.deps.Index = x
		r.catchUp(from, from+8)
		require.LessOrEqual(t, x.after.Load(), int32(0))
	}
	r.requireWhole()
}
