package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/embedded"
	"rcu/pkg/vault"
	"rcu/pkg/yamlfile"
	"rcu/services/e2e/resp"
	"rcu/services/internal/demo"
)

var channels = []string{demo.Store, demo.Web, demo.Mobile, demo.CallCentre}

// stack is the servers and services of one path, each a process of its own.
type stack struct {
	o         options
	dir       string
	redis     *embedded.Server
	kafka     *embedded.Server
	click     *embedded.ClickHouse
	processes []*process
	urls      map[string]string // channel -> address of its ingestor

	readerKey, stewardKey string
}

// startStack starts the servers and the four ingestors in a fresh folder.
func startStack(ctx context.Context, o options, in *input, name string) (*stack, error) {
	dir, err := folderOf(o, name)
	if err != nil {
		return nil, err
	}
	s := &stack{o: o, dir: dir, urls: map[string]string{}}
	if o.index != "" {
		if err := beginWith(o.index, dir); err != nil {
			return nil, err
		}
	}
	if err := s.start(ctx, in); err != nil {
		s.stop() //nolint:contextcheck // whatever ended the run
		return nil, err
	}
	return s, nil
}

func (s *stack) start(ctx context.Context, in *input) error {
	if err := errors.Join(s.lists(in), s.servers(ctx)); err != nil {
		return err
	}
	for i, channel := range channels {
		port, err := embedded.FreePort(ctx)
		if err != nil {
			return err
		}
		p, err := s.service(ctx, "ingest", "ingest-"+channel, port)
		if err != nil {
			return err
		}
		s.urls[channel] = "http://127.0.0.1:" + strconv.Itoa(port)
		if i == 0 { // it makes topics and tables, alone
			if err := p.ready(ctx); err != nil {
				return err
			}
		}
	}
	return s.allReady(ctx)
}

func folderOf(o options, name string) (string, error) {
	if o.keep == "" {
		dir, err := os.MkdirTemp("", "rcu-bench-"+name+"-*")
		if err != nil {
			return "", fmt.Errorf("making a folder: %w", err)
		}
		return dir, nil
	}
	dir := filepath.Join(o.keep, name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return dir, nil
}

// lists writes keys, sources and readers.
func (s *stack) lists(in *input) error {
	if _, _, err := vault.LoadOrCreate(filepath.Join(s.dir, "keys.json")); err != nil {
		return fmt.Errorf("making the keys: %w", err)
	}
	reader := func(name, role string, key *string) (map[string]any, error) {
		made, hash, err := auth.NewKey()
		if err != nil {
			return nil, fmt.Errorf("making the key of a reader: %w", err)
		}
		*key = made
		return map[string]any{"name": name, "key_sha256": hash.String(), "role": role, "space": demo.Space, "controllers": []string{demo.Retail, demo.Digital}}, nil
	}
	service, err := reader("bench", "service", &s.readerKey)
	if err != nil {
		return err
	}
	steward, err := reader("bench-steward", "steward", &s.stewardKey)
	if err != nil {
		return err
	}
	readers, err := yamlfile.Encode(map[string]any{"version": 1, "readers": []map[string]any{service, steward}})
	if err != nil {
		return fmt.Errorf("writing the readers: %w", err)
	}
	if err := errors.Join(s.write("sources.yaml", in.sources), s.write("readers.yaml", readers)); err != nil {
		return fmt.Errorf("writing the lists: %w", err)
	}
	return nil
}

func (s *stack) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(s.dir, name), content, 0o600) //nolint:wrapcheck // the caller says what
}

func (s *stack) servers(ctx context.Context) (err error) {
	child := embedded.Child{Program: s.o.rcu, Args: []string{"internal"}}
	if s.redis, err = embedded.StartRedis(ctx, embedded.RedisConfig{Dir: filepath.Join(s.dir, "redis")}); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if s.kafka, err = embedded.StartKafka(ctx, embedded.KafkaConfig{Dir: filepath.Join(s.dir, "kafka"), Child: child}); err != nil {
		return err //nolint:wrapcheck // says all
	}
	s.click, err = embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Dir: filepath.Join(s.dir, "clickhouse"), Nice: embedded.ClickHouseNice, Child: child})
	return err //nolint:wrapcheck // says all
}

// service runs `rcu run NAME`; port 0: it listens on none.
func (s *stack) service(ctx context.Context, stage, name string, port int) (*process, error) {
	admin, err := embedded.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	at := "127.0.0.1:" + strconv.Itoa(admin)
	config := map[string]any{"admin": at, "log": map[string]string{"level": "warn"}}
	if port != 0 {
		config["ports"] = map[string]int{name: port}
	}
	raw, err := yamlfile.Encode(config)
	if err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	if err := s.write(name+".yaml", raw); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", name, err)
	}
	p, err := start(s.dir, stage, name, at, []string{
		s.o.rcu, "--data", s.dir, "run", name, "--config", filepath.Join(s.dir, name+".yaml"),
		"--kafka", s.kafka.Addr(), "--redis", s.redis.Addr(), "--clickhouse", s.click.DSN(embedded.UserAdmin, ""),
	})
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return p, err
}

// api starts the profile API and returns its address.
func (s *stack) api(ctx context.Context) (string, error) {
	return s.serves(ctx, "profile-api", "profile-api")
}

// serves starts a service that is asked, waits until it is ready, and returns its address.
func (s *stack) serves(ctx context.Context, stage, name string) (string, error) {
	port, err := embedded.FreePort(ctx)
	if err != nil {
		return "", err
	}
	if _, err := s.service(ctx, stage, name, port); err != nil {
		return "", err
	}
	return "http://127.0.0.1:" + strconv.Itoa(port), s.allReady(ctx)
}

func (s *stack) allReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, p := range s.processes {
		if p.admin == "" {
			continue
		}
		if err := p.ready(ctx); err != nil {
			return fmt.Errorf("waiting for %s: %w", p.stage, err)
		}
	}
	return nil
}

// stop ends everything, services first, and removes the folder.
func (s *stack) stop() {
	for _, p := range s.processes {
		p.stop()
	}
	if s.click != nil {
		s.click.Kill()
	}
	if s.kafka != nil {
		_ = s.kafka.Stop(context.Background()) // in order: it may have a profile to leave
	}
	if s.redis != nil {
		s.redis.Kill()
	}
	if s.o.keep == "" {
		_ = os.RemoveAll(s.dir)
	}
}

// cpu is the processor time of every stage so far, and of the machine.
func (s *stack) cpu() (map[string]time.Duration, error) {
	out := map[string]time.Duration{"client": ownCPU()}
	add := func(stage string, pid int) error {
		d, err := processCPU(pid)
		out[stage] += d
		return err
	}
	errs := []error{add("redis", s.redis.PID()), add("kafka", s.kafka.PID()), add("clickhouse", s.click.PID())}
	for _, p := range s.processes {
		errs = append(errs, add(p.stage, p.cmd.Process.Pid))
	}
	all, err := machineCPU()
	out["machine"] = all
	return out, errors.Join(append(errs, err)...)
}

// ask puts a question to ClickHouse and returns the answer, columns separated by tabs.
func (s *stack) ask(ctx context.Context, question string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.click.Addr()+"/?database=rcu", strings.NewReader(question))
	if err != nil {
		return "", fmt.Errorf("asking clickhouse: %w", err)
	}
	req.SetBasicAuth(embedded.UserAdmin, s.click.Password(embedded.UserAdmin))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking clickhouse: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking clickhouse: %w", errors.Join(err, errors.New(resp.Status)))
	}
	return strings.TrimSpace(string(raw)), nil
}

// count asks for one number.
func (s *stack) count(ctx context.Context, question string) (int64, error) {
	text, err := s.ask(ctx, question)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading a count: %w", err)
	}
	return n, nil
}

// keepMetrics leaves what services, Redis and ClickHouse counted in the folder, if it is kept: it says what the time went into.
func (s *stack) keepMetrics(ctx context.Context) error {
	if s.o.keep == "" {
		return nil
	}
	for _, p := range s.processes {
		if p.admin == "" {
			continue
		}
		raw, err := get(ctx, "http://"+p.admin+"/metrics")
		if err != nil {
			return err
		}
		if err := os.WriteFile(strings.TrimSuffix(p.log.Name(), ".log")+".metrics", raw, 0o600); err != nil {
			return fmt.Errorf("keeping metrics: %w", err)
		}
	}
	c, err := resp.Dial(ctx, s.redis.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	info, err := c.Do("INFO", "commandstats")
	if err != nil {
		return err
	}
	if err := s.write("redis.commands", fmt.Append(nil, info)); err != nil {
		return fmt.Errorf("keeping metrics: %w", err)
	}
	text, err := s.ask(ctx, "SELECT event, value FROM system.events ORDER BY event")
	if err != nil {
		return err
	}
	if err := s.write("clickhouse.events", []byte(text)); err != nil {
		return fmt.Errorf("keeping metrics: %w", err)
	}
	return nil
}
