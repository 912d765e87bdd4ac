package embedded

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ApacheKafkaConfig says how to run one node of Apache Kafka next to this program, for tests and chaos runs on the
// real broker.
type ApacheKafkaConfig struct {
	Script     string // scripts/kafka of this repository
	Dir        string // its own folder, made if missing; it opens what an earlier node kept there
	Port       int    // 0: a free port
	Properties string // broker settings behind those of the script; @PORT@ and @CONTROLLER@ stand for the ports
	Users      string // of SCRAM, made in a new folder: [name=...,password=...]
}

// apachePatience is how long a node may take: fetched for the first time, on a busy machine.
const apachePatience = 5 * time.Minute

// StartApacheKafka runs the node as a child process; it returns once the port is open, which is a moment before the
// broker answers.
func StartApacheKafka(ctx context.Context, cfg ApacheKafkaConfig) (*Server, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of apache kafka: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of apache kafka: %w", err)
	}
	addr, port, err := loopback(ctx, "apache kafka", cfg.Port)
	if err != nil {
		return nil, err
	}
	argv := []string{"env", "SCRAM=" + cfg.Users, cfg.Script, "run", dir, strconv.Itoa(port)}
	if cfg.Properties != "" {
		file := filepath.Join(dir, "extra.properties")
		if err := os.WriteFile(file, []byte(cfg.Properties), 0o600); err != nil {
			return nil, fmt.Errorf("writing the settings of apache kafka: %w", err)
		}
		argv = append(argv, file)
	}
	s, err := start(spec{name: "apache-kafka", addr: addr, dir: dir, argv: argv})
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, apachePatience)
	defer cancel()
	var dialer net.Dialer
	if err := s.awaitReady(wait, func(ctx context.Context) error {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}); err != nil {
		return nil, err
	}
	return s, nil
}
