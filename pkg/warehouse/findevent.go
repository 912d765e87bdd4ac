package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// StoredEvent is what the table of events holds of one event, without its contents.
type StoredEvent struct {
	Controller  string
	Space       string
	Source      string
	EventID     string
	Type        string
	Channel     string
	OccurredAt  int64 // microseconds
	ReceivedAt  int64 // microseconds
	Behaviour   bool
	Permissions uint64 // as of its resolution
	Written     string // rcu_id at write; empty: a row without person
	Owner       string // rcu_id now; empty: nobody
	Retracted   bool
}

// maxFound bounds how many sources may have used one id.
const maxFound = 16

// findExecution stops the search for an event on the server: the table is not ordered by the ids of sources.
const findExecution = 30 * time.Second

// FindEvents looks for the events that carry an id, of one source where it is given. It takes the latest of the rows of each event by itself: FINAL would
// merge the whole table before it looks.
func (w *Warehouse) FindEvents(ctx context.Context, id, source string) ([]StoredEvent, error) {
	statement := "SELECT controller, space, source, event_id, type, channel, toUnixTimestamp64Micro(occurred_at), toUnixTimestamp64Micro(received_at)," +
		" behaviour, permissions, rcu_id, dictGetOrDefault('" + w.cfg.Database + ".leaf_owner_overrides', 'rcu_id', tuple(leaf), rcu_id)," +
		" (controller, source, event_id) IN (SELECT controller, source, retracted_id FROM " + w.name("retractions") + ")" +
		" FROM " + w.name("events") + " WHERE event_id = ? AND (? = '' OR source = ?) ORDER BY controller, source, leaf, version DESC LIMIT 1 BY controller, source, leaf LIMIT ?"
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"readonly": 2, "max_execution_time": int(findExecution.Seconds()), "cancel_http_readonly_queries_on_client_close": 1,
	}))
	rows, err := w.conn.Query(ctx, statement, id, source, source, maxFound)
	if err != nil {
		return nil, fmt.Errorf("looking for an event: %w", redact(err))
	}
	defer func() { _ = rows.Close() }()
	var out []StoredEvent
	for rows.Next() {
		var e StoredEvent
		var behaviour, retracted uint8
		err := rows.Scan(&e.Controller, &e.Space, &e.Source, &e.EventID, &e.Type, &e.Channel, &e.OccurredAt, &e.ReceivedAt, &behaviour, &e.Permissions,
			&e.Written, &e.Owner, &retracted)
		if err != nil {
			return nil, fmt.Errorf("looking for an event: %w", redact(err))
		}
		e.Behaviour, e.Retracted = behaviour != 0, retracted != 0
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("looking for an event: %w", redact(err))
	}
	return out, nil
}
