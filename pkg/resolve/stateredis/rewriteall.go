package stateredis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// errRewrite says that a server could not write its append-only file anew: it has what was deleted.
var errRewrite = errors.New("redis could not write its append-only file anew: see its log")

// RewriteFiles has every server begin to write its append-only file anew: what was deleted is in it until then. begun is false where one is at an
// earlier rewrite, which may have what was deleted. A server without such a file has nothing to write.
func (c *Client) RewriteFiles(ctx context.Context) (begun bool, err error) {
	var busy atomic.Bool
	err = c.eachServer(ctx, func(ctx context.Context, server *redis.Client) error {
		said, err := persistence(ctx, server)
		switch {
		case err != nil || said["aof_enabled"] != "1":
			return err
		case said.rewriting():
			busy.Store(true)
			return nil
		}
		return server.BgRewriteAOF(ctx).Err()
	})
	if err != nil {
		return false, fmt.Errorf("rewriting append-only files: %w", err)
	}
	return !busy.Load(), nil
}

// Rewriting reports whether a server is writing its append-only file anew. It is an error that the last rewrite of one failed.
func (c *Client) Rewriting(ctx context.Context) (bool, error) {
	var busy atomic.Bool
	err := c.eachServer(ctx, func(ctx context.Context, server *redis.Client) error {
		said, err := persistence(ctx, server)
		switch {
		case err != nil || said["aof_enabled"] != "1":
			return err
		case said.rewriting():
			busy.Store(true)
		case said["aof_last_bgrewrite_status"] != "ok":
			return errRewrite
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("waiting for append-only files: %w", err)
	}
	return busy.Load(), nil
}

func (c *Client) eachServer(ctx context.Context, f func(ctx context.Context, server *redis.Client) error) error {
	switch rdb := c.rdb.(type) {
	case *redis.ClusterClient:
		return rdb.ForEachShard(ctx, f)
	case *redis.Client:
		return f(ctx, rdb)
	default:
		return nil
	}
}

// saved is what a server says of its files.
type saved map[string]string

func persistence(ctx context.Context, server *redis.Client) (saved, error) {
	info, err := server.Info(ctx, "persistence").Result()
	if err != nil {
		return nil, err
	}
	out := saved{}
	for line := range strings.Lines(info) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[key] = value
		}
	}
	return out, nil
}

func (s saved) rewriting() bool {
	return s["aof_rewrite_in_progress"] == "1" || s["aof_rewrite_scheduled"] == "1"
}
