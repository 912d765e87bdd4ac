package identity

import (
	"slices"

	"rcu/pkg/identifier"
)

// Census says who is who among all of a set of evidence, by the rules of one kernel. Nodes keep the place they have in Evidence.Everybody.
type Census struct {
	person   []int32 // by place: the place of the naming identifier
	standing []Standing
	level    []uint8
	people   int
}

// Everybody returns all nodes, in the order of their keys.
func (ev *Evidence) Everybody() []*Node {
	all := make([]*Node, 0, len(ev.nodes))
	for _, n := range ev.nodes {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *Node) int { return compareKey(a.Key, b.Key) })
	return all
}

// Complete adds an empty node for each key that has none: an end of an edge of which nothing is stored any more.
func (ev *Evidence) Complete(missing []identifier.Key) {
	for _, k := range missing {
		if ev.nodes[k] == nil {
			ev.Add(&Node{Key: k, First: Never})
		}
	}
}

// Missing returns the ends of edges that are not in the set.
func (ev *Evidence) Missing() (missing []identifier.Key) {
	for _, n := range ev.nodes {
		for _, e := range n.Edges {
			if far := e.Other(n.Key); ev.nodes[far] == nil {
				missing = append(missing, far)
			}
		}
	}
	slices.SortFunc(missing, compareKey)
	return slices.Compact(missing)
}

// Count judges everything by the rules of k, whatever it was judged by before. all is Everybody. progress, which may be nil, is told how
// many identifiers were divided.
func (ev *Evidence) Count(k *Kernel, all []*Node, now int64, progress func(done int)) Census {
	ev.kernel = k
	for _, n := range all {
		n.ns = k.namespace(n.Key.Namespace)
	}
	ev.judgeAll(now)
	c := Census{person: make([]int32, len(all)), standing: make([]Standing, len(all)), level: make([]uint8, len(all))}
	place := make(map[*Node]int32, len(all))
	for i, n := range all {
		place[n] = int32(i)
	}
	p := NewPartitioner(k)
	const step = 10_000
	done := make([]bool, len(all))
	for from := 0; from < len(all); from += step {
		var some []*Node
		for i := from; i < min(from+step, len(all)); i++ {
			if !done[i] {
				some = append(some, all[i])
			}
		}
		found, _ := ev.Components(some) // all are there
		for _, x := range found {
			for _, one := range ev.Divide(p, x) {
				naming := place[ev.nodes[one.Naming]]
				c.people++
				for _, n := range one.Nodes {
					i := place[n]
					done[i], c.person[i], c.standing[i], c.level[i] = true, naming, n.Standing, x.Level
				}
			}
		}
		if progress != nil {
			progress(min(from+step, len(all)))
		}
	}
	return c
}

// ChangeKind says what new rules do to people.
type ChangeKind string

// The kinds of change.
const (
	PeopleMerge    ChangeKind = "merge"    // several people become one
	PeopleSplit    ChangeKind = "split"    // one becomes several
	PeopleRegroup  ChangeKind = "regroup"  // both at once
	PersonRenamed  ChangeKind = "rename"   // the same identifiers, another id
	ValueStands    ChangeKind = "standing" // an identifier stands otherwise
	ValueOversized ChangeKind = "oversized"
)

// Change is one thing that new rules do. Before and After are naming identifiers; Identifiers are all that are concerned.
type Change struct {
	Kind        ChangeKind
	Before      []identifier.Key
	After       []identifier.Key
	Identifiers []identifier.Key
	Stood       Standing // of an identifier that stands otherwise
	Stands      Standing
}

// Effect is what new rules do, counted.
type Effect struct {
	Identifiers  int `json:"identifiers"`
	PeopleBefore int `json:"people_before"`
	PeopleAfter  int `json:"people_after"`
	Merging      int `json:"merging"`   // people before who become part of a larger one
	Splitting    int `json:"splitting"` // people before whose identifiers part
	Renamed      int `json:"renamed"`   // people with the same identifiers and another id
	Moved        int `json:"moved"`     // identifiers that answer with another id
	Blocked      int `json:"blocked"`   // identifiers that become so, and so on
	Quarantined  int `json:"quarantined"`
	Contested    int `json:"contested"`
	Released     int `json:"released"`
	Oversized    int `json:"oversized"`
}

// Compare counts what changes from one census to another of the same nodes, and tells each change in a fixed order until tell, which may
// be nil, fails.
func Compare(all []*Node, before, after Census, tell func(Change) error) (Effect, error) {
	x := comparison{all: all, before: before, after: after, tell: tell}
	x.effect = Effect{Identifiers: len(all), PeopleBefore: before.people, PeopleAfter: after.people}
	if err := x.standings(); err != nil {
		return x.effect, err
	}
	return x.effect, x.people()
}

type comparison struct {
	all           []*Node
	before, after Census
	tell          func(Change) error
	effect        Effect
}

func (x *comparison) say(c Change) error {
	if x.tell == nil {
		return nil
	}
	return x.tell(c)
}

func (x *comparison) key(place int32) identifier.Key { return x.all[place].Key }

func (x *comparison) standings() error {
	counts := [...]*int{Clean: &x.effect.Released, Blocked: &x.effect.Blocked, Quarantined: &x.effect.Quarantined, Contested: &x.effect.Contested}
	for i, n := range x.all {
		if x.before.person[i] != x.after.person[i] {
			x.effect.Moved++
		}
		names := func(c Census) []identifier.Key { return []identifier.Key{x.key(c.person[i])} }
		if was, is := x.before.standing[i], x.after.standing[i]; was != is {
			*counts[is]++
			c := Change{Kind: ValueStands, Before: names(x.before), After: names(x.after), Identifiers: []identifier.Key{n.Key}, Stood: was, Stands: is}
			if err := x.say(c); err != nil {
				return err
			}
		}
		if x.before.level[i] == 0 && x.after.level[i] > 0 {
			x.effect.Oversized++
			if err := x.say(Change{Kind: ValueOversized, Before: names(x.before), After: names(x.after), Identifiers: []identifier.Key{n.Key}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// people tells of groups that are not as they were. People before and after who share an identifier hang together; each such knot is one change.
func (x *comparison) people() error {
	knots := newKnots(len(x.all))
	for i := range x.all {
		knots.tie(x.before.person[i], int32(i))
		knots.tie(x.after.person[i], int32(i))
	}
	differs := make([]bool, len(x.all)) // by knot: its people are not the same before and after
	for i := range x.all {
		if x.before.person[i] != x.after.person[i] {
			differs[knots.find(int32(i))] = true
		}
	}
	members := map[int32][]int32{}
	var order []int32
	for i := range x.all {
		root := knots.find(int32(i))
		if !differs[root] {
			continue
		}
		if members[root] == nil {
			order = append(order, root)
		}
		members[root] = append(members[root], int32(i))
	}
	for _, root := range order {
		if err := x.knot(members[root]); err != nil {
			return err
		}
	}
	return nil
}

// knot tells one change of people.
func (x *comparison) knot(places []int32) error {
	c := Change{}
	var before, after []int32
	for _, i := range places {
		c.Identifiers = append(c.Identifiers, x.key(i))
		before, after = append(before, x.before.person[i]), append(after, x.after.person[i])
	}
	partings, joins := parting(before, after), parting(after, before)
	x.effect.Splitting += partings
	x.effect.Merging += joinedBefore(before, after)
	switch {
	case partings == 0 && joins == 0:
		c.Kind = PersonRenamed
		x.effect.Renamed++
	case partings == 0:
		c.Kind = PeopleMerge
	case joins == 0:
		c.Kind = PeopleSplit
	default:
		c.Kind = PeopleRegroup
	}
	c.Before, c.After = x.names(before), x.names(after)
	return x.say(c)
}

// parting counts the groups of a whose members lie in several groups of b.
func parting(a, b []int32) (n int) {
	first, parted := map[int32]int32{}, map[int32]bool{}
	for i, g := range a {
		if h, known := first[g]; !known {
			first[g] = b[i]
		} else if h != b[i] && !parted[g] {
			parted[g] = true
			n++
		}
	}
	return n
}

// joinedBefore counts the groups before of which something comes into a group after that holds something of another one, too.
func joinedBefore(before, after []int32) int {
	first, mixed := map[int32]int32{}, map[int32]bool{}
	for i, g := range after {
		if h, known := first[g]; !known {
			first[g] = before[i]
		} else if h != before[i] {
			mixed[g] = true
		}
	}
	joined := map[int32]bool{}
	for i, g := range after {
		if mixed[g] {
			joined[before[i]] = true
		}
	}
	return len(joined)
}

func (x *comparison) names(people []int32) []identifier.Key {
	slices.Sort(people)
	var out []identifier.Key
	for _, i := range slices.Compact(people) {
		out = append(out, x.key(i))
	}
	return out
}

// knots is a union-find over places.
type knots []int32

func newKnots(n int) knots {
	k := make(knots, n)
	for i := range k {
		k[i] = int32(i)
	}
	return k
}

func (k knots) find(i int32) int32 {
	for k[i] != i {
		k[i] = k[k[i]]
		i = k[i]
	}
	return i
}

func (k knots) tie(a, b int32) {
	if a, b = k.find(a), k.find(b); a != b {
		k[max(a, b)] = min(a, b)
	}
}
