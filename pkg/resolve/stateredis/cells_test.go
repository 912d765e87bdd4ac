package stateredis

import (
	"context"
	"crypto/sha256"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
	"rcu/pkg/testkit"
)

func open(t testing.TB) *Client {
	t.Helper()
	c, err := Open(t.Context(), Config{Addrs: []string{testkit.Redis(t)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestCells(t *testing.T) {
	statetest.Cells(t, func(t testing.TB) resolve.Cells {
		t.Helper()
		return NewCells(open(t))
	})
}

// A server that lost its functions answers with an error once, and gets them again.
func TestFunctionsComeBackAfterAFlush(t *testing.T) {
	c := open(t)
	cells := NewCells(c)
	_, err := cells.CommitCells(t.Context(), []resolve.Cell{{Key: "l:a", Value: []byte("x")}}) // absent: needs no function
	require.NoError(t, err)
	require.NoError(t, c.rdb.FunctionFlush(t.Context()).Err())
	read, err := cells.LoadCells(t.Context(), []string{"l:a"})
	require.NoError(t, err)
	_, err = cells.CommitCells(t.Context(), read)
	require.Error(t, err)
	ok, err := cells.CommitCells(t.Context(), read)
	require.NoError(t, err)
	assert.Equal(t, []bool{true}, ok)
}

// recorder keeps the round trips of a client.
type recorder struct {
	mu    sync.Mutex
	pipes [][]redis.Cmder
}

func (*recorder) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (r *recorder) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		r.add([]redis.Cmder{cmd})
		return next(ctx, cmd)
	}
}

func (r *recorder) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		r.add(cmds)
		return next(ctx, cmds)
	}
}

// add leaves out what a new connection says first.
func (r *recorder) add(cmds []redis.Cmder) {
	if name := cmds[0].Name(); name == "hello" || name == "client" || name == "info" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pipes = append(r.pipes, cmds)
}

func TestFiveHundredCellsAreOneRoundTrip(t *testing.T) {
	c := open(t)
	rec := &recorder{}
	c.rdb.AddHook(rec)
	cells := NewCells(c)
	keys := make([]string, 500)
	for i := range keys {
		keys[i] = "l:" + strings.Repeat("x", i)
	}
	loaded, err := cells.LoadCells(t.Context(), keys)
	require.NoError(t, err)
	_, err = cells.CommitCells(t.Context(), loaded)
	require.NoError(t, err)
	sizes := make([]int, 0, 2)
	for _, pipe := range rec.pipes {
		sizes = append(sizes, len(pipe))
	}
	assert.Equal(t, []int{500, 500}, sizes)
}

// Every command of the cells touches one slot: all keys of a function call lie in it.
func TestEveryCommandTouchesOneSlot(t *testing.T) {
	c := open(t)
	rec := &recorder{}
	c.rdb.AddHook(rec)
	cells := NewCells(c)
	keys := statetest.CellKeys()
	loaded, err := cells.LoadCells(t.Context(), keys)
	require.NoError(t, err)
	_, err = cells.CommitCells(t.Context(), loaded)
	require.NoError(t, err)
	_, err = cells.Versions(t.Context(), keys)
	require.NoError(t, err)
	var members []resolve.Member
	var plain []resolve.Plain
	for _, k := range keys {
		members = append(members, resolve.Member{Set: "li:" + k, Member: resolve.LeafMember("c", []byte("0123456789abcdef"))})
		plain = append(plain, resolve.Plain{Key: "lo" + k})
	}
	require.NoError(t, cells.AddMembers(t.Context(), members))
	require.NoError(t, cells.SetPlain(t.Context(), plain))
	for _, pipe := range rec.pipes {
		for _, cmd := range pipe {
			args := cmd.Args()
			var touched []any
			switch cmd.Name() {
			case "fcall", "fcall_ro":
				n, ok := args[2].(int)
				require.True(t, ok)
				touched = args[3 : 3+n]
			case "get", "getrange", "set", "hmget", "sadd":
				touched = args[1:2]
			default:
				t.Errorf("unexpected command %s", cmd.Name())
			}
			require.NotEmpty(t, touched)
			slots := map[uint16]bool{}
			for _, k := range touched {
				key, ok := k.(string)
				require.True(t, ok)
				slots[slot(key)] = true
			}
			assert.Len(t, slots, 1, "keys of %s", cmd.Name())
		}
	}
	for _, code := range []string{cellFunctions, bucketFunctions} {
		assert.NotRegexp(t, `(?i)keys\[[^1]`, stripComments(code), "functions use their first key alone")
	}
}

// Keys of Redis: of what stands alone, and of buckets.
func TestKeysSpreadOverSlots(t *testing.T) {
	slots, n := map[uint16]bool{}, 0
	for i := range 200 {
		leaf := sha256.Sum256([]byte{byte(i)})
		keys := []string{resolve.LeafCell("s", "c", leaf[:resolve.LeafKeySize])}
		for _, k := range statetest.CellKeys() {
			if x, ok := spotOf(k + string(leaf[:])); ok {
				keys = append(keys, x.bucket(maxLevels-1), levelsKey(x.kind))
			}
		}
		for _, k := range keys {
			assert.NotContains(t, k, "{", "no hash tag")
			slots[slot(k)], n = true, n+1
		}
	}
	assert.Greater(t, len(slots), n/3)
}

func stripComments(code string) string {
	return regexp.MustCompile(`--[^\n]*`).ReplaceAllString(code, "")
}

// slot is the cluster slot of a key: CRC16 (XMODEM) of its hash tag or of all of it, modulo 16384.
func slot(key string) uint16 {
	if i := strings.IndexByte(key, '{'); i >= 0 {
		if j := strings.IndexByte(key[i+1:], '}'); j > 0 {
			key = key[i+1 : i+1+j]
		}
	}
	crc := uint16(0)
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc % 16384
}

func TestSlotAgreesWithRedis(t *testing.T) {
	c := open(t)
	for _, k := range append(statetest.CellKeys(), "{s}:p:1", "{s}:c:2", "foo{}bar", "123456789") {
		want, err := c.rdb.ClusterKeySlot(t.Context(), k).Result()
		if err != nil && strings.Contains(err.Error(), "cluster support disabled") {
			break
		}
		require.NoError(t, err)
		assert.EqualValues(t, want, slot(k))
	}
	assert.EqualValues(t, 12739, slot("123456789"))
	assert.Equal(t, slot("{s}:p:1"), slot("{s}:c:2"))
}

func BenchmarkCells500(b *testing.B) {
	c := open(b)
	cells := NewCells(c)
	keys := make([]string, 500)
	for i := range keys {
		keys[i] = resolve.LeafCell("s", "c", []byte{byte(i), byte(i >> 8)})
	}
	value := make([]byte, 400)
	b.ReportAllocs()
	for b.Loop() {
		loaded, err := cells.LoadCells(b.Context(), keys)
		require.NoError(b, err)
		for i := range loaded {
			loaded[i].Value = value
		}
		if _, err := cells.CommitCells(b.Context(), loaded); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/500, "us/cell")
}
