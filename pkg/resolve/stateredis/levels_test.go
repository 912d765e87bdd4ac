package stateredis

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// A server that lost its last writes may have forgotten that a kind has more levels: whoever knows tells it again.
func TestLevelsAreToldAgain(t *testing.T) {
	c := open(t)
	cells := NewCells(c)
	require.NoError(t, cells.raise(t.Context(), "cr", 2))
	require.NoError(t, c.rdb.Del(t.Context(), levelsKey("cr")).Err())
	_, err := cells.LoadCells(t.Context(), []string{"cr:x"})
	require.NoError(t, err)
	n, err := c.rdb.Get(t.Context(), levelsKey("cr")).Int()
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

// behind does something once, behind the first pipeline of a client and before its answer is looked at.
type behind struct {
	done atomic.Bool
	do   func()
}

func (*behind) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (*behind) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *behind) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if b.done.CompareAndSwap(false, true) {
			b.do()
		}
		return err
	}
}

// inTheSecondLevel fills a bucket and writes a cell that has no room there.
func inTheSecondLevel(t *testing.T, c *Client) (key string) {
	t.Helper()
	cells, perBucket := NewCells(c), map[string]int{}
	for i := 0; ; i++ {
		key = fmt.Sprint("cr:", i)
		x, _ := spotOf(key)
		if x.number[:2] != "00" {
			continue
		}
		written, err := cells.CommitCells(t.Context(), []resolve.Cell{{Key: key, Value: []byte("a value")}})
		require.NoError(t, err)
		require.True(t, written[0])
		if perBucket[x.bucket(0)]++; perBucket[x.bucket(0)] > bucketRoom {
			return key
		}
	}
}

// A process that begins reads with many workers at once. None of them has looked in a level that another one has just learnt of.
func TestLevelsThatAnotherReadLearns(t *testing.T) {
	read := func() resolve.Cell {
		c := open(t)
		key := inTheSecondLevel(t, c)
		fresh, err := Open(t.Context(), Config{Addrs: []string{c.rdb.(*redis.Client).Options().Addr}})
		require.NoError(t, err)
		t.Cleanup(func() { _ = fresh.Close() })
		cells := NewCells(fresh)
		fresh.rdb.AddHook(&behind{do: func() {
			_, err := cells.LoadCells(t.Context(), []string{key})
			require.NoError(t, err)
		}})
		got, err := cells.LoadCells(t.Context(), []string{key})
		require.NoError(t, err)
		return got[0]
	}
	require.Equal(t, "a value", string(read().Value))
	faults.othersLearnt = true
	defer func() { faults.othersLearnt = false }()
	require.Zero(t, read().Version, "the planted fault: what is there counts as absent")
}
