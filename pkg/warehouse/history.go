package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// historyExecution stops the search for a history on the server.
const historyExecution = 5 * time.Second

// History reads what happened to identifiers of a space, by their names, the newest first: at most limit rows, and whether there are
// more. Links that came into force and lost it, which move nobody by themselves, are left out.
func (w *Warehouse) History(ctx context.Context, space string, names []string, limit int) (out []IdentityChangeRow, more bool, err error) {
	if len(names) == 0 {
		return nil, false, nil
	}
	literals := make([]string, len(names))
	for i, name := range names {
		literals[i] = literal(name)
	}
	statement := "SELECT id, version, kind, rcu_id, before, after, cause_kind, cause_id, reason, identifiers, toUnixTimestamp64Micro(at)" +
		" FROM " + w.name("identity_changes") + " WHERE controller = '' AND space = " + literal(space) +
		" AND hasAny(identifiers, [" + strings.Join(literals, ", ") + "]) AND kind NOT IN ('activated', 'deactivated')" +
		" ORDER BY version DESC, toUInt32OrZero(splitByChar('-', id)[2]) DESC LIMIT 1 BY id LIMIT " + strconv.Itoa(limit+1)
	ctx = clickhouse.Context(undated{ctx}, clickhouse.WithSettings(clickhouse.Settings{
		"readonly": 2, "max_execution_time": int(historyExecution.Seconds()), "cancel_http_readonly_queries_on_client_close": 1,
	}))
	rows, err := w.conn.Query(ctx, statement) //nolint:contextcheck // it is that of the caller, undated
	if err != nil {
		return nil, false, fmt.Errorf("reading a history: %w", redact(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r := IdentityChangeRow{Space: space}
		if err := rows.Scan(&r.ID, &r.Version, &r.Kind, &r.RCUID, &r.Before, &r.After, &r.CauseKind, &r.CauseID, &r.Reason, &r.Identifiers, &r.At); err != nil {
			return nil, false, fmt.Errorf("reading a history: %w", redact(err))
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("reading a history: %w", redact(err))
	}
	if len(out) > limit {
		return out[:limit], true, nil
	}
	return out, false, nil
}
