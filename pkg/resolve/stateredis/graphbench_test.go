package stateredis

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// BenchmarkGraph is the cost of an event with Redis, in batches of 500: known traffic only reads, new people are written.
func BenchmarkGraph(b *testing.B) {
	const batch = 500
	for _, known := range []bool{true, false} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			g, err := resolve.NewGraph(NewGraph(open(b)), identity.DefaultRules())
			if err != nil {
				b.Fatal(err)
			}
			round := 0
			for b.Loop() {
				facts := make([]identity.Fact, batch)
				for i := range facts {
					who := i % 300
					if !known {
						who += 300 * round
					}
					key := func(n identifier.Namespace) identifier.Key {
						return identifier.Key{Namespace: n, Value: fmt.Sprintf("%c%016d", n[0], who)}
					}
					facts[i] = &identity.Event{
						ID: fmt.Sprint("shop/", who, i), T: int64(1_700_000_000 + i), Keys: []identifier.Key{key(identifier.Customer), key(identifier.Email)},
					}
				}
				if _, err := g.Apply(b.Context(), "s", facts, nil, 1_700_000_000); err != nil {
					b.Fatal(err)
				}
				round++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(round*batch), "us/event")
		})
	}
}

// BenchmarkHub is how long commands of Redis take while a value with 200,000 neighbours arrives, as its slow log says: docs/benchmarks.md.
func BenchmarkHub(b *testing.B) {
	for b.Loop() {
		c := open(b)
		f := hubFacts(200_000, rand.New(rand.NewPCG(1, 1)))
		watchSlow(b, c, "500")
		feedInBatches(b, c, identitytest.All(f), 2, 1000, f.Now)
		longest, over := slowest(b, c)
		b.ReportMetric(float64(longest.Microseconds())/1000, "slowest-ms")
		b.ReportMetric(float64(over), "over-5ms")
	}
}
