package testkit

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"rcu/pkg/embedded"
)

// shared is the one engine of a test binary: it takes seconds and some hundred megabytes, so tests share it, each
// with a database of its own.
var shared struct {
	once sync.Once
	ch   *embedded.ClickHouse
	err  error
}

// ClickHouse gives the address (http://user:password@host:port/database) of an empty database of its own, as the
// administrator: on the server of RCU_TEST_CLICKHOUSE, else on the engine that this test binary shares. The database
// is dropped after a test that passed.
func ClickHouse(t testing.TB) string {
	t.Helper()
	dsn, how := os.Getenv("RCU_TEST_CLICKHOUSE"), "RCU_TEST_CLICKHOUSE"
	if dsn == "" {
		c := engineChild(t)
		shared.once.Do(func() { shared.ch, shared.err = startShared(c) })
		if shared.err != nil {
			t.Fatalf("testkit: starting clickhouse: %v", shared.err)
		}
		dsn, how = shared.ch.DSN(embedded.UserAdmin, "default"), "embedded"
	}
	database := Name(t, "t")
	statement(t, dsn, "CREATE DATABASE "+database)
	t.Cleanup(func() {
		if !t.Failed() {
			statement(t, dsn, "DROP DATABASE "+database)
		}
	})
	ran(t, BackendClickHouse, how)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("testkit: RCU_TEST_CLICKHOUSE is no address of the form http://user:password@host:port/database")
	}
	u.Path = "/" + database
	return u.String()
}

// ClickHouseServer gives an engine of the test's own, with its users and grants, as a process that the test may kill.
// It is killed with the test.
func ClickHouseServer(t testing.TB, cfg embedded.ClickHouseConfig) *embedded.ClickHouse {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.Child = engineChild(t)
	c, err := embedded.StartClickHouse(t.Context(), cfg)
	if err != nil {
		t.Fatalf("testkit: starting clickhouse: %v", err)
	}
	t.Cleanup(c.Kill)
	ran(t, BackendClickHouse, "embedded process")
	return c
}

// engineChild skips where the engine is not installed: tests fetch it only when they are required to run. An engine
// that is there and does not start is a failure.
func engineChild(t testing.TB) embedded.Child {
	t.Helper()
	if ok, err := embedded.EngineInstalled(); err != nil {
		Missing(t, BackendClickHouse, err.Error())
	} else if !ok && !required(BackendClickHouse) {
		Missing(t, BackendClickHouse, "the engine is not installed: run scripts/setup")
	}
	return Child(t)
}

func startShared(c embedded.Child) (*embedded.ClickHouse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // may fetch the engine
	defer cancel()
	dir, err := os.MkdirTemp("", "rcu-test-clickhouse-*")
	if err != nil {
		return nil, err
	}
	return embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Dir: dir, Ephemeral: true, Child: c})
}

func statement(t testing.TB, dsn, sql string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("testkit: RCU_TEST_CLICKHOUSE is no address of the form http://user:password@host:port/database")
	}
	user := u.User
	u.User, u.Path = nil, "/"
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(sql))
	if err != nil {
		t.Fatalf("testkit: asking clickhouse: %v", err)
	}
	password, _ := user.Password()
	req.SetBasicAuth(user.Username(), password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("testkit: asking clickhouse: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("testkit: clickhouse answers %s: %s", resp.Status, body)
	}
}
