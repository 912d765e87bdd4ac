package stateredis

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
	"rcu/pkg/testkit"
)

func openCluster(t testing.TB, nodes []*testkit.ClusterNode) *Client {
	t.Helper()
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.Addr())
	}
	c, err := Open(t.Context(), Config{Addrs: addrs})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func empty(t testing.TB, nodes []*testkit.ClusterNode) *Client {
	t.Helper()
	for _, n := range nodes {
		c := New(Config{Addrs: []string{n.Addr()}})
		require.NoError(t, c.rdb.FlushAll(t.Context()).Err())
		require.NoError(t, c.Close())
	}
	return openCluster(t, nodes)
}

func TestCluster(t *testing.T) {
	nodes := testkit.RedisCluster(t)
	t.Run("cells", func(t *testing.T) {
		statetest.Cells(t, func(t testing.TB) resolve.Cells {
			t.Helper()
			return NewCells(empty(t, nodes))
		})
	})
	t.Run("graph", func(t *testing.T) {
		statetest.Graph(t, func(t testing.TB) resolve.GraphState {
			t.Helper()
			return NewGraph(empty(t, nodes))
		}, 8)
	})
}

func TestOneAddressOfACluster(t *testing.T) {
	nodes := testkit.RedisCluster(t)
	_, err := Open(t.Context(), Config{Addrs: []string{nodes[0].Addr()}})
	require.ErrorIs(t, err, errLoneNode)
	require.True(t, Refused(err))

	c, err := Open(t.Context(), Config{Addrs: []string{nodes[0].Addr()}, Cluster: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	for _, key := range []string{"c:1", "c:2", "c:3", "c:4", "c:5", "c:6"} { // on every node
		ok, err := NewCells(c).CommitCells(t.Context(), []resolve.Cell{{Key: key, Value: []byte("x")}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, ok)
	}

	_, err = Open(t.Context(), Config{Addrs: []string{testkit.Redis(t)}, Cluster: true})
	require.ErrorContains(t, err, "name one address")
	require.True(t, Refused(err))
}

var key = resolve.MarkerKey{Group: "g", Topic: "t"}

// settle leaves a first marker on every node.
func settle(t *testing.T, m *Markers) {
	t.Helper()
	require.NoError(t, m.Settle(t.Context(), []resolve.MarkerKey{key}, []resolve.Marker{{Next: 0}}))
}

func advance(t *testing.T, m *Markers, from, to int64) bool {
	t.Helper()
	ok, err := m.Advance(t.Context(), key, from, resolve.Marker{Next: to})
	require.NoError(t, err)
	return ok
}

func testMarkers(t *testing.T, m *Markers, nodes int) {
	t.Helper()
	assert.False(t, advance(t, m, 0, 5), "none was settled")
	settle(t, m)
	assert.True(t, advance(t, m, 0, 5))
	assert.True(t, advance(t, m, 3, 9), "from before what is stored")
	assert.False(t, advance(t, m, 10, 12), "something between is missing")
	settle(t, m)
	got, err := m.LoadMarkers(t.Context(), []resolve.MarkerKey{key, {Group: "g", Topic: "other"}})
	require.NoError(t, err)
	require.Len(t, got, nodes)
	for i := range got {
		next, known := got[i].Of(0, [16]byte{})
		assert.True(t, known)
		assert.EqualValues(t, 9, next)
		_, known = got[i].Of(0, [16]byte{1})
		assert.False(t, known, "another life of the topic")
		_, known = got[i].Of(1, [16]byte{})
		assert.False(t, known)
		assert.True(t, got[i].Holds)
	}
}

func TestMarkers(t *testing.T) { testMarkers(t, NewMarkers(open(t)), 1) }

// foundWhole notes that every master is whole, and returns the runs that they are in.
func foundWhole(t *testing.T, m *Markers, nodes int) []Run {
	t.Helper()
	runs, err := m.Runs(t.Context())
	require.NoError(t, err)
	require.Len(t, runs, nodes)
	for _, r := range runs {
		require.False(t, r.Whole)
		require.Len(t, r.ID, 40)
	}
	require.NoError(t, m.FoundWhole(t.Context(), runs))
	again, err := m.Runs(t.Context())
	require.NoError(t, err)
	for _, r := range again {
		require.True(t, r.Whole)
	}
	return runs
}

func TestRuns(t *testing.T) { foundWhole(t, NewMarkers(open(t)), 1) }

// A replica that takes over lacks what its master had not sent it yet: it is met as another server, and its markers alone are behind.
func TestMarkersBehindAFailover(t *testing.T) {
	nodes := testkit.RedisCluster(t)
	replica := testkit.ClusterReplica(t, nodes, nodes[1])
	c := openCluster(t, nodes)
	m := NewMarkers(c)
	testMarkers(t, m, 3)
	replica.FallBehind(t)
	require.True(t, advance(t, m, 9, 20))
	epoch := m.Epoch()
	nodes[1].Kill()
	replica.TakeOver(t)
	behindOnOne(t, m, epoch)
}

// A master of a cluster that lost its last writes is met as another server, and its markers alone are behind.
func TestMarkersOfACluster(t *testing.T) {
	nodes := testkit.RedisCluster(t)
	c := openCluster(t, nodes)
	m := NewMarkers(c)
	testMarkers(t, m, 3)
	runs := foundWhole(t, m, 3)
	keep := testkit.RedisSize(t, nodes[1].Server, nodes[1].Dir)
	require.True(t, advance(t, m, 9, 20))
	epoch := m.Epoch()
	nodes[1].Server = testkit.LoseRedis(t, nodes[1].Server, nodes[1].Dir, keep)
	behindOnOne(t, m, epoch)
	again, err := m.Runs(t.Context())
	require.NoError(t, err)
	another := 0
	for i := range again {
		if !again[i].Whole {
			another++
			require.NotEqual(t, runs[i].ID, again[i].ID)
		}
	}
	require.Equal(t, 1, another, "the other masters are in the run in which they were found whole")
	require.NoError(t, m.FoundWhole(t.Context(), runs))
	unchanged, err := m.Runs(t.Context())
	require.NoError(t, err)
	require.Equal(t, again, unchanged, "what was found of an earlier run says nothing of this one")
}

// behindOnOne waits until one of three masters has the marker at 9 that the others have at 20. What was planned in the epoch before is refused,
// and what comes behind 20 does not pass.
func behindOnOne(t *testing.T, m *Markers, epoch uint64) {
	t.Helper()
	planned := resolve.Planned(t.Context(), epoch)
	require.Eventually(t, func() bool {
		got, err := m.LoadMarkers(t.Context(), []resolve.MarkerKey{key})
		if err != nil {
			return false
		}
		at := map[int64]int{}
		for i := range got {
			next, _ := got[i].Of(0, [16]byte{})
			at[next]++
		}
		return at[9] == 1 && at[20] == 2
	}, 20*time.Second, 50*time.Millisecond)
	assert.Greater(t, m.Epoch(), epoch)
	require.Eventually(t, func() bool {
		_, err := m.LoadMarkers(planned, []resolve.MarkerKey{key})
		return errors.Is(err, resolve.ErrStateMoved)
	}, 20*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		ok, err := m.Advance(t.Context(), key, 20, resolve.Marker{Next: 21})
		return err == nil && !ok
	}, 20*time.Second, 50*time.Millisecond)
}

// comesBack puts one server after another behind an address, and reports whether the epoch rises with those that are others than the one before,
// and with no other. A server that comes back lacks what was written meanwhile, though it was known once.
func comesBack(t *testing.T) bool {
	t.Helper()
	first, second := testkit.RedisServer(t).Addr(), testkit.RedisServer(t).Addr()
	relay := testkit.OpenRelay(t, first)
	c, err := Open(t.Context(), Config{Addrs: []string{relay.Addr()}})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	at := first
	for _, next := range [...]string{first, second, first, first, second} {
		epoch := c.watch.epoch.Load()
		relay.To(next)
		require.Eventually(t, func() bool { return c.Ping(t.Context()) == nil }, 10*time.Second, 5*time.Millisecond)
		if (next != at) != (c.watch.epoch.Load() > epoch) {
			return false
		}
		at = next
	}
	return true
}

func TestAServerThatComesBackIsAnother(t *testing.T) {
	require.True(t, comesBack(t))
	faults.everKnown = true
	t.Cleanup(func() { faults.everKnown = false })
	require.False(t, comesBack(t))
}
