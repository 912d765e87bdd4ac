package main

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	installation "rcu/services/e2e/stack"
)

// TestHistory_importBesideLiveEvents imports 20,000 customers with 100,000 events through the history lane: exact to the event and the
// cent, and single orders stay in the order of magnitude that they have alone.
func TestHistory_importBesideLiveEvents(t *testing.T) {
	testkit.Long(t)
	installation.NeedServers(t)
	runtime.LockOSThread() // children end with the thread that started them
	o, err := parseHistory([]string{"--customers", "20000", "--events", "100000", "--rate", "50", "--quiet", "20", "--limit", "12m", "--root", testkit.Root(t)}, t.Output())
	require.NoError(t, err)
	o.rcu = installation.Program(t)
	r, err := measureHistory(t.Context(), o, t.Logf)
	require.NoError(t, err)
	require.NoError(t, r.print(t.Output()))
	require.Positive(t, r.Sampled)
	require.Positive(t, r.Slices["idle"])
	// A busy machine slows both down; what history may not do is to put live events behind its backlog, which takes minutes.
	const patience = 5_000.0
	for what, x := range map[string][2]spread{
		"answer": {r.Alone.Answer, r.Beside.Answer}, "readable": {r.Alone.Readable, r.Beside.Readable}, "in ClickHouse": {r.Alone.ClickHouse, r.Beside.ClickHouse},
	} {
		require.Less(t, x[1].P99, max(10*x[0].P99, patience), what)
	}
	require.Greater(t, r.RedisSeconds*1000, 2*r.Beside.Readable.P99, "live events did not wait for the import")
}

func TestHistory_options(t *testing.T) {
	o, err := parseHistory([]string{"--customers", "10", "--events", "20", "--limit", time.Minute.String()}, t.Output())
	require.NoError(t, err)
	require.Equal(t, 60, o.seconds)
	for _, bad := range [][]string{{"--rate", "0"}, {"--quiet", "0"}, {"--limit", "0s"}, {"--nothing"}} {
		_, err := parseHistory(bad, t.Output())
		require.Error(t, err, "%v", bad)
	}
}

func TestFieldsOf_leavesOtherLinesOut(t *testing.T) {
	require.Equal(t, [][]string{{"sale", "3"}, {"return", "1"}}, fieldsOf("sale\t3\nreturn\t1\n\nx\n", 2))
}
