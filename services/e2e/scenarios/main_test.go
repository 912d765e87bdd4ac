package scenarios

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"rcu/services/e2e/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Close()
	os.Exit(code)
}

// soon is how long the way through Kafka, Redis and ClickHouse may take on a busy machine, where the test does not measure it.
const soon = 30 * time.Second

// person is somebody with identifiers that nobody else in this run has.
type person struct {
	number                                             int64
	card, account, email, phone, cookie, device, order string
}

var (
	run    = randomNumber(900) + 100 // tells runs on one data folder apart
	people atomic.Int64
	events atomic.Int64
)

func randomNumber(below int64) int64 {
	n, err := rand.Int(rand.Reader, big.NewInt(below))
	if err != nil {
		panic(err)
	}
	return n.Int64()
}

func somebody() person {
	n := people.Add(1)
	id := fmt.Sprintf("%d%06d", run, n) // nine digits: cards and phones have no room for more
	return person{
		number: n, card: ean("299" + id), account: "E" + id, email: "e2e." + id + "@example.com", phone: "+336" + id[1:],
		cookie: "cke-" + id, device: "appe-" + id, order: "WE" + id,
	}
}

func (p person) cardID() stack.Identifier    { return stack.Proved("card", p.card) }
func (p person) accountID() stack.Identifier { return stack.Proved("customer", p.account) }
func (p person) cookieID() stack.Identifier  { return stack.Proved("cookie", p.cookie) }
func (p person) emailID() stack.Identifier   { return stack.ID("email", p.email) }
func (p person) orderID() stack.Identifier   { return stack.ID("order", p.order) }

// orderNumber is the order as a reader asks for it.
func (p person) orderNumber() stack.Identifier {
	return stack.Identifier{Namespace: "order", Value: p.order, Scope: "maison"}
}

// ean adds the check digit of an EAN-13.
func ean(digits string) string {
	for len(digits) < 12 {
		digits += "0"
	}
	sum := 0
	for i, d := range digits[:12] {
		sum += int(d-'0') * (1 + 2*(i%2))
	}
	return digits[:12] + string(rune('0'+(10-sum%10)%10))
}

// happened makes an event with an id of its own.
func happened(kind string, at time.Time, ids ...stack.Identifier) stack.Event {
	return stack.Event{ID: fmt.Sprintf("e%d-%d", run, events.Add(1)), Type: kind, OccurredAt: at.Truncate(time.Millisecond), Identifiers: ids, Data: stack.Data{}}
}

func with(e stack.Event, data any) stack.Event {
	e.Data = data
	return e
}

func sale(at time.Time, minor int64, ids ...stack.Identifier) stack.Event {
	return with(happened("sale", at, ids...), stack.Euros(minor))
}

func order(at time.Time, minor int64, ids ...stack.Identifier) stack.Event {
	return with(happened("order.placed", at, ids...), stack.Euros(minor))
}

func giveBack(at time.Time, minor int64, ids ...stack.Identifier) stack.Event {
	return with(happened("return", at, ids...), stack.Euros(minor))
}

func decided(at time.Time, decisions ...stack.Decision) stack.Event {
	e := happened("consent.decided", at)
	e.Consent = decisions
	return e
}

// known waits until a reader gets the customer of an identifier and holds, and returns the answer.
func known(t *testing.T, s *stack.Stack, id stack.Identifier, holds func(stack.Reading) error) stack.Reading {
	t.Helper()
	return knownFor(t, s, id, "contract", holds)
}

func knownFor(t *testing.T, s *stack.Stack, id stack.Identifier, purpose string, holds func(stack.Reading) error) stack.Reading {
	t.Helper()
	var r stack.Reading
	stack.Eventually(t, soon, "the customer is readable", func() error {
		r = s.Lookup(t, stack.Service, id, purpose)
		if r.Status != 200 {
			return fmt.Errorf("the API answered %d: %s", r.Status, r.Body)
		}
		if err := holds(r); err != nil {
			return fmt.Errorf("%w: %s", err, r.Body)
		}
		return nil
	})
	return r
}

// bought says that a record holds so many euros and tickets over all channels, returns included.
func bought(sales, returns, tickets int64) func(stack.Reading) error {
	return func(r stack.Reading) error {
		var gotSales, gotReturns, gotTickets int64
		for _, x := range r.Spend {
			gotSales, gotReturns, gotTickets = gotSales+x.Sales, gotReturns+x.Returns, gotTickets+x.Tickets
		}
		if gotSales != sales || gotReturns != returns || gotTickets != tickets {
			return fmt.Errorf("sales %d, returns %d, tickets %d instead of %d, %d, %d", gotSales, gotReturns, gotTickets, sales, returns, tickets)
		}
		return nil
	}
}

// inClickHouse waits until a statement about a customer answers with one row that holds.
func inClickHouse(t *testing.T, s *stack.Stack, statement, rcuID string, holds func(stack.Row) error) time.Duration {
	t.Helper()
	return inTables(t, s, stack.Analyst, statement, rcuID, holds)
}

// inTables is inClickHouse for a user who may read more than the views.
func inTables(t *testing.T, s *stack.Stack, user, statement, rcuID string, holds func(stack.Row) error) time.Duration {
	t.Helper()
	return stack.Eventually(t, soon, "ClickHouse knows it", func() error {
		rows := s.Query(t, user, statement, map[string]string{"id": rcuID})
		if len(rows) != 1 {
			return fmt.Errorf("%d rows instead of 1", len(rows))
		}
		return holds(rows[0])
	})
}

// is compares numbers of a row.
func is(want map[string]int64) func(stack.Row) error {
	return func(r stack.Row) error {
		for column, n := range want {
			if r.Int(column) != n {
				return fmt.Errorf("%s is %v instead of %d: %v", column, r[column], n, r)
			}
		}
		return nil
	}
}

// sums of a customer over all controllers.
const sums = `SELECT sum(sold_by_currency['EUR']) AS sold, sum(returned_by_currency['EUR']) AS returned, sum(orders) AS tickets
FROM customer_360 WHERE rcu_id = {id:String}`

// events of a customer.
const rowsOf = `SELECT count() AS events, countIf(behaviour = 1) AS browsing FROM customer_timeline WHERE rcu_id = {id:String}`

// errorOf says what an ingestor answered instead.
func errorOf(a stack.Answer) error {
	return fmt.Errorf("the ingestor answered %d: %s", a.Status, a.Body)
}
