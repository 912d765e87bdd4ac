package scenarios

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/services/e2e/stack"
)

// planted are values that must be found nowhere; all are in lower case, and what is searched is too.
type planted struct {
	person
	values []string
	given, family, street, recipient,
	path, query, header, text, sql string
}

// control is a value that is no secret and lies in Kafka, Redis and ClickHouse: it shows that the search would find one.
const control = stack.Retail

func plant() planted {
	p := planted{
		person: somebody(), given: "zqxvwjgiven", family: "zqxvwjfamily", street: "zqxvwjstreet", recipient: "zqxvwjrecipient",
		path: "zqxvwjpath@example.com", query: "zqxvwjquery@example.com", header: "zqxvwjheader@example.com", text: "zqxvwjtext@example.com", sql: "zqxvwjsql@example.com",
	}
	p.email = "zqxvwjmail." + p.account[1:] + "@example.com"
	p.values = []string{
		"zqxvwj", "%40example.com", p.email, p.card, strings.ToLower(p.account), p.phone[1:], p.phone[3:], p.cookie, p.device, strings.ToLower(p.order),
	}
	return p
}

func TestNoPersonalValueLiesInTheClearAnywhere(t *testing.T) {
	stack.NeedServers(t)
	s := stack.Start(t)
	p := plant()
	p.sendGood(t, s)
	p.sendBad(t, s)
	p.ask(t, s)
	r := known(t, s, p.cardID(), bought(5000, 0, 2))
	require.Equal(t, p.given, strings.ToLower(r.Traits["given_name"].Value), "the API knows what is sealed elsewhere")
	p.correct(t, s, r.RCUID)
	inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 5000}))

	p.absent(t, "/metrics", []byte(s.Metrics(t)))
	records, controls := 0, map[string]int{}
	for _, topic := range s.Topics() {
		s.ReadTopic(t, topic, func(r stream.Record) {
			records++
			controls["topics"] += bytes.Count(r.Value, []byte(control))
			p.absent(t, "topic "+topic, r.Key)
			p.absent(t, "topic "+topic, r.Value)
			for _, h := range r.Headers {
				p.absent(t, "header in topic "+topic, h.Value)
			}
		})
	}
	tables := p.absentFromTables(t, s, controls)
	s.Kill(t)
	p.absent(t, "standard error", []byte(s.Stderr()))
	files, size := p.absentFromFiles(t, s.Dir, controls)
	for _, where := range []string{"topics", "tables", "files"} {
		require.Positive(t, controls[where], "the search sees what lies in %s", where)
	}
	t.Logf("searched for %d values: %d records of %d topics, %d tables, %d files of %d KiB", len(p.values), records, len(s.Topics()), tables, files, size>>10)
}

// sendGood sends events of every kind with personal values in every field that may hold one.
func (p planted) sendGood(t *testing.T, s *stack.Stack) {
	t.Helper()
	at := time.Now().Add(-time.Hour)
	traits := map[string]string{"given_name": "Zqxvwjgiven", "family_name": "Zqxvwjfamily", "address_line": "12 rue Zqxvwjstreet", "birth_date": "1980-04-02"}
	paid := sale(at, 4000, p.cardID(), p.emailID(), stack.ID("phone", p.phone), stack.Identifier{Namespace: "ticket", Value: "zqxvwjticket"})
	paid.Traits = traits
	s.Send(t, stack.TillParis, paid)
	s.Send(t, stack.Shop, decided(at, stack.Grant(p.cookieID(), "unify_behaviour"), stack.Grant(p.emailID(), "personalise")))
	bought := order(at.Add(time.Minute), 1000, p.accountID(), stack.Proved("email", p.email), p.cookieID(), p.orderID())
	bought.Traits = traits
	bought.Data = map[string]any{"total": stack.Money{Amount: 1000, Currency: "EUR"}, "recipient": map[string]string{
		"given_name": "Zqxvwjrecipient", "email": "zqxvwjrecipient@example.com", "phone": p.phone, "address_line": "3 place Zqxvwjrecipient",
	}}
	s.Send(t, stack.Shop, bought,
		with(happened("page.viewed", at.Add(2*time.Minute), p.cookieID()), stack.Data{"path": "https://shop.example/account/" + p.path + "/orders?token=zqxvwjtoken#zqxvwjfragment", "kind": "account"}))
	s.Send(t, stack.App, decided(at, stack.Grant(stack.Proved("device", p.device), "unify_behaviour")))
	s.Send(t, stack.App, happened("app.opened", at.Add(3*time.Minute), stack.Proved("device", p.device), p.accountID()))
	s.Send(t, stack.Desk, with(happened("call.ended", at.Add(4*time.Minute), p.accountID(), stack.ID("phone", p.phone), stack.ID("call", "zqxvwjcall")),
		stack.Data{"duration_seconds": 1, "outcome": "answered", "guest": map[string]string{"given_name": "Zqxvwjguest", "phone": p.phone}}))
}

// sendBad sends what an ingestor refuses, each with a personal value in it.
func (p planted) sendBad(t *testing.T, s *stack.Stack) {
	t.Helper()
	at := time.Now().Add(-time.Hour).Format(time.RFC3339)
	for _, body := range []string{
		`{"id":"b1","type":"sale","occurred_at":"` + at + `","identifiers":[{"namespace":"email","value":"` + p.email + `"}],"data":{"total":{"amount":"` + p.text + `"}}}`,
		`{"id":"b2","type":"sale","occurred_at":"` + p.text + `"}`,
		`{"id":"b3","type":"` + p.text + `","occurred_at":"` + at + `"}`,
		`{"id":"b4","` + p.text + `":1,"type":"sale","occurred_at":"` + at + `","data":{"total":{"amount":1},"` + p.text + `":2}}`,
		`{"id":"b5","type":"sale","occurred_at":"` + at + `","data":{"total":{"amount":1,"currency":"` + p.text + `"}},"traits":{"given_name":7,"family_name":"Zqxvwjfamily"}}`,
		`{"id":"b6","type":"order.placed","occurred_at":"` + at + `","identifiers":[{"namespace":"email","value":"` + p.email + `"}]}`,
		`{"id":"b7","type":"sale","occurred_at":"` + at + `","identifiers":[{"namespace":"` + p.text + `","value":"` + p.email + `"}]`,
		`[{"id":"b8","type":"sale","` + p.text,
		p.text,
	} {
		a := s.PostBody(t, stack.TillParis, []byte(body))
		require.NotContains(t, strings.ToLower(a.Body), p.text, "an answer repeats no value: %s", a.Body)
	}
}

// ask asks with personal values where none belongs: in path, query string and header, of ingestors, API and admin page, and in SQL.
func (p planted) ask(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, service := range []string{"ingest-store", "ingest-web", "profile-api", "admin"} {
		for _, path := range []string{
			"/v1/profiles/" + p.path + "?purpose=contract&email=" + p.query, "/v1/events?email=" + p.query, "/" + p.path, "/v1/profiles/" + p.path + "/explain?purpose=" + p.query,
			"/metrics?x=" + p.query, "/v1/profiles/lookup?x=" + p.query,
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost, "ZQXMETHOD"} {
				req, err := http.NewRequestWithContext(t.Context(), method, s.URL(service)+path, strings.NewReader(`{"identifier":{"namespace":"`+p.text+`","value":"`+p.text+`"},"purpose":"`+p.text+`"}`))
				require.NoError(t, err)
				for _, name := range []string{"Authorization", "User-Agent", "Referer", "X-Request-Id", "X-Forwarded-For", "Content-Type", "Content-Encoding", "Cookie"} {
					req.Header.Set(name, p.header)
				}
				if service == "profile-api" {
					req.Header.Set("Authorization", "Bearer "+s.ReaderKey(stack.Service))
				}
				_, _, err = s.Do(req)
				require.NoError(t, err)
			}
		}
	}
	for _, statement := range []string{"SELECT '" + p.sql + "' FROM nowhere", "SELECT toInt32('" + p.sql + "')", "SELECT `" + p.sql + "` FROM events", "SELEKT " + p.sql, "SELECT '" + p.sql + "'"} {
		for _, user := range []string{stack.Analyst, stack.Admin} {
			s.Ask(t, user, statement, nil)
		}
		out, err := s.Command(t, "sql", statement)
		_, analystErr := s.Command(t, "sql", statement, "--as", "analyst")
		right := strings.HasPrefix(statement, "SELECT '") && !strings.Contains(statement, "FROM")
		require.Equal(t, right, err == nil, "%v", err)
		require.Equal(t, right, analystErr == nil, "%v", analystErr)
		require.Equal(t, right, strings.Contains(out, p.sql), "the person who asked sees the answer")
	}
	for _, id := range []string{p.email, p.card, p.phone} {
		s.Lookup(t, stack.Service, stack.ID("email", id), "contract")
		s.Lookup(t, stack.Seller, stack.ID("card", id), "marketing")
	}
}

// absent fails the test when a planted value is found.
func (p planted) absent(t *testing.T, where string, content []byte) {
	t.Helper()
	lower := bytes.ToLower(content)
	for _, v := range p.values {
		if i := bytes.Index(lower, []byte(v)); i >= 0 {
			t.Errorf("%s holds %q in the clear: %q", where, v, lower[max(0, i-60):min(len(lower), i+60)])
		}
		encoded := base64.RawStdEncoding.EncodeToString([]byte(v))
		if len(v) > 6 && bytes.Contains(content, []byte(encoded)) {
			t.Errorf("%s holds %q as base64", where, v)
		}
	}
}

// absentFromTables reads every column of every table as text, those of the engine's own logs too.
func (p planted) absentFromTables(t *testing.T, s *stack.Stack, controls map[string]int) int {
	t.Helper()
	rows := s.Query(t, stack.Admin, `SELECT database, name FROM system.tables WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')
		OR (database = 'system' AND (name LIKE '%_log' OR name = 'warnings'))`, nil)
	require.Greater(t, len(rows), 12)
	for _, r := range rows {
		status, body := s.Ask(t, stack.Admin, "SELECT * FROM "+r.Text("database")+"."+r.Text("name")+" FORMAT JSONEachRow", nil)
		require.Equal(t, http.StatusOK, status, body)
		controls["tables"] += strings.Count(body, control)
		p.absent(t, "table "+r.Text("database")+"."+r.Text("name"), []byte(body))
	}
	// What went wrong last with a statement is kept in memory, for the administrator alone, and is gone with the process.
	status, body := s.Ask(t, stack.Analyst, "SELECT last_error_message FROM system.errors", nil)
	require.NotEqual(t, http.StatusOK, status, body)
	return len(rows)
}

// absentFromFiles reads every file of the data folder.
func (p planted) absentFromFiles(t *testing.T, dir string, controls map[string]int) (files int, size int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files, size = files+1, size+int64(len(content))
		if strings.HasPrefix(path, filepath.Join(dir, "redis")) {
			controls["files"] += bytes.Count(content, []byte(control))
		}
		p.absent(t, path, content)
		return nil
	}))
	return files, size
}
