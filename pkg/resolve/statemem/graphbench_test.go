package statemem

import (
	"fmt"
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// traffic is a batch of events of as many people: a customer, a card and an e-mail each.
func traffic(people, events int) []identity.Fact {
	var out []identity.Fact
	for i := range events {
		who := i % people
		key := func(n identifier.Namespace) identifier.Key {
			return identifier.Key{Namespace: n, Value: fmt.Sprintf("%c%016d", n[0], who)}
		}
		e := &identity.Event{ID: fmt.Sprint("shop/", i), T: int64(1_700_000_000 + i), Keys: []identifier.Key{key(identifier.Customer), key(identifier.Email)}}
		if i%2 == 0 {
			e.Keys = append(e.Keys, key(identifier.Card))
		}
		out = append(out, e)
	}
	return out
}

// BenchmarkApply is the cost of an event without the store: what a worker adds on top of its two round trips.
func BenchmarkApply(b *testing.B) {
	for _, known := range []bool{true, false} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			const batch = 500
			g, err := resolve.NewGraph(NewGraph(), identity.DefaultRules())
			if err != nil {
				b.Fatal(err)
			}
			facts := traffic(300, batch)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				space := "s"
				if !known {
					space = fmt.Sprint(n)
				}
				if _, err := g.Apply(b.Context(), space, facts, nil, 1_700_000_000); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*batch), "us/event")
		})
	}
}
