package rebuild_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
)

// row is a line of the table of kinds: kind, keys, what they hold, how they come back, from where.
var row = regexp.MustCompile(`(?m)^\| ([a-z ]+) \| ` + "(`[^|]+`)" + ` \| ([^|]+) \| (changelog|derived|clock|passing) \| ([^|]+) \|$`)

// The operator's page has every kind of key, with how it comes back, and no other.
func TestThePageHasEveryKindOfKey(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	told := map[string]stateredis.Origin{}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		require.NotContains(t, told, m[1], "twice")
		told[m[1]] = stateredis.Origin(m[4])
	}
	known := map[string]stateredis.Origin{}
	for _, k := range stateredis.Kinds() {
		known[k.Name] = k.Origin
	}
	require.Equal(t, known, told)
}
