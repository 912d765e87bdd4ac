package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rcu/pkg/embedded"
	"rcu/pkg/warehouse"
	"rcu/services/internal/demo"
)

// asked is how long the answers to a question took.
type asked struct {
	Question string `json:"question"`
	Took     spread `json:"took"`
	Rows     int64  `json:"rows_read"` // by the last; 0: not known
}

// subject is whom a round of questions is about.
type subject struct{ controller, name, event string }

// question is one that analysts or services ask.
type question struct {
	says string
	ask  func(ctx context.Context, a *asker, of subject) (rows int64, err error)
}

// sql asks a view or table; @controller and @name stand for the subject's.
func sql(says, statement string) question {
	return question{says, func(ctx context.Context, a *asker, of subject) (int64, error) {
		return a.sql(ctx, strings.NewReplacer("@controller", of.controller, "@name", of.name).Replace(statement))
	}}
}

// questions are those of the views that analysts see, and of the services.
var questions = []question{
	sql("customer_360, one customer", "SELECT * FROM customer_360 WHERE controller = '@controller' AND rcu_id = '@name'"),
	sql("customer_360, all", "SELECT controller, count(), sum(orders), countIf(identified), countIf(may_marketing_email), sum(open_cases) FROM customer_360 GROUP BY controller"),
	sql("customer_timeline, one customer", "SELECT * FROM customer_timeline WHERE rcu_id = '@name' ORDER BY occurred_at DESC LIMIT 100"),
	sql("customer_timeline, by day", "SELECT controller, business_date, channel, type, count(), uniqExact(rcu_id) FROM customer_timeline GROUP BY ALL"),
	sql("orders_by_channel", "SELECT * FROM orders_by_channel"),
	sql("identity_quality", "SELECT * FROM identity_quality"),
	sql("sends_without_permission", "SELECT count() FROM sends_without_permission"),
	sql("suppressed_topics", "SELECT count() FROM suppressed_topics"),
	sql("owners of leaves", "SELECT leaf, rcu_id FROM leaf_owners FINAL"),
	{"an event by its id (rcu explain)", func(ctx context.Context, a *asker, of subject) (int64, error) {
		found, err := a.store.FindEvents(ctx, of.event, "")
		if err == nil && len(found) == 0 {
			err = errNotFound
		}
		return 0, err //nolint:wrapcheck // says all
	}},
	{"the history of a record", func(ctx context.Context, a *asker, of subject) (int64, error) {
		_, _, err := a.store.History(ctx, demo.Space, []string{of.name}, 100)
		return 0, err //nolint:wrapcheck // says all
	}},
}

var errNotFound = errors.New("looking for an event: there is none")

// asker asks and keeps the times.
type asker struct {
	stack    *stack
	store    *warehouse.Warehouse
	subjects []subject
	next     int
	took     map[string][]time.Duration
	rows     map[string]int64
}

// subjectsWanted is how many customers are asked about, one after the other.
const subjectsWanted = 200

func newAsker(ctx context.Context, s *stack) (*asker, error) {
	cfg, err := warehouse.ParseURL(s.click.DSN(embedded.UserAdmin, ""))
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	cfg.Role = warehouse.RoleQuery
	text, err := s.ask(ctx, "SELECT controller, rcu_id, event_id FROM events WHERE rcu_id != '' AND type = 'sale' ORDER BY cityHash64(event_id) LIMIT "+strconv.Itoa(subjectsWanted))
	if err != nil {
		return nil, err
	}
	a := &asker{stack: s}
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			a.subjects = append(a.subjects, subject{f[0], f[1], f[2]})
		}
	}
	if len(a.subjects) == 0 {
		return nil, errNotFound
	}
	a.forget()
	a.store, err = warehouse.Open(cfg)
	return a, err //nolint:wrapcheck // says all
}

func (a *asker) close() { _ = a.store.Close() }

// forget drops the times that were taken.
func (a *asker) forget() { a.took, a.rows = map[string][]time.Duration{}, map[string]int64{} }

// rounds asks everything so often, with a pause before each question.
func (a *asker) rounds(ctx context.Context, n int, pause time.Duration) error {
	for range n {
		of := a.subjects[a.next%len(a.subjects)]
		a.next++
		for _, q := range questions {
			if pause > 0 {
				_ = lasting(pause)(ctx)
			}
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the load has ended
			}
			began := time.Now()
			rows, err := q.ask(context.WithoutCancel(ctx), a, of)
			if err != nil {
				return fmt.Errorf("asking for %s: %w", q.says, err)
			}
			a.took[q.says] = append(a.took[q.says], time.Since(began))
			a.rows[q.says] = rows
		}
	}
	return nil
}

// until asks until ctx ends.
func (a *asker) until(ctx context.Context, pause time.Duration) error {
	for ctx.Err() == nil {
		if err := a.rounds(ctx, 1, pause); err != nil {
			return err
		}
	}
	return nil
}

func (a *asker) all() []asked {
	out := make([]asked, len(questions))
	for i, q := range questions {
		out[i] = asked{q.says, spreadOf(a.took[q.says]), a.rows[q.says]}
	}
	return out
}

// sql runs a statement whose answer nobody reads, and says how many rows it read.
func (a *asker) sql(ctx context.Context, statement string) (int64, error) {
	s := a.stack
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.click.Addr()+"/?database=rcu&wait_end_of_query=1", strings.NewReader(statement))
	if err != nil {
		return 0, fmt.Errorf("asking clickhouse: %w", err)
	}
	req.SetBasicAuth(embedded.UserAdmin, s.click.Password(embedded.UserAdmin))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking clickhouse: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, fmt.Errorf("asking clickhouse: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("asking clickhouse: %s", resp.Status)
	}
	var summary struct {
		ReadRows int64 `json:"read_rows,string"`
	}
	if err := json.Unmarshal([]byte(resp.Header.Get("X-ClickHouse-Summary")), &summary); err != nil {
		return 0, fmt.Errorf("reading what clickhouse says of an answer: %w", err)
	}
	return summary.ReadRows, nil
}

func printAsked(to io.Writer, when string, all []asked) {
	_, _ = fmt.Fprintf(to, "asked %s\tp50 ms\tp99 ms\tmax ms\tof\trows read\n", when)
	for _, x := range all {
		_, _ = fmt.Fprintf(to, "%s\t%.1f\t%.1f\t%.1f\t%d\t%d\n", x.Question, x.Took.P50, x.Took.P99, x.Took.Max, x.Took.Count, x.Rows)
	}
}
