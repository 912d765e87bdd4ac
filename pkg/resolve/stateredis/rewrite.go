package stateredis

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// RewriteFiles implements resolve.Markers. A server that finds half a transaction at the end of its append-only file leaves the transaction open in
// it (see package embedded, which mends the file of a server that it starts): what it holds is right, what it would read at its next
// start is not. It answers at once and writes in the background.
func (m *Markers) RewriteFiles(ctx context.Context) error {
	rewrite := func(ctx context.Context, server *redis.Client) error {
		info, err := server.Info(ctx, "persistence").Result()
		if err == nil && startedFromFile(info) {
			err = server.BgRewriteAOF(ctx).Err()
		}
		if err != nil {
			return fmt.Errorf("rewriting an append-only file: %w", err)
		}
		return nil
	}
	switch rdb := m.c.rdb.(type) {
	case *redis.ClusterClient:
		return rdb.ForEachShard(ctx, rewrite) //nolint:wrapcheck // says all
	case *redis.Client:
		return rewrite(ctx, rdb)
	default:
		return nil
	}
}

// startedFromFile reports whether a server keeps an append-only file and has not begun to write it anew since it started.
func startedFromFile(info string) bool {
	said := map[string]bool{}
	for line := range strings.Lines(info) {
		said[strings.TrimSpace(line)] = true
	}
	return said["aof_enabled:1"] && said["aof_last_rewrite_time_sec:-1"] && said["aof_rewrite_in_progress:0"] && said["aof_rewrite_scheduled:0"]
}
