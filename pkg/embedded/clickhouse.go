package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Users of the embedded ClickHouse.
const (
	UserAdmin   = "rcu"
	UserAnalyst = "analyst"
	UserPrivacy = "privacy"
)

// ClickHouseNice is by how much the engine should come after what people wait for on the same machine: inserts and merges take both of two
// processors for spells (ADR 55).
const ClickHouseNice = 5

// ClickHouseConfig says where the engine keeps its data and listens, and what its users may do.
type ClickHouseConfig struct {
	Dir      string // its own folder, made if missing
	Port     int    // of HTTP; 0: a free port
	Database string // made at start; default rcu
	Library  string // default: InstallEngine
	Progress Progress
	// Analyst and Privacy are the whole of what these users may do. The engine reads it at its start.
	Analyst Access
	Privacy Access
	// Nice is by how much the engine comes after other programs for the processor, as nice(1) counts: 0 to 19. Linux alone.
	Nice int
	// Ephemeral removes Dir when this process ends.
	Ephemeral bool
	Child     Child // how to run the child; default: this program
}

// ClickHouse is a running engine.
type ClickHouse struct {
	*Server
	database  string
	passwords map[string]string
}

// Password gives the password of one of the three users.
func (c *ClickHouse) Password(user string) string { return c.passwords[user] }

// DSN is the address with log-in and database, as clickhouse-go reads it.
func (c *ClickHouse) DSN(user, database string) string {
	if database == "" {
		database = c.database
	}
	u := url.URL{Scheme: "http", User: url.UserPassword(user, c.passwords[user]), Host: c.addr, Path: "/" + database}
	return u.String()
}

// StartClickHouse runs the engine as a child process of this program, on HTTP alone: over its native protocol a
// second refused log-in would end it.
func StartClickHouse(ctx context.Context, cfg ClickHouseConfig) (*ClickHouse, error) {
	library, err := cfg.library(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of clickhouse: %w", err)
	}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of clickhouse: %w", err)
	}
	passwords, err := loadPasswords(filepath.Join(dir, "passwords.json"))
	if err != nil {
		return nil, err
	}
	addr, port, err := loopback(ctx, "clickhouse", cfg.Port)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "config.xml")
	if err := writeUsers(config, data, passwords, cfg); err != nil {
		return nil, err
	}
	sp := clickhouseSpec{Library: library, Args: engineArgs(config, data, port), Nice: cfg.Nice}
	if cfg.Ephemeral {
		sp.Remove = dir
	}
	argv, err := cfg.Child.command("clickhouse", filepath.Join(dir, "child.json"), sp)
	if err != nil {
		return nil, err
	}
	s, err := start(spec{name: "clickhouse", addr: addr, dir: dir, argv: argv, tidies: cfg.Ephemeral})
	if err != nil {
		return nil, err
	}
	c := &ClickHouse{Server: s, database: cfg.database(), passwords: passwords}
	return c, c.open(ctx)
}

func (cfg ClickHouseConfig) database() string {
	if cfg.Database == "" {
		return "rcu"
	}
	return cfg.Database
}

func (cfg ClickHouseConfig) library(ctx context.Context) (string, error) {
	if cfg.Library != "" {
		return cfg.Library, nil
	}
	return InstallEngine(ctx, cfg.Progress)
}

// open waits for the engine, by a log-in that only the engine started here can answer, and makes the database.
func (c *ClickHouse) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // tables of years are attached before the first answer
	defer cancel()
	err := c.awaitReady(ctx, func(ctx context.Context) error {
		if err := c.ping(ctx); err != nil {
			return err
		}
		running, err := c.query(ctx, "SELECT count() FROM system.processes WHERE query LIKE '"+idle+"%'")
		if err == nil && strings.TrimSpace(running) != "1" {
			return errors.New("the engine is still starting")
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err := c.query(ctx, "CREATE DATABASE IF NOT EXISTS `"+c.database+"`"); err != nil {
		c.Kill()
		return fmt.Errorf("making the database %s: %w", c.database, err)
	}
	return nil
}

func (c *ClickHouse) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.addr+"/ping", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking clickhouse: %w", err)
	}
	_, err = answerOf(req)
	return err
}

// query runs one statement as the administrator and gives the text of the answer; for start-up and tests, not for
// the data path.
func (c *ClickHouse) query(ctx context.Context, statement string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.addr+"/", strings.NewReader(statement))
	if err != nil {
		return "", fmt.Errorf("asking clickhouse: %w", err)
	}
	req.SetBasicAuth(UserAdmin, c.passwords[UserAdmin])
	return answerOf(req)
}

func answerOf(req *http.Request) (string, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking clickhouse: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("reading the answer of clickhouse: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", errors.New("clickhouse answers " + resp.Status + ": " + lastText(string(body)))
	}
	return string(body), nil
}

// idle is the beginning of the statement that keeps the engine's process alive.
const idle = "SELECT sleepEachRow(3600)"

// engineArgs are the arguments of `clickhouse local` that make it a server: the first statement opens HTTP, the
// second keeps the process busy without work.
func engineArgs(config, data string, port int) []string {
	return []string{
		"clickhouse", "--config-file=" + config, "--path=" + data, "--listen_host=127.0.0.1", "--http_port=" + strconv.Itoa(port),
		"--multiquery",
		"--query=SYSTEM START LISTEN HTTP; " + idle + " FROM numbers(1000000) " +
			"SETTINGS max_block_size=1, function_sleep_max_microseconds_per_block=0 FORMAT Null",
	}
}
