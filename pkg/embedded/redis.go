package embedded

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// minRedis is the oldest major version with Functions.
const minRedis = 7

// RedisConfig says where a redis-server keeps its data and listens.
type RedisConfig struct {
	Dir    string // its own folder, made if missing
	Port   int    // 0: a free port
	Binary string // default: redis-server from the PATH

	Cluster bool // a node of a cluster, without slots
}

// RedisMissing is what to tell when there is no redis-server.
const RedisMissing = "redis-server is not installed: run `apt-get install redis-server` (Debian, Ubuntu) or `brew install redis`, or give --redis HOST:PORT"

// StartRedis runs a redis-server (7.0 or newer) with its append-only file written every second and nothing evicted.
func StartRedis(ctx context.Context, cfg RedisConfig) (*Server, error) {
	binary, err := FindRedis(ctx, cfg.Binary)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of redis: %w", err)
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of redis: %w", err)
	}
	if err := cutUnfinished(dir); err != nil {
		return nil, err
	}
	addr, port, err := loopback(ctx, "redis", cfg.Port)
	if err != nil {
		return nil, err
	}
	s, err := start(spec{name: "redis", addr: addr, dir: dir, argv: redisArgs(binary, dir, port, cfg.Cluster)})
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, time.Minute) // a large append-only file is read before the first answer
	defer cancel()
	if err := s.awaitReady(wait, s.redisReady); err != nil {
		return nil, err
	}
	return s, nil
}

func redisArgs(binary, dir string, port int, cluster bool) []string {
	args := []string{
		binary, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--daemonize", "no",
		"--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
		"--save", "3600 1", "--aof-use-rdb-preamble", "yes", "--auto-aof-rewrite-min-size", rewriteFrom, "--tcp-backlog", "128",
	}
	if cluster {
		args = append(args, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "3000",
			"--cluster-require-full-coverage", "no")
	}
	return args
}

// rewriteFrom is the size of the append-only file below which it is not rewritten. By Redis' default, 64 MB, a new installation under load writes
// all that it has three times in its first minute, which takes a tenth of the processor time of the server; this is read in some seconds.
const rewriteFrom = "256mb"

// FindRedis gives the path of a redis-server that is new enough; an empty name looks for redis-server in the PATH.
func FindRedis(ctx context.Context, name string) (string, error) {
	if name == "" {
		name = "redis-server"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", RedisMissing, err)
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output() //nolint:gosec // the program's own name comes from the operator
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", path, err)
	}
	version := redisVersion(string(out))
	major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
	if err != nil {
		return "", fmt.Errorf("reading the version of %s from %q", path, strings.TrimSpace(string(out)))
	}
	if major < minRedis {
		return "", fmt.Errorf("redis-server %s is too old: version %d.0 or newer is needed (it has Functions)", version, minRedis)
	}
	return path, nil
}

// redisVersion finds v=X.Y.Z in the answer of redis-server --version.
func redisVersion(out string) string {
	for word := range strings.FieldsSeq(out) {
		if v, ok := strings.CutPrefix(word, "v="); ok {
			return v
		}
	}
	return ""
}

// redisReady asks the server for its process id, so that a foreign server on the same port is noticed, and whether
// it has read its data.
func (s *Server) redisReady(ctx context.Context) error {
	info, err := redisInfo(ctx, s.addr)
	if err != nil {
		return err
	}
	if pid := info["process_id"]; pid != strconv.Itoa(s.PID()) {
		return fmt.Errorf("redis on %s: %w", s.addr, errForeign)
	}
	if info["loading"] != "0" {
		return fmt.Errorf("redis on %s still reads its data", s.addr)
	}
	return nil
}

// redisInfo asks one INFO over a connection of its own.
func redisInfo(ctx context.Context, addr string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dialling redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte("INFO\r\nQUIT\r\n")); err != nil {
		return nil, fmt.Errorf("asking redis: %w", err)
	}
	info := map[string]string{}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if name, value, ok := strings.Cut(strings.TrimRight(lines.Text(), "\r"), ":"); ok {
			info[name] = value
		}
	}
	if len(info) == 0 {
		return nil, fmt.Errorf("redis on %s does not answer INFO", addr)
	}
	return info, nil
}
