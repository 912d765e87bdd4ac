package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"rcu/pkg/config"
	"rcu/pkg/warehouse"
	"rcu/services/internal/boot"
)

// sqlCmd asks ClickHouse.
type sqlCmd struct {
	fileFlags
	Statement  string        `arg:"" help:"One statement that reads; - reads it from standard input."`
	As         string        `name:"as" enum:"rcu,analyst,privacy" default:"rcu" help:"User to ask as: rcu, analyst or privacy." placeholder:"USER"`
	Rows       int           `name:"rows" default:"1000" help:"Most rows to print." placeholder:"N"`
	Time       time.Duration `name:"time" default:"1m" help:"Longest time that the statement may take." placeholder:"DURATION"`
	ClickHouse string        `name:"clickhouse" help:"A ClickHouse server, with the user to log in as (default: the one of rcu up)." placeholder:"URL"`
}

// maxStatement bounds a statement that is read from standard input.
const maxStatement = 1 << 20

// Help gives the example.
func (sqlCmd) Help() string {
	return "An analyst sees the views customer_360, customer_timeline, orders_by_channel, identity_quality,\nsends_without_permission and suppressed_topics. Amounts are minor units (cents).\n" +
		"With --json every row is one JSON object on a line.\n\n" +
		"Example:\n\n  rcu sql --as analyst \"SELECT channel, month, currency, orders, net FROM orders_by_channel ORDER BY month\""
}

// Run prints the answer.
func (c sqlCmd) Run(ctx context.Context, a *app) error {
	if c.Rows < 1 || c.Time < time.Second {
		return &boot.UsageError{Err: errors.New("--rows must be at least 1 and --time at least 1s")}
	}
	statement, err := c.statement(a.world.Stdin)
	if err != nil {
		return err
	}
	s, err := c.settings(a)
	if err != nil {
		return err
	}
	if c.ClickHouse != "" {
		s.ClickHouse.URL = config.Secret(c.ClickHouse)
	}
	if err := (home{a.data}).fill(s, c.As); err != nil {
		return err
	}
	if s.ClickHouse.URL == "" {
		return errors.New("there is no ClickHouse to ask: start one with rcu up, or name one with --clickhouse URL or --config FILE")
	}
	cfg, err := warehouse.ParseURL(s.ClickHouse.URL.Reveal())
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	cfg.Role = warehouse.RoleQuery
	w, err := warehouse.Open(cfg)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer func() { _ = w.Close() }()
	var out warehouse.Rows = warehouse.NewTableRows(a.world.Stdout)
	if a.json {
		out = warehouse.NewJSONRows(a.world.Stdout)
	}
	return told(w.Query(ctx, warehouse.Query{SQL: statement, MaxRows: c.Rows, MaxExecution: c.Time}, out))
}

func (c sqlCmd) statement(stdin io.Reader) (string, error) {
	if c.Statement != "-" {
		return c.Statement, nil
	}
	raw, err := io.ReadAll(io.LimitReader(stdin, maxStatement+1))
	if err != nil {
		return "", fmt.Errorf("reading the statement: %w", err)
	}
	if len(raw) > maxStatement {
		return "", fmt.Errorf("reading the statement: it is longer than %d bytes", maxStatement)
	}
	if strings.TrimSpace(string(raw)) == "" {
		return "", &boot.UsageError{Err: errors.New("the statement is empty")}
	}
	return string(raw), nil
}

// told adds what the engine said of the statement: this is a person's terminal, not a log.
func told(err error) error {
	var e *warehouse.Error
	switch {
	case errors.As(err, &e) && e.Detail() != "":
		return fmt.Errorf("%w: %s", err, e.Detail())
	}
	return err
}
