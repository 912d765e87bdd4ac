package identity

import (
	"fmt"
	"reflect"
	"testing"
)

// Plant switches a fault on until the test ends: a field of faults.
func Plant(t testing.TB, fault string) {
	t.Helper()
	field := reflect.ValueOf(&faults).Elem().FieldByName(fault)
	if !field.IsValid() {
		t.Fatalf("no fault %q", fault)
	}
	at := (*bool)(field.Addr().UnsafePointer())
	*at = true
	t.Cleanup(func() { *at = false })
}

// FaultNames lists the fields of faults.
func FaultNames() (names []string) {
	for field := range reflect.TypeOf(faults).Fields() {
		names = append(names, field.Name)
	}
	return names
}

// Contradict is contradict, for tests.
func Contradict(a, b Claim) bool { return contradict(&a, &b) }

// LimitFacts sets how many bytes of facts are read until the test ends.
func LimitFacts(t testing.TB, bytes int64) {
	t.Helper()
	before := maxFacts
	maxFacts = bytes
	t.Cleanup(func() { maxFacts = before })
}

func (f *Facts) evidence() (*Evidence, *Changes) {
	k, err := NewKernel(f.Rules)
	if err != nil {
		panic(err)
	}
	ev, changes := NewEvidence(k), &Changes{}
	f.fold(ev, changes)
	return ev, changes
}

func (f *Facts) fold(ev *Evidence, changes *Changes) {
	for _, e := range f.Events {
		ev.Fold(e.Event, changes)
	}
	for _, d := range f.Decisions {
		ev.Fold(d, changes)
	}
	for _, a := range f.Acts {
		ev.Fold(a, changes)
	}
	for _, m := range f.Matches {
		ev.Fold(m, changes)
	}
}

// ChangesAgain folds all facts twice, and returns how much the second time changed.
func ChangesAgain(f *Facts) int {
	ev, changes := f.evidence()
	before := changes.Count
	f.fold(ev, changes)
	return changes.Count - before
}

// matchedAlone counts the edges of n that nothing but comparisons speaks of.
func matchedAlone(n *Node) (alike int) {
	for _, e := range n.Edges {
		if len(e.Compared) > 0 && !e.Evidenced() && e.Act.Op == NoOp {
			alike++
		}
	}
	return alike
}

// Unbounded says what is stored or searched of a set of facts beyond its cap; "" if nothing is.
func Unbounded(f *Facts) string {
	ev, _ := f.evidence()
	ev.judgeAll(f.Now)
	rules := f.Rules
	var all []*Node
	for _, n := range ev.nodes {
		all = append(all, n)
		stored := [classes]int{}
		for _, e := range n.Edges {
			if e.Evidenced() && e.Act.Op == NoOp && len(e.Compared) == 0 {
				stored[ev.kernel.classOf(e)]++
			}
		}
		if most := max(stored[Weak], stored[Strong]); most >= rules.MaxDegree {
			return fmt.Sprintf("%v stores %d neighbours of one class, MaxDegree is %d", n.Key, most, rules.MaxDegree)
		}
		if alike := matchedAlone(n); alike > rules.MaxDegree {
			return fmt.Sprintf("%v stores %d probable matches, MaxDegree is %d", n.Key, alike, rules.MaxDegree)
		}
		if len(n.Names) >= rules.MaxNames {
			return fmt.Sprintf("%v stores %d names, MaxNames is %d", n.Key, len(n.Names), rules.MaxNames)
		}
		if nodes, _, _ := ev.reach(n, 0, 0); len(nodes) > rules.MaxNodes+rules.MaxDegree*classes {
			return fmt.Sprintf("a search visited %d identifiers, MaxNodes is %d", len(nodes), rules.MaxNodes)
		}
	}
	components, _ := ev.Components(all)
	for _, c := range components {
		ends := 0
		for _, n := range c.Nodes {
			for _, e := range n.Edges {
				if ev.kernel.counts(e, c.Level) {
					ends++
				}
			}
		}
		if c.Level != LevelAlone && (len(c.Nodes) > rules.MaxNodes || ends/2 > rules.MaxEdges) {
			return fmt.Sprintf("a component of %d identifiers and %d edges", len(c.Nodes), ends/2)
		}
	}
	return ""
}
