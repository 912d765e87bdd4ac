package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func command(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

func TestWholeCommands(t *testing.T) {
	parts := []string{
		command("SELECT", "0"), command("SET", "exec", "MULTI"), "#TS:1795359057\r\n", command("MULTI") + command("SET", "a", "*1\r\n$4\r\nEXEC\r\n") + command("SET", "b", "") + command("exec"),
		command("DEL", "a"), command("MULTI") + command("EXEC"),
	}
	file := strings.Join(parts, "")
	ends := map[int]bool{0: true}
	for i := range parts {
		ends[len(strings.Join(parts[:i+1], ""))] = true
	}
	last := 0
	for n := range len(file) + 1 {
		if ends[n] {
			last = n
		}
		whole, size, err := wholeCommands(strings.NewReader(file[:n]))
		require.NoError(t, err)
		require.Equal(t, [2]int{last, n}, [2]int{int(whole), int(size)}, "of %d bytes", n)
	}
}

func TestWholeCommands_refusesOtherBytes(t *testing.T) {
	for _, file := range []string{
		"REDIS0010", "\r\n", "*x\r\n", "*-1\r\n", "*1\r\nSET\r\n", "*1\r\n$-4\r\n", "*1\r\n$9999999999\r\n", command("SET", "a", "1") + "\x00\x00\n", strings.Repeat("x", 2<<20),
	} {
		_, _, err := wholeCommands(strings.NewReader(file))
		require.ErrorIs(t, err, errNoAOF, "%.20q", file)
	}
}

func FuzzWholeCommands(f *testing.F) {
	f.Add([]byte(command("MULTI") + command("SET", "a", "b") + command("EXEC")))
	f.Add([]byte("#TS:1\r\n*0\r\n"))
	f.Add([]byte("*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		whole, size, err := wholeCommands(bytes.NewReader(file))
		if errors.Is(err, errNoAOF) {
			return
		}
		require.NoError(t, err)
		require.Equal(t, len(file), int(size))
		again, size, err := wholeCommands(bytes.NewReader(file[:whole]))
		require.NoError(t, err)
		require.Equal(t, [2]int64{whole, whole}, [2]int64{again, size}, "what is whole stays so")
	})
}

// tornRedis is a redis-server whose file was cut, and that went on.
type tornRedis struct {
	t   *testing.T
	dir string
}

// script writes two keys that only take effect together, and leaves the server killed. It returns the append-only file.
func (r *tornRedis) script(a, b, value string) string {
	r.t.Helper()
	s, err := StartRedis(r.t.Context(), RedisConfig{Dir: r.dir})
	require.NoError(r.t, err)
	defer s.Kill()
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer func() { _ = c.Close() }()
	const both = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1]) return 1"
	require.NoError(r.t, c.Eval(r.t.Context(), both, []string{a, b}, value).Err())
	s.Kill()
	name, err := AppendOnlyFile(r.dir)
	require.NoError(r.t, err)
	return name
}

func (r *tornRedis) values() []any {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	s, err := StartRedis(ctx, RedisConfig{Dir: r.dir})
	require.NoError(r.t, err)
	defer s.Kill()
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer func() { _ = c.Close() }()
	values, err := c.MGet(ctx, "a", "b").Result()
	require.NoError(r.t, err)
	return values
}

// A server whose file was cut anywhere, that went on and was killed, has both writes of a script or neither.
func TestRedisKeepsScriptsWholeWhereverItsFileIsCut(t *testing.T) {
	whole := &tornRedis{t, t.TempDir()}
	first, err := os.Stat(whole.script("a", "b", "old"))
	require.NoError(t, err)
	name := whole.script("a", "b", "new")
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	step := int64(7)
	for cut := first.Size(); cut <= int64(len(file)); cut += step {
		r := &tornRedis{t, t.TempDir()}
		require.NoError(t, os.CopyFS(r.dir, os.DirFS(whole.dir)))
		require.NoError(t, os.Truncate(filepath.Join(r.dir, aofDir, filepath.Base(name)), cut))
		r.script("c", "d", "other")
		values := r.values()
		require.Equal(t, values[0], values[1], "cut at %d", cut)
		require.Contains(t, []any{"old", "new"}, values[0])
		r.script("a", "b", "newer")
		require.Equal(t, []any{"newer", "newer"}, r.values(), "cut at %d", cut)
	}
}

func TestRedisRefusesAnotherFile(t *testing.T) {
	r := &tornRedis{t, t.TempDir()}
	name := r.script("a", "b", "old")
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	damaged := append(bytes.Clone(file), "\x00\x00\x00\n rest"...)
	require.NoError(t, os.WriteFile(name, damaged, 0o600))
	_, err = StartRedis(t.Context(), RedisConfig{Dir: r.dir})
	require.Error(t, err)
	kept, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, damaged, kept, "nothing is cut from a file that is damaged")
}
