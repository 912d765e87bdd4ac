package stateredis

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// width is how much the widest command of a name had to do.
type width struct{ keys, asked, answered int }

// widths remembers the widest command of each name. What a command takes grows with the keys it names and the bytes it moves, and with
// nothing else of ours: the clock of a busy machine says less.
type widths struct {
	mu     sync.Mutex
	widest map[string]width
}

func watchWidths(c *Client) *widths {
	w := &widths{widest: map[string]width{}}
	c.rdb.AddHook(w)
	return w
}

// DialHook implements redis.Hook.
func (*widths) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (w *widths) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		defer w.add(cmd)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (w *widths) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer w.add(cmds...)
		return next(ctx, cmds)
	}
}

func (w *widths) add(cmds ...redis.Cmder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cmd := range cmds {
		args := cmd.Args()
		x := width{keys: len(args) - 1}
		if cmd.Name() == "fcall" {
			x.keys, _ = args[2].(int)
		}
		for _, a := range args {
			switch a := a.(type) {
			case string:
				x.asked += len(a)
			case []byte:
				x.asked += len(a)
			}
		}
		if values, ok := cmd.(*redis.SliceCmd); ok {
			for _, v := range values.Val() {
				text, _ := v.(string)
				x.answered += len(text)
			}
		}
		if members, ok := cmd.(*redis.ScanCmd); ok {
			some, _ := members.Val()
			x.answered = len(some)
		}
		held := w.widest[cmd.Name()]
		w.widest[cmd.Name()] = width{max(held.keys, x.keys), max(held.asked, x.asked), max(held.answered, x.answered)}
	}
}

// graphWidths are the bounds of what the graph asks of Redis.
func (w *widths) graphWidths(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	t.Logf("widest commands: %+v", w.widest)
	fixed, _ := commitCall("s", &resolve.GraphCommit{})
	for name, most := range map[string]width{
		"fcall": {keys: resolve.MaxCommitKeys + len(fixed), asked: 2 * resolve.MaxCommitBytes},
		"mget":  {keys: maxGraphKeys, asked: 64 << 10, answered: 1 << 20},
	} {
		got := w.widest[name]
		assert.NotZero(t, got.keys, name)
		assert.LessOrEqual(t, got.keys, most.keys, "%s: keys", name)
		assert.LessOrEqual(t, got.asked, most.asked, "%s: bytes asked", name)
		assert.LessOrEqual(t, got.answered, most.answered, "%s: bytes answered", name)
	}
	for name, got := range w.widest {
		if name != "fcall" && name != "mget" && name != "function" && name != "hello" {
			assert.LessOrEqual(t, got.keys, 8, "%s: arguments", name)
		}
	}
}

// slowest asks the server for the commands that took longer than from, and returns the longest and how many took more than 5 ms.
func slowest(t testing.TB, c *Client) (longest time.Duration, over int) {
	t.Helper()
	slow, err := c.rdb.SlowLogGet(t.Context(), 10_000).Result()
	require.NoError(t, err)
	for _, s := range slow {
		switch strings.ToLower(s.Args[0]) {
		case "fcall", "mget", "hget", "hmget", "zrangebyscore", "sscan", "scan": // what a client asked for, not what a function called
			longest = max(longest, s.Duration)
			if s.Duration > 5*time.Millisecond {
				over++
			}
		}
	}
	return longest, over
}

// watchSlow lets the server keep the commands that take longer than from.
func watchSlow(t testing.TB, c *Client, from string) {
	t.Helper()
	require.NoError(t, c.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", from).Err())
	require.NoError(t, c.rdb.ConfigSet(t.Context(), "slowlog-max-len", "10000").Err())
	require.NoError(t, c.rdb.Do(t.Context(), "SLOWLOG", "RESET").Err())
}

// An index of very many leaves is read some at a time.
func TestALongLeafIndexIsReadInParts(t *testing.T) {
	c := open(t)
	cells := NewCells(c)
	set := resolve.LeafIndex("s", identifier.Key{Namespace: identifier.Email, Value: "12345678901234567"})
	var members []resolve.Member
	for i := range 20_000 {
		leaf := make([]byte, resolve.LeafKeySize)
		leaf[0], leaf[1], leaf[2] = byte(i>>16), byte(i>>8), byte(i)
		members = append(members, resolve.Member{Set: set, Member: resolve.LeafMember("fr", leaf)})
	}
	require.NoError(t, cells.AddMembers(t.Context(), members[:100]))
	for at := 100; at < len(members); at += 500 {
		require.NoError(t, cells.AddMembers(t.Context(), members[at:min(at+500, len(members))]))
	}
	w := watchWidths(c)
	got, err := cells.Members(t.Context(), []string{set, resolve.LeafIndex("s", identifier.Key{Namespace: identifier.Email, Value: "22345678901234567"})})
	require.NoError(t, err)
	assert.Len(t, got[0], len(members))
	assert.Empty(t, got[1])
	assert.LessOrEqual(t, w.widest["sscan"].answered, 2*maxListedAtOnce)
	assert.NotContains(t, w.widest, "smembers")
}
