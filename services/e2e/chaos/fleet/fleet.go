package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/services/ingest"
	"rcu/services/internal/demo"
)

// Config of a fleet.
type Config struct {
	Program    string // rcu
	Apache     string // scripts/kafka, to run on Apache Kafka; empty: on the embedded broker
	Dir        string // its folder, which is made
	Sources    []ingest.SourceSpec
	Resolvers  int
	Sinks      int
	Partitions int // of every topic; default 8
	// Session is after how long a group goes on without a member that was killed. Default: 3s.
	Session time.Duration
	// Told hears of services that ended without being asked to; may be nil.
	Told func(service string, err error)
	// ContactRules are the rules before a contact, as JSON; empty: the defaults.
	ContactRules string
	// Env is added to the environment of the services.
	Env []string
}

// Target is a process that can be killed and started again.
type Target interface {
	Name() string
	Kind() string
	Kill()
	// Pause stops it without ending it, and reports whether it ran until then. wake lets it go on, and reports whether it was in the same life still.
	Pause() (wake func() bool, stopped bool)
	Start(ctx context.Context) error
	Ready(ctx context.Context) error
	PID() int
}

// Fleet is a running installation.
type Fleet struct {
	Servers  []*Server
	Keys     map[string]string // source -> bearer key
	Reader   string            // bearer key of a service reader of both controllers
	URLs     map[string]string // channel -> address of its ingestor
	API      string            // address of the profile API
	Consent  string            // address of the consent API
	Contacts string            // address of the service that is asked before a contact
	Keyring  *vault.Keyring
	cfg      Config
	proxies  map[string]*Proxy
	services struct {
		sync.Mutex
		list []*Process
	}
	clickHouse atomic.Pointer[embedded.ClickHouse]
	lengths    lengths
	unwatch    context.CancelFunc
}

// ReaderName is who reads, chooses and contacts in a fleet.
const ReaderName = "judge"

// contactRules is the file of the rules before a contact.
const contactRules = "contacts.json"

// Channels of the ingestors.
var Channels = []string{demo.Store, demo.Web, demo.Mobile, demo.CallCentre}

var errDown = errors.New("it is down")

// Launch starts servers and services and waits until all of them can work.
func Launch(ctx context.Context, cfg Config) (f *Fleet, err error) {
	if cfg.Partitions == 0 {
		cfg.Partitions = 8
	}
	if cfg.Session == 0 {
		cfg.Session = 3 * time.Second
	}
	if cfg.Told == nil {
		cfg.Told = func(string, error) {}
	}
	watching, unwatch := context.WithCancel(ctx)
	f = &Fleet{cfg: cfg, proxies: map[string]*Proxy{}, URLs: map[string]string{}, unwatch: unwatch}
	f.lengths.dir = f.path(Redis)
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := errors.Join(os.MkdirAll(f.path("logs"), 0o700), f.lists()); err != nil {
		return nil, fmt.Errorf("preparing an installation: %w", err)
	}
	if err := f.servers(ctx); err != nil {
		return nil, err
	}
	for _, s := range f.Servers {
		if err := s.Start(ctx); err != nil {
			return nil, err
		}
	}
	go f.lengths.watch(watching)
	return f, f.launchServices(ctx)
}

// launchServices starts one service alone, which makes topics and tables, and then the others.
func (f *Fleet) launchServices(ctx context.Context) error {
	for i, channel := range Channels {
		p, port, err := f.add(ctx, "ingest-"+channel, "ingest-"+channel, true)
		if err != nil {
			return err
		}
		f.URLs[channel] = "http://" + loopback(port)
		if i == 0 {
			if err := Await(ctx, time.Minute, p.Ready); err != nil {
				return err
			}
		}
	}
	for kind, address := range map[string]*string{"profile-api": &f.API, "consent-api": &f.Consent, "contacts": &f.Contacts, "steward": new(string)} {
		_, port, err := f.add(ctx, kind, kind, true)
		if err != nil {
			return err
		}
		*address = "http://" + loopback(port)
	}
	for range f.cfg.Resolvers {
		if _, err := f.Join(ctx, "resolver"); err != nil {
			return err
		}
	}
	for range f.cfg.Sinks {
		if _, err := f.Join(ctx, "sink"); err != nil {
			return err
		}
	}
	return f.AwaitReady(ctx, time.Minute)
}

// Join starts one more resolver or sink, and does not wait for it.
func (f *Fleet) Join(ctx context.Context, kind string) (*Process, error) {
	n := 1
	for slices.ContainsFunc(f.Services(), func(p *Process) bool { return p.name == kind+"-"+strconv.Itoa(n) }) {
		n++
	}
	p, _, err := f.add(ctx, kind, kind+"-"+strconv.Itoa(n), false)
	return p, err
}

// Leave stops a service in order and forgets it.
func (f *Fleet) Leave(p *Process) {
	p.Stop()
	f.services.Lock()
	defer f.services.Unlock()
	f.services.list = slices.DeleteFunc(f.services.list, func(x *Process) bool { return x == p })
}

// Services lists the services.
func (f *Fleet) Services() []*Process {
	f.services.Lock()
	defer f.services.Unlock()
	return slices.Clone(f.services.list)
}

// Targets lists everything that can be killed.
func (f *Fleet) Targets() []Target {
	var out []Target
	for _, s := range f.Servers {
		out = append(out, s)
	}
	for _, p := range f.Services() {
		out = append(out, p)
	}
	return out
}

// Proxy is the one before a server.
func (f *Fleet) Proxy(server string) *Proxy { return f.proxies[server] }

// Server finds a server by name.
func (f *Fleet) Server(name string) *Server {
	i := slices.IndexFunc(f.Servers, func(s *Server) bool { return s.name == name })
	return f.Servers[i]
}

// add starts `rcu run KIND`; a service that listens gets a port.
func (f *Fleet) add(ctx context.Context, kind, name string, listens bool) (p *Process, port int, err error) {
	admin, err := embedded.FreePort(ctx)
	if err != nil {
		return nil, 0, err
	}
	config := map[string]any{ // JSON is YAML
		"admin": loopback(admin), "log": map[string]string{"level": "info"},
		"kafka": map[string]any{"session_timeout": f.cfg.Session.String(), "partitions": f.cfg.Partitions},
	}
	if f.cfg.ContactRules != "" {
		config["contacts"] = map[string]string{"rules": f.path(contactRules)}
	}
	if listens {
		if port, err = embedded.FreePort(ctx); err != nil {
			return nil, 0, err
		}
		config["ports"] = map[string]int{kind: port}
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, 0, fmt.Errorf("configuring %s: %w", name, err)
	}
	file := f.path(name + ".yaml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return nil, 0, fmt.Errorf("configuring %s: %w", name, err)
	}
	p = &Process{
		name: name, kind: kind, admin: loopback(admin), log: f.path("logs", name+".log"), told: f.cfg.Told, env: f.cfg.Env,
		argv: []string{
			f.cfg.Program, "--data", f.cfg.Dir, "run", kind, "--config", file,
			"--kafka", f.proxies[Kafka].Addr(), "--redis", f.proxies[Redis].Addr(), "--clickhouse", f.dsn(f.proxies[ClickHouse].Addr()),
		},
	}
	f.services.Lock()
	f.services.list = append(f.services.list, p)
	f.services.Unlock()
	return p, port, p.Start(ctx)
}

func (f *Fleet) dsn(host string) string {
	c := f.clickHouse.Load()
	u := url.URL{Scheme: "http", User: url.UserPassword(embedded.UserAdmin, c.Password(embedded.UserAdmin)), Host: host, Path: "/rcu"}
	return u.String()
}

// ClickHouse is the address of the server itself, with the log-in of the administrator.
func (f *Fleet) ClickHouse() (address, user, password string) {
	c := f.clickHouse.Load()
	return "http://" + f.Server(ClickHouse).Addr(), embedded.UserAdmin, c.Password(embedded.UserAdmin)
}

// Kafka connects to the broker.
func (f *Fleet) Kafka() (*stream.Client, error) {
	cfg := stream.DefaultConfig()
	cfg.Brokers = []string{f.proxies[Kafka].Addr()}
	return stream.Connect(cfg, stream.Deps{}) //nolint:wrapcheck // says all
}

// AwaitReady waits until every service that is meant to run can work.
func (f *Fleet) AwaitReady(ctx context.Context, within time.Duration) error {
	return Await(ctx, within, func(ctx context.Context) error {
		for _, t := range f.Targets() {
			if p, ok := t.(*Process); ok && !p.Running() {
				continue
			}
			if err := t.Ready(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Blackout kills every process at once, and returns when all are gone.
func (f *Fleet) Blackout() {
	var all sync.WaitGroup
	for _, t := range f.Targets() {
		all.Go(t.Kill)
	}
	all.Wait()
}

// Relaunch starts everything again after a Blackout, and waits until all of it can work.
func (f *Fleet) Relaunch(ctx context.Context) error {
	for _, t := range f.Targets() {
		if err := t.Start(ctx); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return f.AwaitReady(ctx, 2*time.Minute)
}

// Close ends everything, services first. The folder stays.
func (f *Fleet) Close() {
	f.unwatch()
	var all sync.WaitGroup
	for _, p := range f.Services() {
		all.Go(p.Kill)
	}
	all.Wait()
	for _, s := range f.Servers {
		s.Kill()
	}
	for _, p := range f.proxies {
		p.Close()
	}
}

func (f *Fleet) path(elem ...string) string {
	return filepath.Join(append([]string{f.cfg.Dir}, elem...)...)
}

// lists writes keys, sources and readers.
func (f *Fleet) lists() (err error) {
	if f.Keyring, _, err = vault.LoadOrCreate(f.path("keys.json")); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if err := os.WriteFile(f.path("keys.fingerprint"), []byte(f.Keyring.Fingerprint()+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting the keys: %w", err)
	}
	sources, keys, err := ingest.GenerateSources(f.cfg.Sources)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	f.Keys = keys
	key, hash, err := auth.NewKey()
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	f.Reader = key
	readers, err := json.Marshal(map[string]any{"version": 1, "readers": []map[string]any{{
		"name": ReaderName, "key_sha256": hash.String(), "role": "service", "space": demo.Space, "controllers": []string{demo.Retail, demo.Digital},
	}}})
	if err != nil {
		return fmt.Errorf("writing the readers: %w", err)
	}
	if f.cfg.ContactRules != "" {
		if err := os.WriteFile(f.path(contactRules), []byte(f.cfg.ContactRules), 0o600); err != nil {
			return fmt.Errorf("writing the rules of contacts: %w", err)
		}
	}
	return errors.Join(os.WriteFile(f.path("sources.yaml"), sources, 0o600), os.WriteFile(f.path("readers.yaml"), readers, 0o600))
}

// Await asks until the answer is no error, and returns the last one at the deadline.
func Await(ctx context.Context, within time.Duration, holds func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := holds(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", within, err)
		case <-tick.C:
		}
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
