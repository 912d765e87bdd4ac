package resolver_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/profile"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

const noon = "2026-03-14T12:00:00+01:00"

func TestResolver_storeAndWebOfOneCustomer_becomeOneRecord(t *testing.T) {
	r := newRig(t)
	r.start("a")
	r.store(j("s1", "sale", noon, list(proved("card", "2990001234567"), is("email", "marie@example.fr"), is("ticket", "17")), euros(4599)))
	r.web(j("w1", "order.placed", noon, list(proved("email", "marie@example.fr"), is("order", "W1")), euros(2500)))

	card := r.id("card", "2990001234567")
	r.eventually("both events belong to the card's profile", func() bool {
		o := r.owners()
		return o["s1"] == card && o["w1"] == card
	})
	r.eventually("one profile with the sum of both", func() bool {
		p := r.profiles()[retail+"/"+card]
		return p != nil && sales(p) == 7099 && len(r.profiles()) == 1
	})
	p := profile.Combine(r.person("email", "marie@example.fr").Owned(retail))
	require.Len(t, p.Orders, 2)
	for _, e := range topic[eventpb.Resolved](r, stream.TopicResolved) {
		require.Nil(t, e.GetEvent().GetPersonal(), "sealed fields end at the resolver")
		require.Nil(t, e.GetEvent().GetClaim(), "digests of names lie in the graph alone")
	}
}

func sales(p *eventpb.Profile) (sum int64) {
	for _, s := range p.GetSpend() {
		sum += s.GetSales() - s.GetReturns()
	}
	return sum
}

func TestResolver_earlierEventsFollowALaterLink(t *testing.T) {
	r := newRig(t)
	r.start("a")
	r.web(j("w1", "order.placed", noon, list(proved("email", "paul@example.fr")), euros(1000)))
	mail := r.id("email", "paul@example.fr")
	r.eventually("the order is the e-mail's", func() bool { return r.owners()["w1"] == mail })

	r.store(j("s1", "sale", noon, list(proved("card", "2990009999999"), proved("email", "paul@example.fr")), euros(500)))
	card := r.id("card", "2990009999999")
	r.eventually("the order follows to the card's profile", func() bool { return r.owners()["w1"] == card && r.owners()["s1"] == card })
	r.eventually("the e-mail's profile is gone", func() bool {
		ps := r.profiles()
		return len(ps) == 1 && ps[retail+"/"+card] != nil && sales(ps[retail+"/"+card]) == 1500
	})
	r.eventually("the merge is told, and the map resolves the old id", func() bool {
		for _, m := range topic[eventpb.MapEntry](r, stream.TopicIdentityMap) {
			if m.GetName() == mail && m.GetCanonical() == card {
				return true
			}
		}
		return false
	})
}

func TestResolver_returnByOrderNumberAlone_isOnTheSameRecord(t *testing.T) {
	order := j("w1", "order.placed", noon, list(proved("email", "zoe@example.fr"), is("order", "W77")), euros(3000))
	back := j("r1", "return", "2026-03-20T12:00:00+01:00", list(is("order", "W77")), euros(1000))
	for _, tt := range []struct {
		name        string
		first, then func(*rig)
	}{
		{"order first", func(r *rig) { r.web(order) }, func(r *rig) { r.store(back) }},
		{"return first", func(r *rig) { r.store(back) }, func(r *rig) { r.web(order) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.start("a")
			tt.first(r)
			r.eventually("the first event is resolved", func() bool { return len(r.owners()) == 1 })
			tt.then(r)
			mail := r.id("email", "zoe@example.fr")
			r.eventually("both are the customer's", func() bool { o := r.owners(); return o["w1"] == mail && o["r1"] == mail })
			r.eventually("the sums have both", func() bool {
				p := r.profiles()[retail+"/"+mail]
				return p != nil && sales(p) == 2000
			})
			orders := profile.Combine(r.person("email", "zoe@example.fr").Owned(retail)).Orders
			require.Len(t, orders, 1)
			require.Equal(t, int64(1000), orders[0].Returned[0].Minor)
		})
	}
}

func decision(id, at, cookie, dec string) string {
	raw, err := json.Marshal(map[string]any{
		"id": id, "type": "consent.decided", "occurred_at": at, "identifiers": list(is("cookie", cookie)),
		"consent": list(map[string]any{
			"point": is("cookie", cookie), "purpose": "unify_behaviour", "decision": dec, "method": "affirmative", "act": "banner",
			"notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
		}),
	})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func page(id, at string, identifiers ...map[string]any) string {
	return j(id, "page.viewed", at, identifiers, map[string]any{"path": "/"})
}

func TestResolver_withdrawalTakesBrowsingOff_andANewGrantBringsBackOnlyWhatItMay(t *testing.T) {
	r := newRig(t)
	r.start("a")
	day := func(n int) string { return time.Now().AddDate(0, 0, n-40).UTC().Format(time.RFC3339) }
	login := []map[string]any{is("cookie", "c-1"), proved("customer", "U1")}
	r.web(decision("d1", day(1), "c-1", "grant"))
	r.web(page("p1", day(2), login...), j("o1", "order.placed", day(3), list(proved("customer", "U1"), is("order", "W9")), euros(900)))
	customer := r.id("customer", "U1")
	r.eventually("browsing and order are the customer's", func() bool { o := r.owners(); return o["p1"] == customer && o["o1"] == customer })

	r.web(decision("d2", day(5), "c-1", "withdraw"))
	r.eventually("browsing is nobody's, the order stays", func() bool { o := r.owners(); return o["p1"] == "" && o["o1"] == customer })
	require.Equal(t, customer, r.owners()["o1"])

	r.web(decision("d3", day(10), "c-1", "grant"))
	r.web(page("p2", day(11), login...))
	r.eventually("only what was seen under a grant comes back", func() bool { o := r.owners(); return o["p2"] == customer && o["p1"] == customer })
}

func TestResolver_redeliveryAfterAStop_countsNothingTwiceAndLosesNothing(t *testing.T) {
	r := newRig(t)
	stop := r.start("a")
	sale := j("s1", "sale", noon, list(proved("card", "2990001111111"), is("ticket", "1")), euros(100))
	r.store(sale)
	r.eventually("resolved", func() bool { return len(r.owners()) == 1 })
	stop()
	r.store(sale, j("s2", "sale", noon, list(proved("card", "2990001111111"), is("ticket", "2")), euros(50)))
	r.start("b")
	card := r.id("card", "2990001111111")
	r.eventually("each once", func() bool {
		p := r.profiles()[retail+"/"+card]
		return p != nil && sales(p) == 150 && p.GetCounters()["sale"] == 2
	})
}

func TestResolver_idReusedWithOtherContent_firstStaysOtherIsADeadLetter(t *testing.T) {
	r := newRig(t)
	r.start("a")
	ids := list(proved("card", "2990002222222"))
	r.store(j("s1", "sale", noon, ids, euros(100)))
	r.eventually("resolved", func() bool { return len(r.owners()) == 1 })
	r.store(j("s1", "sale", noon, ids, euros(999)))
	r.eventually("the other lies in the dead letter", func() bool {
		n := 0
		parts, err := r.client.Partitions(t.Context(), stream.TopicDeadLetter)
		require.NoError(t, err)
		for p := range parts {
			require.NoError(t, r.client.ReadAll(t.Context(), stream.TopicDeadLetter, p, func(stream.Record) error { n++; return nil }))
		}
		return n == 1
	})
	p := profile.Combine(r.person("card", "2990002222222").Owned(retail))
	require.EqualValues(t, 100, p.Spend[0].Sales)
}
