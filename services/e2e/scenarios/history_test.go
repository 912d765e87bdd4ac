package scenarios

import (
	"fmt"
	"testing"
	"time"

	"rcu/services/e2e/stack"
)

// Tickets of 25 years come through the history lane in one go. ClickHouse takes an insert of at most 100 partitions, and they are of three times as many months.
func TestTicketsOfDecadesComeThroughTheHistoryLane(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	p := somebody()
	const months = 300
	var tickets []any
	for m := range months {
		tickets = append(tickets, sale(time.Date(2026, time.Month(1-m), 15, 11, 0, 0, 0, time.UTC), 100, p.cardID()))
	}
	s.SendHistory(t, stack.Archive, tickets...)
	r := known(t, s, p.cardID(), func(stack.Reading) error { return nil })
	inClickHouse(t, s, monthsOf, r.RCUID, is(map[string]int64{"events": months, "months": months}))
	inTables(t, s, stack.Admin, "SELECT uniqExact(partition) AS partitions FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'", "", func(r stack.Row) error {
		if n := r.Int("partitions"); n < 1 || n > 2 { // a month may end meanwhile
			return fmt.Errorf("%d partitions", n)
		}
		return nil
	})
}

// monthsOf counts the events of a customer, and the months in which they happened.
const monthsOf = `SELECT count() AS events, uniqExact(toYYYYMM(occurred_at)) AS months FROM customer_timeline WHERE rcu_id = {id:String}`
