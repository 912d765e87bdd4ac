package resp_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/resp"
)

func TestConn(t *testing.T) {
	c, err := resp.Dial(t.Context(), testkit.Redis(t))
	require.NoError(t, err)
	t.Cleanup(c.Close)

	answers, err := c.Pipeline([]string{"SET", "a key", "of\r\ntwo lines"}, []string{"GET", "a key"}, []string{"GET", "none"}, []string{"INCR", "n"})
	require.NoError(t, err)
	require.Equal(t, []any{"OK", "of\r\ntwo lines", nil, int64(1)}, answers)

	for i := range 5000 {
		_, err := c.Do("SET", fmt.Sprintf("many:%d", i), "")
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	require.NoError(t, c.Scan("many:*", func(key string) { seen[key] = true }))
	require.Len(t, seen, 5000)

	_, err = c.Do("INCR", "a key")
	require.ErrorContains(t, err, "not an integer")
	used, err := c.UsedMemory()
	require.NoError(t, err)
	require.Positive(t, used)
}
