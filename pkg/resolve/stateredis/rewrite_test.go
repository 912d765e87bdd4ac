package stateredis

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

// foreign is a redis-server that somebody else starts: nobody mends its file before.
type foreign struct {
	t   *testing.T
	dir string
	cmd *exec.Cmd
}

func (f *foreign) start() *Client {
	f.t.Helper()
	for range 3 { // another process may take the free port first
		if c := f.tryStart(); c != nil {
			return c
		}
	}
	f.t.Fatal("redis-server does not start")
	return nil
}

func (f *foreign) tryStart() *Client {
	f.t.Helper()
	binary, err := embedded.FindRedis(f.t.Context(), "")
	require.NoError(f.t, err)
	port := strconv.Itoa(testkit.FreePort(f.t))
	f.cmd = exec.CommandContext(context.Background(), binary, "--port", port, "--dir", f.dir, "--appendonly", "yes", "--save", "")
	require.NoError(f.t, f.cmd.Start())
	f.t.Cleanup(f.kill)
	c := New(Config{Addrs: []string{"127.0.0.1:" + port}})
	f.t.Cleanup(func() { _ = c.Close() })
	own := fmt.Sprintf("process_id:%d\r\n", f.cmd.Process.Pid)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if info, err := c.rdb.Info(f.t.Context(), "server").Result(); err == nil {
			if strings.Contains(info, own) && c.Connect(f.t.Context()) == nil {
				return c
			}
		}
		select {
		case <-f.t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	f.kill()
	return nil
}

func (f *foreign) kill() {
	_ = f.cmd.Process.Kill()
	_ = f.cmd.Wait()
}

func (f *foreign) write(c *Client, value string) {
	f.t.Helper()
	err := c.rdb.Eval(f.t.Context(), "redis.call('SET', 'a', ARGV[1]) redis.call('SET', 'b', ARGV[1]) return 1", nil, value).Err()
	require.NoError(f.t, err)
}

func (f *foreign) both(c *Client) []any {
	f.t.Helper()
	values, err := c.rdb.MGet(f.t.Context(), "a", "b").Result()
	require.NoError(f.t, err)
	return values
}

func rewritten(t *testing.T, c *Client) {
	t.Helper()
	require.NoError(t, NewMarkers(c).RewriteFiles(t.Context()))
	require.Eventually(t, func() bool {
		info := c.rdb.Info(t.Context(), "persistence").Val()
		return !startedFromFile(info) && strings.Contains(info, "aof_rewrite_in_progress:0\r\n")
	}, 20*time.Second, 20*time.Millisecond)
}

// A server whose file was cut within a script, that went on and was killed again, holds both writes of the script or neither.
func TestRewriteFiles_closesWhatWasTorn(t *testing.T) {
	f := &foreign{t: t, dir: t.TempDir()}
	c := f.start()
	f.write(c, "old")
	f.write(c, "new")
	f.kill()
	log := testkit.RedisLog(t, f.dir)
	info, err := os.Stat(log)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(log, info.Size()-25), "in the second write")
	c = f.start()
	require.Equal(t, []any{"old", "old"}, f.both(c))
	rewritten(t, c)
	require.NoError(t, c.rdb.Eval(t.Context(), "redis.call('SET', 'c', '1') redis.call('SET', 'd', '1') return 1", nil).Err())
	f.kill()
	require.Equal(t, []any{"old", "old"}, f.both(f.start()))
}

func TestRewriteFiles_ofACluster(t *testing.T) {
	var addrs []string
	for _, n := range testkit.RedisCluster(t) {
		addrs = append(addrs, n.Addr())
	}
	c, err := Open(t.Context(), Config{Addrs: addrs})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, NewMarkers(c).RewriteFiles(t.Context()))
	for _, addr := range addrs {
		node := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { _ = node.Close() })
		require.Eventually(t, func() bool { return !startedFromFile(node.Info(t.Context(), "persistence").Val()) }, 20*time.Second, 20*time.Millisecond)
	}
}

func TestStartedFromFile(t *testing.T) {
	const as = "# Persistence\r\naof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:"
	require.True(t, startedFromFile(as+"-1\r\n"))
	require.False(t, startedFromFile(as+"0\r\n"))
	require.False(t, startedFromFile("aof_enabled:0\r\naof_last_rewrite_time_sec:-1\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n"))
	require.False(t, startedFromFile(""))
}
