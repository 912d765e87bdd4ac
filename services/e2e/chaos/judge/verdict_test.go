package judge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/load"
)

func TestVerdict_countsAnEventOnceWhereverItIsMissing(t *testing.T) {
	v := newVerdict()
	require.True(t, v.Clean())
	k := load.Key{Source: "till", ID: "1"}
	v.lose(k, "kafka")
	v.lose(k, "clickhouse")
	v.double(load.Key{Source: "till", ID: "2"}, "redis")
	require.Equal(t, 1, v.Lost)
	require.Equal(t, 1, v.Doubled)
	require.False(t, v.Clean())
	require.Contains(t, v.String(), "lost in clickhouse: 1")

	v = newVerdict()
	for range 100 {
		v.differ("leaf in redis", "x")
	}
	require.Equal(t, 100, v.Different)
	require.Len(t, v.Examples, shown, "examples are bounded")
	require.False(t, v.Clean())
}
