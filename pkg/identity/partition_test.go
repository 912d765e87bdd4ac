package identity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rcu/pkg/testkit"
)

func groups(p *Partitioner, nodes []*Node, links []Link) []int {
	p.Partition(nodes, links)
	out := make([]int, len(nodes))
	for i := range nodes {
		out[i] = slices.IndexFunc(nodes[:i+1], func(n *Node) bool { return p.Group(slices.Index(nodes, n)) == p.Group(i) })
	}
	return out
}

func someComponent(k *Kernel, rng *rand.Rand) ([]*Node, []Link) {
	return randomComponent(k, 2+rng.IntN(24), []float64{0, .75}[rng.IntN(2)], rng)
}

// componentLaws are the laws of one component, by their numbers.
var componentLaws = map[string]func(*rand.Rand) string{"6 explained": explained(DefaultKernel()), "7 one swap": oneSwap(matroid())}

func TestLawsOfComponents(t *testing.T) {
	for name, holds := range componentLaws {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				if broken := holds(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))); broken != "" {
					t.Fatal(broken)
				}
			})
		})
	}
}

func TestLongLawsOfComponents(t *testing.T) {
	testkit.Long(t)
	for seed := range testkit.Histories(t, 20_000) {
		for name, holds := range componentLaws {
			if broken := holds(rand.New(rand.NewPCG(seed, 1))); broken != "" {
				t.Fatalf("seed %d, %s: %s", seed, name, broken)
			}
		}
	}
}

func TestPlantedFaultsInComponentsAreCaught(t *testing.T) {
	for name, fault := range map[string]*bool{"6 explained": &faults.joinsConfirm, "7 one swap": &faults.smallGroups} {
		t.Run(name, func(t *testing.T) {
			*fault = true
			t.Cleanup(func() { *fault = false })
			for seed := range uint64(2000) {
				if componentLaws[name](rand.New(rand.NewPCG(seed, 1))) != "" {
					return
				}
			}
			t.Error("no component shows the fault")
		})
	}
}

// explained is law 6: a refused or confirming edge can be dropped; a bridge of the joined and confirming ones cannot; no refused edge lies
// inside a group.
func explained(k *Kernel) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		p := NewPartitioner(k)
		nodes, links := someComponent(k, rng)
		want := groups(p, nodes, links)
		decided := slices.Clone(links)
		for i, l := range decided {
			without := slices.Delete(slices.Clone(links), i, i+1)
			same := slices.Equal(groups(p, nodes, without), want)
			switch {
			case l.Banned:
			case l.Outcome != Joined && !same:
				return fmt.Sprintf("dropping edge %d, %s, changes the answer", i, l.Outcome.Text(l.Reason))
			case l.Outcome == RefusedEdge && want[l.A] == want[l.B]:
				return fmt.Sprintf("edge %d is refused inside a group", i)
			case l.Outcome == Joined && bridge(decided, i) && same:
				return fmt.Sprintf("dropping bridge %d changes nothing", i)
			}
		}
		return ""
	}
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

// matroid judges by one unique namespace and nothing else.
func matroid() *Kernel {
	rules := DefaultRules()
	rules.Names = NamesOff
	for n, r := range rules.Namespaces {
		r.Unique, r.Limit = n == "customer", 0
		rules.Namespaces[n] = r
	}
	k, err := NewKernel(rules)
	if err != nil {
		panic(err)
	}
	return k
}

// oneSwap is law 7: with one unique namespace and nothing else, one edge more changes at most one joined edge.
func oneSwap(k *Kernel) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		p := NewPartitioner(k)
		nodes, links := someComponent(k, rng)
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
			return fmt.Sprintf("one edge more takes away %d", lost)
		}
		return ""
	}
}

func TestPartitionAllocatesNothing(t *testing.T) {
	k := DefaultKernel()
	p := NewPartitioner(k)
	nodes, links := randomComponent(k, 200, .75, rand.New(rand.NewPCG(1, 1)))
	if n := testing.AllocsPerRun(20, func() { p.Partition(nodes, links) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
