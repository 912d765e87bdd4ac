package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"rcu/pkg/embedded"
)

// rebuildFigures are those of `rcu rebuild redis --wipe` over what a path left on Kafka.
type rebuildFigures struct {
	Profiles          int64   `json:"profiles"`
	Components        int64   `json:"components"`
	Leaves            int64   `json:"leaves"`
	Seconds           float64 `json:"seconds"`
	ProfilesPerSecond float64 `json:"profiles_per_second"`
}

// rebuild stops the resolver and lets its Redis be made again. The resolver does not come back.
func (m *meter) rebuild(ctx context.Context) (*rebuildFigures, error) {
	s := m.stack
	f := &rebuildFigures{}
	var err error
	if f.Profiles, err = s.count(ctx, "SELECT uniqExact(rcu_id) FROM profiles FINAL WHERE gone = 0"); err != nil {
		return nil, err
	}
	m.resolver.stop()
	s.processes = slices.DeleteFunc(s.processes, func(p *process) bool { return p == m.resolver })
	cmd := exec.CommandContext(ctx, s.o.rcu, "--json", "--data", s.dir, "rebuild", "redis", "--wipe", //nolint:gosec // our own program
		"--config", filepath.Join(s.dir, "resolver.yaml"), "--kafka", s.kafka.Addr(), "--redis", s.redis.Addr(), "--clickhouse", s.click.DSN(embedded.UserAdmin, ""))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("rebuilding redis: %w", errors.Join(err, errors.New(stderr.String())))
	}
	if err := json.Unmarshal(stdout.Bytes(), f); err != nil {
		return nil, fmt.Errorf("reading the report of the rebuild: %w", err)
	}
	f.ProfilesPerSecond = float64(f.Profiles) / f.Seconds
	return f, nil
}
