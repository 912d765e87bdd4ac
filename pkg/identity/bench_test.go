package identity

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rcu/pkg/identifier"
)

// randomComponent has two thirds as many nodes as edges, one ban, and claims on a share of its identifiers.
func randomComponent(k *Kernel, edges int, named float64, rng *rand.Rand) ([]*Node, []Link) {
	kinds := []identifier.Namespace{identifier.Customer, identifier.Card, identifier.Email, identifier.Phone, identifier.Pay, identifier.Device, identifier.Cookie}
	nodes := make([]*Node, max(2, edges*2/3))
	for i := range nodes {
		ns := kinds[rng.IntN(len(kinds))]
		n := &Node{Key: identifier.Key{Namespace: ns, Value: fmt.Sprintf("%017d", rng.Uint32())}, First: rng.Int64N(3e7), ns: k.namespace(ns)}
		if rng.Float64() < named {
			c := Claim{Given: [3]uint16{uint16(1 + rng.IntN(40)), uint16(100 + rng.IntN(40)), uint16(200 + rng.IntN(40))}, Family: [3]uint16{uint16(300 + rng.IntN(40)), 1, 2}}
			n.joinClaim(&c, 1, 16)
			n.joinClaim(&c, 1e6, 16)
		}
		nodes[i] = n
	}
	links := make([]Link, edges)
	for i := range links {
		a, b := int32(rng.IntN(len(nodes))), int32(rng.IntN(len(nodes)-1))
		if b >= a {
			b++
		}
		if Lesser(nodes[b].Key, nodes[a].Key) {
			a, b = b, a
		}
		links[i] = Link{A: a, B: b, Strength: uint8(2*min(nodes[a].ns.Strength, nodes[b].ns.Strength) + rng.IntN(2)), T: rng.Int64N(3e7), Banned: i == 0}
	}
	return nodes, links
}

func BenchmarkPartition(b *testing.B) {
	k := DefaultKernel()
	for _, named := range []float64{0, .75} {
		for _, edges := range []int{5, 50, 500, 2000} {
			b.Run(fmt.Sprintf("edges=%d/named=%.2f", edges, named), func(b *testing.B) {
				nodes, links := randomComponent(k, edges, named, rand.New(rand.NewPCG(uint64(edges), 1)))
				p := NewPartitioner(k)
				p.Partition(nodes, links)
				b.ReportAllocs()
				for b.Loop() {
					p.Partition(nodes, links)
				}
			})
		}
	}
}
