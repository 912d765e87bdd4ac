package judge

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
)

// longest line of an answer of ClickHouse.
const longest = 4 << 20

// row is an event as analysts see it.
type row struct {
	Source   string `json:"source"`
	ID       string `json:"event_id"`
	Type     string `json:"type"`
	Owner    string `json:"owner"`
	Written  string `json:"rcu_id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

const rowsQuery = `SELECT source, event_id, type, dictGetOrDefault('rcu.leaf_owner_overrides', 'rcu_id', tuple(leaf), rcu_id) AS owner, rcu_id,
	amount, currency FROM %s FINAL`

// rows compares the table of events: each accepted event once, with its own amount, owned by whom the state says.
func (s *state) rows(ctx context.Context) error {
	seen := map[load.Key]int{}
	err := query(ctx, s.f, fmt.Sprintf(rowsQuery, "events"), func(r *row) {
		k := load.Key{Source: r.Source, ID: r.ID}
		if seen[k]++; seen[k] > 1 {
			s.v.double(k, "clickhouse")
			return
		}
		owner, known := s.o.owners[k]
		if !known {
			s.v.double(k, "clickhouse (nobody sent it)")
			return
		}
		if owner != r.Owner {
			s.v.differ("owner in clickhouse", "%s/%s %s: wanted %q, got %q (written as %q)", k.Source, k.ID, r.Type, owner, r.Owner, r.Written)
		}
		s.content(k, r)
	})
	if err != nil {
		return err
	}
	for k := range s.o.owners {
		if seen[k] == 0 {
			s.v.lose(k, "clickhouse")
		}
	}
	return nil
}

// orders compares the table of orders in the same way.
func (s *state) orders(ctx context.Context) error {
	seen := map[load.Key]int{}
	err := query(ctx, s.f, fmt.Sprintf(rowsQuery, "orders"), func(r *row) {
		k := load.Key{Source: r.Source, ID: r.ID}
		if seen[k]++; seen[k] > 1 {
			s.v.double(k, "clickhouse, orders")
			return
		}
		s.content(k, r)
	})
	if err != nil {
		return err
	}
	for k := range s.o.owners {
		if e := s.ledger.Entries()[k]; e != nil && seen[k] == 0 && ordered[e.Event.Type] {
			s.v.lose(k, "clickhouse, orders")
		}
	}
	return nil
}

// ordered are the types that the table of orders holds.
var ordered = map[string]bool{"sale": true, "order.placed": true, "return": true}

// content compares a row with the text that was sent.
func (s *state) content(k load.Key, r *row) {
	e := s.ledger.Entries()[k]
	if e == nil {
		return // told already
	}
	var sent struct {
		Type string `json:"type"`
		Data struct {
			Total struct {
				Amount   int64  `json:"amount"`
				Currency string `json:"currency"`
			} `json:"total"`
		} `json:"data"`
	}
	if err := json.Unmarshal(e.Event.JSON, &sent); err != nil {
		s.v.differ("event that was sent", "%s/%s: %v", k.Source, k.ID, err)
		return
	}
	if total := sent.Data.Total; r.Type != sent.Type || ordered[r.Type] && (r.Amount != total.Amount || r.Currency != total.Currency) {
		s.v.differ("content in clickhouse", "%s/%s: %s %d %s instead of %s %d %s", k.Source, k.ID, r.Type, r.Amount, r.Currency, sent.Type, total.Amount, total.Currency)
	}
}

// Rows is how many rows the table of events has, repetitions included until they are merged.
func Rows(ctx context.Context, f *fleet.Fleet) (n int64, err error) {
	err = query(ctx, f, "SELECT count() AS n FROM events", func(r *struct {
		N int64 `json:"n"`
	},
	) {
		n = r.N
	})
	return n, err
}

// query gives every row of an answer.
func query[R any](ctx context.Context, f *fleet.Fleet, statement string, fn func(*R)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	address, user, password := f.ClickHouse()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/?database=rcu&output_format_json_quote_64bit_integers=0",
		strings.NewReader(statement+" FORMAT JSONEachRow"))
	if err != nil {
		return fmt.Errorf("asking clickhouse: %w", err)
	}
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking clickhouse: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("asking clickhouse: %w", errors.Join(errors.New(resp.Status+" "+string(body)), err))
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var r R
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("reading an answer of clickhouse: %w", err)
		}
		fn(&r)
	}
	return lines.Err() //nolint:wrapcheck // of a body
}
