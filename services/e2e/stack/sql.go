package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
)

// Users of the embedded ClickHouse.
const (
	Admin   = embedded.UserAdmin
	Analyst = embedded.UserAnalyst
)

// Row is a row of an answer by column.
type Row map[string]any

// Int is a number of a row.
func (r Row) Int(column string) int64 {
	n, ok := r[column].(json.Number)
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return i
}

// Text is a text of a row.
func (r Row) Text(column string) string {
	text, _ := r[column].(string)
	return text
}

// Query asks ClickHouse as a user; parameters are bound as {name:String}.
func (s *Stack) Query(t testing.TB, user, statement string, parameters map[string]string) []Row {
	t.Helper()
	status, body := s.Ask(t, user, statement+" FORMAT JSONEachRow", parameters)
	require.Equal(t, http.StatusOK, status, body)
	var rows []Row
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	for dec.More() {
		var r Row
		require.NoError(t, dec.Decode(&r), body)
		rows = append(rows, r)
	}
	return rows
}

// Ask sends a statement as it is and returns status and body of the answer.
func (s *Stack) Ask(t testing.TB, user, statement string, parameters map[string]string) (int, string) {
	t.Helper()
	status, body, err := s.TryAsk(t.Context(), user, statement, parameters)
	require.NoError(t, err)
	return status, body
}

// TryAsk is Ask for goroutines of a test.
func (s *Stack) TryAsk(ctx context.Context, user, statement string, parameters map[string]string) (int, string, error) {
	u, err := s.clickHouse(user)
	if err != nil {
		return 0, "", err
	}
	q := url.Values{"database": {strings.TrimPrefix(u.Path, "/")}, "output_format_json_quote_64bit_integers": {"0"}}
	for name, value := range parameters {
		q.Set("param_"+name, value)
	}
	login := u.User
	u.Path, u.User, u.RawQuery = "/", nil, q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(statement))
	if err != nil {
		return 0, "", fmt.Errorf("making a request: %w", err)
	}
	password, _ := login.Password()
	req.SetBasicAuth(login.Username(), password)
	return s.Do(req)
}

// clickHouse is the address with the log-in of a user; of a server that was given, the log-in that was given.
func (s *Stack) clickHouse(user string) (*url.URL, error) {
	if s.GivenClickHouse != "" {
		u, err := url.Parse(s.GivenClickHouse)
		if err != nil {
			return nil, fmt.Errorf("reading the address of the given clickhouse: %w", err)
		}
		return u, nil
	}
	passwords, err := embedded.Passwords(s.path("clickhouse"))
	if err != nil {
		return nil, fmt.Errorf("reading the log-ins of clickhouse: %w", err)
	}
	u, err := url.Parse(s.ClickHouse)
	if err != nil {
		return nil, fmt.Errorf("reading the address of clickhouse: %w", err)
	}
	u.User = url.UserPassword(user, passwords[user])
	return u, nil
}
