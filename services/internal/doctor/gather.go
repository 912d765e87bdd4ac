package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/pkg/warehouse"
	"rcu/services/internal/dailykeys"
)

// askLimit bounds each question to a server.
const askLimit = 5 * time.Second

// controlDays is how many days back contacts are held against the decisions that had to permit them.
const controlDays = 30

// Target says where to look. Empty addresses are not asked.
type Target struct {
	Kafka         stream.Config
	RedisAddrs    []string
	RedisUsername string
	RedisPassword string
	RedisTLS      *tls.Config // nil: none
	ClickHouseURL string      // with its log-in
	Data          string      // folder of the installation
	Keys          string      // key file
	Fingerprint   string      // with which the data were made; empty: none yet
	Ports         map[string]string
	Groups        []string
	MaxLag        int64
	MinFree       uint64
	Running       bool
	Crashed       bool
	Embedded      []string // names of the servers that RCU starts itself
	Now           func() time.Time
}

func (t Target) embedded(name string) bool { return slices.Contains(t.Embedded, name) }

// ask reports whether a server can be expected to answer.
func (t Target) ask(name string) bool { return !t.embedded(name) || t.Running }

// Gather fills the facts. Whatever goes wrong becomes a fact, so it never fails.
func Gather(ctx context.Context, t Target) Facts {
	f := Facts{Running: t.Running, Alone: len(t.Embedded) == 0, Crashed: t.Crashed}
	f.Engine = engine(t)
	f.RedisFile = redisFile(ctx, t)
	f.Redis = askRedis(ctx, t)
	f.ClickHouse, f.Schema = askClickHouse(ctx, t)
	f.Kafka, f.Topics, f.Lags = askKafka(ctx, t)
	f.Ports = tryPorts(ctx, t)
	f.Disks = disks(t)
	f.Keys = keys(ctx, t, f.Kafka, f.Topics)
	return f
}

func engine(t Target) Program {
	p := Program{Needed: t.embedded("clickhouse")}
	installed, err := embedded.EngineInstalled()
	p.Installed = installed
	if err != nil {
		p.Problem = err.Error()
	}
	return p
}

func redisFile(ctx context.Context, t Target) Program {
	p := Program{Needed: t.embedded("redis")}
	if !p.Needed {
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	_, err := embedded.FindRedis(ctx, "")
	p.Installed = err == nil
	if err != nil {
		p.Problem = err.Error()
	}
	return p
}

// askRedis asks every server of a cluster, each for itself: of versions the oldest counts, of clocks the one that differs most.
func askRedis(ctx context.Context, t Target) Server {
	s := Server{Addr: strings.Join(t.RedisAddrs, ","), Embedded: t.embedded("redis")}
	if s.Addr == "" || !t.ask("redis") {
		return s
	}
	redis.SetLogger(silent{}) // what goes wrong is a finding, not a line of the library's own log
	for _, addr := range t.RedisAddrs {
		one := askOneRedis(ctx, t, addr)
		if len(t.RedisAddrs) > 1 {
			one = one.at(addr)
		}
		s.Problem, s.Refuses = cmp.Or(s.Problem, one.Problem), cmp.Or(s.Refuses, one.Refuses)
		if s.Version == "" || one.Version != "" && older(one.Version, s.Version) {
			s.Version = one.Version
		}
		if one.HasClock && (!s.HasClock || one.Skew.Abs() > s.Skew.Abs()) {
			s.Skew, s.HasClock = one.Skew, true
		}
	}
	return s
}

// at says of which of several servers a problem is.
func (s Server) at(addr string) Server {
	for _, text := range []*string{&s.Problem, &s.Refuses} {
		if *text != "" {
			*text = addr + ": " + *text
		}
	}
	return s
}

func askOneRedis(ctx context.Context, t Target, addr string) (s Server) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	o := &redis.Options{
		Addr: addr, Username: t.RedisUsername, Password: t.RedisPassword, Protocol: 2,
		MaxRetries: -1, DisableIdentity: true, ContextTimeoutEnabled: true, DialTimeout: askLimit, PoolSize: 1, TLSConfig: t.RedisTLS,
	}
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	info, err := c.Info(ctx, "server", "persistence").Result()
	if err != nil {
		s.Problem = err.Error()
		return s
	}
	for line := range strings.SplitSeq(info, "\n") {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case name == "redis_version":
			s.Version = v
		case name == "aof_last_write_status" && v != "ok", name == "rdb_last_bgsave_status" && v != "ok":
			s.Refuses = "it cannot write its files (" + name + ")"
		}
	}
	before := t.Now()
	at, err := c.Time(ctx).Result()
	if err == nil {
		s.Skew, s.HasClock = skew(at, before, t.Now()), true
	}
	return s
}

type silent struct{}

// Printf drops the line.
func (silent) Printf(context.Context, string, ...any) {}

// skew is how far another clock is ahead of ours, which stood in the middle between asking and hearing.
func skew(theirs, before, after time.Time) time.Duration {
	return theirs.Sub(before.Add(after.Sub(before) / 2))
}

func askClickHouse(ctx context.Context, t Target) (Server, Schema) {
	s := Server{Embedded: t.embedded("clickhouse")}
	if t.ClickHouseURL == "" {
		return s, Schema{}
	}
	cfg, err := warehouse.ParseURL(t.ClickHouseURL)
	if err != nil {
		s.Addr, s.Problem = "its address", err.Error()
		return s, Schema{}
	}
	s.Addr = strings.Join(cfg.Addrs, ",")
	if !t.ask("clickhouse") {
		return s, Schema{}
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	w, err := warehouse.Open(cfg)
	if err != nil {
		s.Problem = err.Error()
		return s, Schema{}
	}
	defer func() { _ = w.Close() }()
	if s.Version, err = w.ServerVersion(ctx); err != nil {
		s.Problem = err.Error()
		return s, Schema{}
	}
	before := t.Now()
	if at, err := clickHouseTime(ctx, w); err == nil {
		s.Skew, s.HasClock = skew(at, before, t.Now()), true
	}
	schema := Schema{Asked: true}
	v, err := w.SchemaVersion(ctx)
	if err != nil {
		schema.Problem = err.Error()
	}
	schema.Current, schema.Target = v.Current, v.Target
	if v.Current == v.Target && err == nil {
		if schema.Sends, err = w.SendsWithoutPermission(ctx, t.Now().AddDate(0, 0, -controlDays)); err != nil {
			schema.SendsProblem = err.Error()
		}
	}
	return s, schema
}

func clickHouseTime(ctx context.Context, w *warehouse.Warehouse) (time.Time, error) {
	var out strings.Builder
	if err := w.Query(ctx, warehouse.Query{SQL: "SELECT toUnixTimestamp64Milli(now64(3)) AS ms", MaxRows: 1}, warehouse.NewJSONRows(&out)); err != nil {
		return time.Time{}, fmt.Errorf("asking clickhouse for its time: %w", err)
	}
	var row struct {
		MS json.Number `json:"ms"`
	}
	if err := json.Unmarshal([]byte(out.String()), &row); err != nil {
		return time.Time{}, fmt.Errorf("reading the time of clickhouse: %w", err)
	}
	ms, err := row.MS.Int64()
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the time of clickhouse: %w", err)
	}
	return time.UnixMilli(ms), nil
}

func askKafka(ctx context.Context, t Target) (Server, Topics, Lags) {
	s := Server{Addr: strings.Join(t.Kafka.Brokers, ","), Embedded: t.embedded("kafka")}
	if s.Addr == "" || !t.ask("kafka") {
		return s, Topics{}, Lags{}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askLimit)
	defer cancel()
	cfg := t.Kafka
	cfg.DialTimeout, cfg.RequestTimeout = askLimit, askLimit
	c, err := stream.Connect(cfg, stream.Deps{})
	if err != nil {
		s.Problem = err.Error()
		return s, Topics{}, Lags{}
	}
	defer c.Close()
	if err := c.Ping(ctx); err != nil {
		s.Problem = err.Error()
		return s, Topics{}, Lags{}
	}
	return s, askTopics(ctx, c, cfg), askLags(ctx, c, t)
}

func askTopics(ctx context.Context, c *stream.Client, cfg stream.Config) Topics {
	want := stream.Topics(cfg.Partitions, cfg.Replication)
	out := Topics{Asked: true, Expected: len(want)}
	problems, err := c.CheckTopics(ctx, want)
	if err != nil {
		out.Problem = err.Error()
	}
	for _, p := range problems {
		if p.Missing {
			out.Missing = append(out.Missing, p.Topic)
		} else {
			out.Unlike = append(out.Unlike, p.Error())
		}
	}
	return out
}

func askLags(ctx context.Context, c *stream.Client, t Target) Lags {
	out := Lags{Asked: true, Most: t.MaxLag, Groups: map[string]int64{}}
	for _, group := range t.Groups {
		parts, err := c.Lag(ctx, group)
		if err != nil {
			out.Problem = err.Error()
			return out
		}
		out.Groups[group] = behind(parts)
	}
	return out
}

// behind leaves out the history lane: a backfill waits by design, and its ingestors bound how much of it does.
func behind(parts []stream.PartitionLag) int64 {
	var n int64
	for _, p := range parts {
		if p.Topic != stream.TopicEventsHistory {
			n += p.Lag()
		}
	}
	return n
}

func tryPorts(ctx context.Context, t Target) []Port {
	if t.Running {
		return nil
	}
	var out []Port
	var lc net.ListenConfig
	for name, addr := range t.Ports {
		ln, err := lc.Listen(ctx, "tcp", addr)
		if err == nil {
			_ = ln.Close()
		}
		out = append(out, Port{Name: name, Addr: addr, Taken: errors.Is(err, syscall.EADDRINUSE)})
	}
	return out
}

// disks looks at the data folder, or at the nearest folder above that exists, and at the folders of servers that lie on a disk of their own.
func disks(t Target) []Disk {
	path := t.Data
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	out := []Disk{room(path, t.Data, t.MinFree)}
	seen := []uint64{device(path)}
	for _, name := range t.Embedded {
		own := filepath.Join(t.Data, name)
		if d := device(own); d != 0 && !slices.Contains(seen, d) {
			seen = append(seen, d)
			out = append(out, room(own, own, t.MinFree))
		}
	}
	return out
}

// room asks how much of the disk of a folder is free.
func room(path, name string, least uint64) Disk {
	d := Disk{Path: name, Least: least}
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		d.Problem = err.Error()
		return d
	}
	d.Free = st.Bavail * uint64(st.Bsize) //nolint:gosec // a block size is positive
	return d
}

// device tells disks apart; 0 where there is no such folder.
func device(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev) //nolint:unconvert // signed on other systems
	}
	return 0
}

// keys looks at the key file, and at the keys in Kafka where it answers and has them.
func keys(ctx context.Context, t Target, kafka Server, topics Topics) Keys {
	k := Keys{Path: t.Keys, Known: t.Fingerprint}
	if _, err := os.Stat(t.Keys); errors.Is(err, fs.ErrNotExist) && t.Fingerprint == "" {
		return k
	}
	ring, err := vault.Load(t.Keys)
	if err != nil {
		k.Problem = err.Error()
		k.Fingerprint = "unreadable"
		return k
	}
	k.Fingerprint = ring.Fingerprint()
	if topics.Asked && kafka.Problem == "" && !slices.Contains(topics.Missing, stream.TopicKeys) {
		k.Foreign = foreign(ctx, t, ring)
	}
	return k
}

// foreign reports whether the keys in Kafka are those of another key file; where it cannot be asked, nothing is said.
func foreign(ctx context.Context, t Target, ring *vault.Keyring) bool {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	c, err := stream.Connect(t.Kafka, stream.Deps{})
	if err != nil {
		return false
	}
	defer c.Close()
	other, err := dailykeys.OfAnother(ctx, c, ring)
	return err == nil && other
}
