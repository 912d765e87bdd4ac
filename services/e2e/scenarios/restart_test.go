package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

func TestAfterARestartTheAnswersAreTheSameByteForByte(t *testing.T) {
	stack.NeedServers(t)
	s := stack.Start(t)
	customers := make([]person, 20)
	at := time.Now().Add(-time.Hour)
	for i := range customers {
		p := somebody()
		customers[i] = p
		s.Send(t, stack.TillParis, sale(at, 1000+int64(i), p.cardID(), p.emailID()))
		s.Send(t, stack.Shop, decided(at, stack.Grant(p.cookieID(), "unify_behaviour")),
			order(at.Add(time.Minute), 500, p.accountID(), stack.Proved("email", p.email), p.orderID()), viewed(at.Add(2*time.Minute), p, p.accountID(), p.cookieID()))
	}
	for i, p := range customers {
		known(t, s, p.cardID(), bought(1500+int64(i), 0, 2))
	}
	inClickHouse(t, s, `SELECT count() AS events, countIf(behaviour = 1) AS browsing, uniqExact(rcu_id) AS customers,
		(SELECT sum(events_by_type['product.viewed']) FROM customer_360) AS views, (SELECT sum(orders) FROM customer_360) AS orders FROM customer_timeline`, "",
		is(map[string]int64{"events": 60, "browsing": 20, "customers": 20, "views": 20, "orders": 40}))
	before := answers(t, s, customers)
	began := time.Now()
	s.Restart(t)
	t.Logf("stopped and ready again after %s", time.Since(began).Round(time.Millisecond))
	sameAnswers(t, before, answers(t, s, customers))
	began = time.Now()
	s.Kill(t)
	s.Launch(t)
	t.Logf("killed and ready again after %s", time.Since(began).Round(time.Millisecond))
	sameAnswers(t, before, answers(t, s, customers))
}

func sameAnswers(t *testing.T, before, after []string) {
	t.Helper()
	require.Len(t, after, len(before))
	for i := range before {
		require.Equal(t, before[i], after[i])
	}
}

// answers are the bytes that the API and ClickHouse answer with about customers.
func answers(t *testing.T, s *stack.Stack, customers []person) []string {
	t.Helper()
	var out []string
	for _, p := range customers {
		for _, purpose := range []string{"contract", "unify_behaviour"} {
			r := s.Lookup(t, stack.Service, p.cardID(), purpose)
			require.Equal(t, 200, r.Status, r.Body)
			timeline, err := json.Marshal(s.Timeline(t, stack.Service, r.RCUID, purpose))
			require.NoError(t, err)
			out = append(out, r.Body, string(timeline))
		}
	}
	for _, statement := range []string{
		"SELECT * FROM customer_360 ORDER BY rcu_id, controller FORMAT TSV",
		"SELECT * FROM customer_timeline ORDER BY rcu_id, occurred_at, event_key FORMAT TSV",
	} {
		status, body := s.Ask(t, stack.Analyst, statement, nil)
		require.Equal(t, 200, status, body)
		out = append(out, strings.Split(body, "\n")...)
	}
	return out
}

const (
	killWorkers   = 4
	killCustomers = 12        // of each worker
	whole         = "program" // the victim is the program with all its servers
)

func TestKillNineUnderLoadLosesAndDoublesNothing(t *testing.T) {
	killUnderLoad(t, 400, whole, whole)
}

func TestKillNineOfAnyServerUnderLoadLosesAndDoublesNothing(t *testing.T) {
	testkit.Long(t)
	killUnderLoad(t, 2_000, whole, stack.Redis, stack.Kafka, stack.ClickHouse, whole, stack.Kafka, stack.ClickHouse, stack.Redis, whole)
}

// killUnderLoad kills the whole program, or one of its servers and with it the program, again and again, each time after so many events
// were accepted, and starts it again.
func killUnderLoad(t *testing.T, after int64, victims ...string) {
	t.Helper()
	stack.NeedServers(t)
	s := stack.Start(t)
	workers := make([]*tillWorker, killWorkers)
	for i := range workers {
		workers[i] = newTillWorker()
	}
	for _, victim := range victims {
		accepted := sellUntilKilled(t, s, workers, after, victim)
		t.Logf("killed %s after %d events were accepted", victim, accepted)
		s.Launch(t)
	}
	total := 0
	for _, w := range workers {
		require.NoError(t, w.sendAgain(s)) // what got no answer: its source sends it again
		total += w.count
	}
	last := time.Now()
	spent := int64(0)
	for _, w := range workers {
		spent += w.counted(t, s)
	}
	inClickHouse(t, s, "SELECT sum(orders) AS orders, sum(sold) AS sold, sum(customers) AS customers, sum(anonymous) AS anonymous FROM orders_by_channel", "",
		is(map[string]int64{"orders": int64(total), "sold": spent, "customers": killWorkers * killCustomers, "anonymous": 0}))
	for _, w := range workers {
		w.inClickHouse(t, s)
	}
	t.Logf("%d events over %d kills: each counted once in the API and in ClickHouse, %s after the last was sent", total, len(victims), time.Since(last).Round(time.Millisecond))
}

func sellUntilKilled(t *testing.T, s *stack.Stack, workers []*tillWorker, after int64, victim string) int64 {
	t.Helper()
	var accepted atomic.Int64
	down := make(chan struct{})
	var group sync.WaitGroup
	for _, w := range workers {
		group.Go(func() { w.sell(s, down, &accepted) })
	}
	stack.Eventually(t, 2*soon, "the load is under way", func() error {
		if n := accepted.Load(); n < after {
			return fmt.Errorf("%d events accepted", n)
		}
		return nil
	})
	if victim == whole {
		s.Kill(t)
	} else {
		s.KillServer(t, victim)
	}
	close(down)
	group.Wait()
	return accepted.Load()
}

// tillWorker sells to customers of its own and remembers what it was told.
type tillWorker struct {
	people  []person
	ids     []string
	spent   []int64
	tickets []int64
	open    []byte // the batch without an answer
	pending []stack.Event
	count   int
	next    int
}

func newTillWorker() *tillWorker {
	w := &tillWorker{people: make([]person, killCustomers), ids: make([]string, killCustomers), spent: make([]int64, killCustomers), tickets: make([]int64, killCustomers)}
	for i := range w.people {
		w.people[i] = somebody()
	}
	return w
}

// sell sends batches until the program is down.
func (w *tillWorker) sell(s *stack.Stack, down <-chan struct{}, accepted *atomic.Int64) {
	for {
		select {
		case <-down:
			return
		default:
		}
		if w.open == nil {
			w.prepare()
		}
		a, err := s.TryPost(context.Background(), stack.TillParis, w.open)
		if err != nil || a.Status != 200 {
			continue // the kill, or what comes before it
		}
		w.done()
		accepted.Add(int64(len(w.pending)))
	}
}

// prepare makes a batch; each customer pays with card and a typed address in turn.
func (w *tillWorker) prepare() {
	w.pending = w.pending[:0]
	at := time.Now().Add(-time.Minute)
	for range 10 {
		i := w.next % len(w.people)
		w.next++
		p := w.people[i]
		w.pending = append(w.pending, sale(at, int64(100+w.next), p.cardID(), p.emailID()))
	}
	raw, err := json.Marshal(w.pending)
	if err != nil {
		panic(err)
	}
	w.open = raw
}

// done writes down that the batch was accepted.
func (w *tillWorker) done() {
	for _, e := range w.pending {
		i := slices.IndexFunc(w.people, func(p person) bool { return p.card == e.Identifiers[0].Value })
		goods, _ := e.Data.(stack.Goods)
		w.spent[i] += goods.Total.Amount
		w.tickets[i]++
	}
	w.count += len(w.pending)
	w.open = nil
}

func (w *tillWorker) sendAgain(s *stack.Stack) error {
	if w.open == nil {
		return nil
	}
	a, err := s.TryPost(context.Background(), stack.TillParis, w.open)
	if err == nil && a.Accepted != len(w.pending) {
		err = errors.New(a.Body)
	}
	if err == nil {
		w.done()
	}
	return err
}

// counted compares the records of the API with what was accepted, and returns the sum.
func (w *tillWorker) counted(t *testing.T, s *stack.Stack) int64 {
	t.Helper()
	sum := int64(0)
	for i, p := range w.people {
		w.ids[i] = known(t, s, p.cardID(), bought(w.spent[i], 0, w.tickets[i])).RCUID
		sum += w.spent[i]
	}
	return sum
}

// inClickHouse compares customer_360 and customer_timeline with what was accepted.
func (w *tillWorker) inClickHouse(t *testing.T, s *stack.Stack) {
	t.Helper()
	stack.Eventually(t, soon, "every customer has what was accepted", func() error {
		for _, view := range []string{
			"SELECT rcu_id, sum(sold_by_currency['EUR']) AS sold, sum(orders) AS tickets FROM customer_360 GROUP BY rcu_id",
			"SELECT rcu_id, sum(amount) AS sold, count() AS tickets FROM customer_timeline GROUP BY rcu_id",
		} {
			rows := map[string]stack.Row{}
			for _, r := range s.Query(t, stack.Analyst, view, nil) {
				rows[r.Text("rcu_id")] = r
			}
			for i, id := range w.ids {
				if err := is(map[string]int64{"sold": w.spent[i], "tickets": w.tickets[i]})(rows[id]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
