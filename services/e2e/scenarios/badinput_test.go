package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/stack"
)

func TestGoodEventsOfABadBatchArriveAndBadOnesLieSealed(t *testing.T) {
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	wrong := func(change func(map[string]any)) any {
		raw, err := json.Marshal(sale(at, 9999, p.cardID(), p.emailID()))
		require.NoError(t, err)
		var e map[string]any
		require.NoError(t, json.Unmarshal(raw, &e))
		change(e)
		return e
	}
	a := s.Post(t, stack.TillParis,
		sale(at, 100, p.cardID()),
		wrong(func(e map[string]any) {
			e["data"].(map[string]any)["total"] = map[string]any{"amount": "much", "currency": "EUR"}
		}),
		sale(at.Add(time.Second), 200, p.cardID()),
		wrong(func(e map[string]any) {
			e["data"].(map[string]any)["total"] = map[string]any{"amount": 1, "currency": "XXQ"}
		}),
		wrong(func(e map[string]any) { e["occurred_at"] = "1999-12-31T23:59:59Z" }),
		sale(at.Add(2*time.Second), 300, p.cardID()))
	require.Equal(t, 200, a.Status, a.Body)
	require.Equal(t, []int{3, 3}, []int{a.Accepted, a.Rejected}, a.Body)
	for i, field := range map[int]string{1: "/data/total/amount", 3: "/data/total/currency", 4: "/occurred_at"} {
		require.Equal(t, "rejected", a.Results[i].Status)
		require.Equal(t, field, a.Results[i].Field)
		require.NotEmpty(t, a.Results[i].Reason)
		require.NotEmpty(t, a.Results[i].Fix)
	}
	known(t, s, p.cardID(), bought(600, 0, 3))

	for _, field := range []string{"/data/total/amount", "/data/total/currency", "/occurred_at"} {
		require.NotEmpty(t, buried(t, s, "ingest", field, p.email), field)
	}
}

// buried returns the dead letters of a stage about a field; none of them may hold a value in the clear.
func buried(t *testing.T, s *stack.Stack, stage, field, value string) []*eventpb.DeadLetter {
	t.Helper()
	var found []*eventpb.DeadLetter
	s.ReadTopic(t, stream.TopicDeadLetter, func(r stream.Record) {
		if bytes.Contains(r.Value, []byte(value)) || bytes.Contains(r.Key, []byte(value)) {
			t.Errorf("a dead letter holds %s in the clear", value)
		}
		d := &eventpb.DeadLetter{}
		if err := r.Decode(d); err == nil && d.GetStage() == stage && d.GetField() == field {
			if len(d.GetBody().GetCiphertext()) == 0 {
				t.Errorf("the dead letter about %s has no body", field)
			}
			found = append(found, d)
		}
	})
	return found
}

func TestAnIDReusedForOtherContentLeavesTheFirstEvent(t *testing.T) {
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	first := sale(at, 1000, p.cardID())
	s.Send(t, stack.TillParis, first)
	known(t, s, p.cardID(), bought(1000, 0, 1))
	before := conflicts(t, s)
	letters := len(deadRecords(t, s))

	again := sale(at, 7777, p.cardID())
	again.ID = first.ID
	s.Send(t, stack.TillParis, first, sale(at, 50, p.cardID())) // told twice: one event
	s.Send(t, stack.TillParis, again)
	stack.Eventually(t, soon, "the other content is in the dead letter, and counted", func() error {
		if n := conflicts(t, s) - before; n != 1 {
			return fmt.Errorf("%d conflicts counted", n)
		}
		return nil
	})
	require.Len(t, deadRecords(t, s), letters+1, "one dead letter")
	r := known(t, s, p.cardID(), bought(1050, 0, 2))
	inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 1050, "tickets": 2}))
	inClickHouse(t, s, rowsOf, r.RCUID, is(map[string]int64{"events": 2}))
}

func deadRecords(t *testing.T, s *stack.Stack) []stream.Record {
	t.Helper()
	var all []stream.Record
	s.ReadTopic(t, stream.TopicDeadLetter, func(r stream.Record) { all = append(all, r) })
	return all
}

// conflicts is the number of records that left the topics of events for the dead letter.
func conflicts(t *testing.T, s *stack.Stack) int {
	t.Helper()
	sum := 0.0
	for line := range strings.SplitSeq(s.Metrics(t), "\n") {
		if strings.HasPrefix(line, "rcu_stream_dead_letters_total{") && strings.Contains(line, `topic="rcu.events.store"`) {
			n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			require.NoError(t, err, line)
			sum += n
		}
	}
	return int(sum)
}

func TestAReturnLargerThanItsSaleIsTakenAndFlagged(t *testing.T) {
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	s.Send(t, stack.OwnShop, order(at, 1000, p.accountID(), p.orderID()))
	s.Send(t, stack.TillParis, giveBack(at.Add(time.Minute), 1500, p.orderID()))
	r := known(t, s, p.accountID(), func(r stack.Reading) error {
		if len(r.Orders) != 1 || !r.Orders[0].OverReturned {
			return errors.New("the order is not flagged")
		}
		return bought(1000, 1500, 1)(r)
	})
	inClickHouse(t, s, `SELECT sum(orders_over_returned) AS flagged, sum(returned_by_currency['EUR']) AS returned FROM customer_360 WHERE rcu_id = {id:String}`,
		r.RCUID, is(map[string]int64{"flagged": 1, "returned": 1500}))
}
