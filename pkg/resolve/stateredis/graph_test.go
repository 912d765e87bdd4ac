package stateredis

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
)

func TestGraph(t *testing.T) {
	statetest.Graph(t, func(t testing.TB) resolve.GraphState {
		t.Helper()
		return NewGraph(open(t))
	}, 64)
}

// All keys of all commands of a space lie in one slot, whatever a function does with them.
func TestTheGraphOfASpaceLiesInOneSlot(t *testing.T) {
	c := open(t)
	rec := &recorder{}
	c.rdb.AddHook(rec)
	statetest.Confluence(t, NewGraph(c), "space-1", 3, 2, identitytest.Small)
	statetest.RulesChange(t, NewGraph(c), "space-1r", 3)
	want := map[bool]uint16{false: slot("{space-1}"), true: slot("{space-1r}")}
	seen := map[string]int{}
	for _, pipe := range rec.pipes {
		for _, cmd := range pipe {
			for _, key := range keysOf(t, cmd) {
				require.True(t, strings.HasPrefix(key, "{space-1"), "%s touches %q", cmd.Name(), key)
				assert.Equal(t, want[strings.HasPrefix(key, "{space-1r}")], slot(key))
				seen[cmd.Name()]++
			}
		}
	}
	for _, name := range []string{"fcall", "mget", "hget", "zrangebyscore"} {
		assert.NotZero(t, seen[name], name)
	}
}

// keysOf returns the keys of a command.
func keysOf(t testing.TB, cmd redis.Cmder) (keys []string) {
	t.Helper()
	args := cmd.Args()
	var touched []any
	switch cmd.Name() {
	case "fcall":
		n, ok := args[2].(int)
		require.True(t, ok)
		touched = args[3 : 3+n]
	case "mget":
		touched = args[1:]
	case "hget", "hmget", "hincrby", "zrangebyscore", "zrevrangebyscore", "xrange", "xtrim":
		touched = args[1:2]
	case "scan", "hello", "ping", "client", "select", "function":
	default:
		t.Fatalf("command %s is not known to this test", cmd.Name())
	}
	for _, k := range touched {
		key, ok := k.(string)
		require.True(t, ok)
		keys = append(keys, key)
	}
	return keys
}
