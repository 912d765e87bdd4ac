package stateredis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// Config says where Redis is. Several addresses are a cluster.
type Config struct {
	Addrs       []string // several are nodes of a cluster
	Cluster     bool     // one address is that of a cluster, too
	Username    string
	Password    string //nolint:gosec // never printed or written
	TLS         *tls.Config
	ReadTimeout time.Duration // of one call or pipeline; default 2 s
	PoolSize    int           // default 16 per processor
	Log         *zap.Logger   // of the client library, for debugging; nil: its lines are dropped
}

// Client is a connection to Redis with our functions loaded. Safe for concurrent use.
type Client struct {
	rdb   redis.UniversalClient
	watch *serverWatch
}

// functions are loaded at start, and again by whoever finds one missing. Versions stand in their names: an older program that still runs keeps its own.
var functions = []string{cellFunctions, bucketFunctions, graphFunctions, markerFunctions, contactFunctions, indexFunctions, fillFunctions}

// Open connects, and loads the functions.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	c := New(cfg)
	if err := c.Connect(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// New makes a client that does no I/O yet: it may be used at once, and its calls fail while Redis is away. Whoever uses it calls Connect
// until that succeeds.
func New(cfg Config) *Client {
	logTo(cfg.Log)
	o := &redis.UniversalOptions{
		Addrs: cfg.Addrs, IsClusterMode: cfg.Cluster, Username: cfg.Username, Password: cfg.Password, TLSConfig: cfg.TLS,
		MaxRetries: -1, ContextTimeoutEnabled: true, DisableIdentity: true,
		ReadTimeout: cfg.ReadTimeout, WriteTimeout: cfg.ReadTimeout, PoolSize: cfg.PoolSize, MinIdleConns: 4,
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout, o.WriteTimeout = 2*time.Second, 2*time.Second
	}
	if o.PoolSize == 0 {
		o.PoolSize = 16 * runtime.GOMAXPROCS(0)
	}
	watch := &serverWatch{known: map[string]struct{}{}, cluster: cfg.Cluster || len(cfg.Addrs) > 1}
	o.OnConnect = watch.connected
	c := &Client{rdb: redis.NewUniversalClient(o), watch: watch}
	if cluster, ok := c.rdb.(*redis.ClusterClient); ok {
		watch.reload = cluster.ReloadState
	}
	c.rdb.AddHook(watch)
	return c
}

// Connect loads the functions. Once it has succeeded, every server that is met for the first time raises the epoch. An error for which
// Refused is true does not go away by waiting.
func (c *Client) Connect(ctx context.Context) error {
	if err := c.loadFunctions(ctx); err != nil {
		return explained(err)
	}
	if c.loneNode(ctx) {
		return errLoneNode
	}
	c.watch.opened()
	return nil
}

// loneNode reports whether the server says of itself that it is a node of a cluster, which this client does not follow.
func (c *Client) loneNode(ctx context.Context) bool {
	single, ok := c.rdb.(*redis.Client)
	if !ok {
		return false
	}
	told, err := single.Do(ctx, "HELLO").Result()
	if err != nil {
		return false // an old server, or one that keeps it to itself
	}
	switch about := told.(type) {
	case map[any]any:
		return about["mode"] == "cluster"
	case []any: // the older protocol has names and values in turn
		at := slices.Index(about, any("mode"))
		return at >= 0 && at+1 < len(about) && about[at+1] == "cluster"
	}
	return false
}

// Close ends all connections.
func (c *Client) Close() error { return c.rdb.Close() }

// Ping asks whether Redis answers.
func (c *Client) Ping(ctx context.Context) error {
	if err := c.rdb.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("pinging redis: %w", err)
	}
	return nil
}

func (c *Client) loadFunctions(ctx context.Context) error {
	for _, code := range functions {
		load := func(ctx context.Context, node *redis.Client) error { return node.FunctionLoadReplace(ctx, code).Err() }
		var err error
		switch rdb := c.rdb.(type) {
		case *redis.ClusterClient:
			err = rdb.ForEachMaster(ctx, load)
		default:
			err = rdb.FunctionLoadReplace(ctx, code).Err()
		}
		if err != nil {
			return fmt.Errorf("loading redis functions: %w", err)
		}
	}
	return nil
}

// isFunctionMissing tells a server that lost its functions (a flush, a new master) from other errors.
func isFunctionMissing(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Function not found")
}
