package identity

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func groups(p *Partitioner, nodes []*Node, links []Link) []int {
	p.Partition(nodes, links)
	out := make([]int, len(nodes))
	for i := range nodes {
		out[i] = slices.IndexFunc(nodes[:i+1], func(n *Node) bool { return p.Group(slices.Index(nodes, n)) == p.Group(i) })
	}
	return out
}

func drawComponent(t *rapid.T, k *Kernel) ([]*Node, []Link) {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	return randomComponent(k, 2+rng.IntN(24), []float64{0, .75}[rng.IntN(2)], rng)
}

// Law 6: a refused or confirming edge can be dropped; a bridge of the joined and confirming ones cannot; no refused edge lies inside a group.
func TestLawExplained(t *testing.T) {
	k := DefaultKernel()
	p := NewPartitioner(k)
	rapid.Check(t, func(t *rapid.T) {
		nodes, links := drawComponent(t, k)
		want := groups(p, nodes, links)
		decided := slices.Clone(links)
		for i, l := range decided {
			without := slices.Delete(slices.Clone(links), i, i+1)
			same := slices.Equal(groups(p, nodes, without), want)
			switch {
			case l.Banned:
			case l.Outcome != Joined && !same:
				t.Fatalf("dropping edge %d, %s, changes the answer", i, l.Outcome.Text(l.Reason))
			case l.Outcome == RefusedEdge && want[l.A] == want[l.B]:
				t.Fatalf("edge %d is refused inside a group", i)
			case l.Outcome == Joined && bridge(decided, i) && same:
				t.Fatalf("dropping bridge %d changes nothing", i)
			}
		}
	})
}

// bridge reports whether active edges other than the i-th leave its ends unconnected.
func bridge(links []Link, i int) bool {
	reached := map[int32]bool{links[i].A: true}
	for grown := true; grown; {
		grown = false
		for j, l := range links {
			if j != i && l.Outcome != RefusedEdge && reached[l.A] != reached[l.B] {
				reached[l.A], reached[l.B], grown = true, true, true
			}
		}
	}
	return !reached[links[i].B]
}

// Law 7: with one unique namespace and nothing else, one edge more changes at most one joined edge.
func TestLawOneSwap(t *testing.T) {
	rules := DefaultRules()
	rules.Names = NamesOff
	for n, r := range rules.Namespaces {
		r.Unique, r.Limit = n == "customer", 0
		rules.Namespaces[n] = r
	}
	k, err := NewKernel(rules)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPartitioner(k)
	rapid.Check(t, func(t *rapid.T) {
		nodes, links := drawComponent(t, k)
		links = links[1:] // no ban
		p.Partition(nodes, links)
		all := slices.Clone(links)
		before := links[:len(links)-1]
		p.Partition(nodes, before)
		lost := 0
		for i := range before {
			if before[i].Outcome == Joined && all[i].Outcome != Joined {
				lost++
			}
		}
		if lost > 1 {
			t.Fatalf("one edge more takes away %d", lost)
		}
	})
}

func TestPartitionAllocatesNothing(t *testing.T) {
	k := DefaultKernel()
	p := NewPartitioner(k)
	nodes, links := randomComponent(k, 200, .75, rand.New(rand.NewPCG(1, 1)))
	if n := testing.AllocsPerRun(20, func() { p.Partition(nodes, links) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
