package warehouse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Query is one read-only statement of a person, and its limits.
type Query struct {
	// SQL is one statement, without a FORMAT clause.
	SQL string
	// MaxRows ends the answer after so many rows; 0 means 10,000.
	MaxRows int
	// MaxExecution stops the statement on the server; 0 means a minute.
	MaxExecution time.Duration
}

// Limits of an answer.
const (
	defaultRows    = 10_000
	maxAnswerBytes = 256 << 20
	maxRowBytes    = 16 << 20
)

// Rows takes the answer of a Query, row by row.
type Rows interface {
	// Columns is called once, first.
	Columns(names []string) error
	// Row is called for every row; values are JSON, and must not be kept.
	Row(values []json.RawMessage) error
	// End is called last, with whether rows were left out because of MaxRows.
	End(truncated bool) error
}

var formatClause = regexp.MustCompile(`(?is)\sFORMAT\s+[a-z][a-z0-9]*\s*$`)

// ErrFormatClause says that a statement chose its own format.
var ErrFormatClause = errors.New("the statement must not have a FORMAT clause")

// Query runs one read-only statement and hands its rows to out. A deadline of ctx cancels it, but is not what the server counts
// its time by: that is MaxExecution.
func (w *Warehouse) Query(ctx context.Context, q Query, out Rows) error {
	statement := strings.TrimRight(q.SQL, "; \t\r\n")
	if formatClause.MatchString(statement) {
		return ErrFormatClause
	}
	rows, execution := q.MaxRows, q.MaxExecution
	if rows <= 0 {
		rows = defaultRows
	}
	if execution <= 0 {
		execution = time.Minute
	}
	ctx = clickhouse.Context(undated{ctx}, clickhouse.WithSettings(clickhouse.Settings{
		"readonly": 2, "limit": rows + 1, "max_execution_time": max(1, int(execution.Seconds())),
		"max_result_bytes": maxAnswerBytes, "result_overflow_mode": "throw",
		"cancel_http_readonly_queries_on_client_close": 1,
		"output_format_json_quote_64bit_integers":      0,
		"output_format_json_named_tuples_as_objects":   1,
		"output_format_json_validate_utf8":             1,
	}))
	body, err := w.conn.QueryFormat(ctx, "JSONCompactEachRowWithNames", statement) //nolint:contextcheck // it is that of the caller, undated
	if err != nil {
		return fmt.Errorf("running the statement: %w", redact(err))
	}
	defer func() { _ = body.Close() }()
	return readRows(body, rows, out)
}

// readRows reads a line of names and then a line a row. The server was asked for one row more than the limit.
func readRows(body io.Reader, limit int, out Rows) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxRowBytes)
	var values []json.RawMessage
	named, count, truncated := false, 0, false
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if !named {
			var names []string
			if err := json.Unmarshal(lines.Bytes(), &names); err != nil {
				return errors.New("reading the answer of clickhouse: no line of names")
			}
			if err := out.Columns(names); err != nil {
				return err
			}
			named = true
			continue
		}
		if count == limit {
			truncated = true
			break
		}
		values = values[:0]
		if err := json.Unmarshal(lines.Bytes(), &values); err != nil {
			return errors.New("reading the answer of clickhouse: a row is no list")
		}
		if err := out.Row(values); err != nil {
			return err
		}
		count++
	}
	if err := lines.Err(); err != nil && !truncated {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("reading the answer of clickhouse: a row is larger than %d bytes", maxRowBytes)
		}
		return fmt.Errorf("reading the answer of clickhouse: %w", redact(err))
	}
	return out.End(truncated)
}

// undated hides the deadline of a context: the client library would turn it into max_execution_time, over what was asked for.
type undated struct{ context.Context } //nolint:containedctx // it is a context itself

// Deadline reports none.
func (undated) Deadline() (time.Time, bool) { return time.Time{}, false }
