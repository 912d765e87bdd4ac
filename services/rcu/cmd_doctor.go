package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"rcu/services/internal/boot"
	"rcu/services/internal/doctor"
)

type doctorCmd struct {
	configFlags
	MinFree uint64 `name:"min-free" help:"Least free bytes of the data folder." default:"2147483648"`
	MaxLag  int64  `name:"max-lag" help:"Most records that a service may be behind." default:"10000"`
}

// Help gives the example.
func (doctorCmd) Help() string {
	return "Looks at what is installed, servers, versions, ports, topics, tables, clocks, disk, keys and lag, and says what to do. " +
		"Exit code 1 when something is wrong.\n\nExample:\n\n  rcu doctor --data ./data"
}

// Run examines the installation.
func (c doctorCmd) Run(ctx context.Context, a *app) error {
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	t, err := c.target(a, s)
	if err != nil {
		return err
	}
	findings := doctor.Examine(doctor.Gather(ctx, t))
	answer := struct {
		Healthy  bool             `json:"healthy"`
		Findings []doctor.Finding `json:"findings"`
	}{doctor.Healthy(findings), findings}
	if err := a.answer(answer, func(w io.Writer) { printFindings(w, findings) }); err != nil {
		return err
	}
	if !answer.Healthy {
		return &boot.Silent{Code: boot.ExitError}
	}
	return nil
}

func printFindings(w io.Writer, list []doctor.Finding) {
	for _, f := range list {
		_, _ = fmt.Fprintf(w, "%-8s %-9s %s\n", f.State, f.Check, f.What)
		if f.Do != "" {
			_, _ = fmt.Fprintf(w, "%-18s -> %s\n", "", f.Do)
		}
	}
}

// target puts together where to look: what the flags give, else what the last `rcu up` of the data folder wrote down.
func (c doctorCmd) target(a *app, s *settings) (doctor.Target, error) {
	h := home{a.data}
	in, found, err := h.readInstance()
	if err != nil {
		return doctor.Target{}, err
	}
	t := doctor.Target{
		Data: a.data, Keys: s.Keys, MaxLag: c.MaxLag, MinFree: c.MinFree, Groups: readGroups(), Now: time.Now,
		Running: h.inUse(), Ports: listenPorts(s), Embedded: in.Embedded,
	}
	t.Crashed = found && !t.Running && in.StoppedAt.IsZero() && len(in.Embedded) > 0
	if !found {
		t.Embedded = wouldEmbed(s)
	}
	if err := h.fill(s, "rcu"); err != nil {
		return doctor.Target{}, err
	}
	t.Kafka, t.RedisAddrs, t.ClickHouseURL = s.Kafka, s.Redis.Addrs, s.ClickHouse.URL.Reveal()
	t.RedisUsername, t.RedisPassword = s.Redis.Username, s.Redis.Password.Reveal()
	if t.RedisTLS, err = s.Redis.tls(); err != nil {
		return doctor.Target{}, err
	}
	if t.Keys == "" {
		t.Keys = h.path("keys.json")
	}
	known, err := os.ReadFile(h.path("keys.fingerprint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return doctor.Target{}, fmt.Errorf("reading the fingerprint of the keys: %w", err)
	}
	t.Fingerprint = strings.TrimSpace(string(known))
	return t, nil
}

// wouldEmbed names the servers that `rcu up` would start itself.
func wouldEmbed(s *settings) []string {
	var out []string
	if len(s.Kafka.Brokers) == 0 {
		out = append(out, "kafka")
	}
	if len(s.Redis.Addrs) == 0 {
		out = append(out, "redis")
	}
	if s.ClickHouse.URL == "" {
		out = append(out, "clickhouse")
	}
	return out
}

// listenPorts lists the addresses on which `rcu up` would listen.
func listenPorts(s *settings) map[string]string {
	out := map[string]string{"admin": s.Admin}
	for _, c := range components() {
		if c.port != 0 {
			out[c.name] = s.listenOn(c.name, c.port)
		}
	}
	for _, name := range wouldEmbed(s) {
		port := map[string]int{"kafka": s.Embedded.KafkaPort, "redis": s.Embedded.RedisPort, "clickhouse": s.Embedded.ClickHousePort}[name]
		out[name] = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	return out
}

// readGroups lists the consumer groups of the services.
func readGroups() []string {
	var out []string
	for _, c := range components() {
		out = append(out, c.groups...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
