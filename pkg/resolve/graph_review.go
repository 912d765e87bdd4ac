package resolve

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

const (
	// MaxReview is how many components a review queue keeps of each kind, the heaviest. What was pushed out comes back when its component is
	// written again, or with a rebuild.
	MaxReview = 10_000
	// maxReviewPeople is how many people are shown beside a value.
	maxReviewPeople = 8
	// maxReviewBeside is how many identifiers are looked at for them.
	maxReviewBeside = 2 * maxReviewPeople
)

// ReviewPlace is a component in a review queue, which holds the heaviest first. Its zero comes before all others.
type ReviewPlace struct {
	Weight    uint32
	Component ComponentKey
}

// CompareReview orders places as a queue does: the heavier first; of as heavy ones that of the greater key.
func CompareReview(a, b ReviewPlace) int {
	return cmp.Or(-cmp.Compare(a.Weight, b.Weight), -slices.Compare(a.Component[:], b.Component[:]))
}

// Reviewed is a matter as it is shown to a person.
type Reviewed struct {
	Place      ReviewPlace
	Number     int // among the matters of its component
	Kind       identity.ReviewKind
	Weight     uint32
	Since      int64 // when the evidence made it one, seconds; 0 = that is not known
	Why        identity.Why
	Values     []identifier.Key // the value; of a refusal the ends of the strongest link
	Beside     []identifier.Key // of a value the identifiers that it was seen with: where it has too many owners, those; at most 16
	People     []Profile        // of a refusal the two; of a value those who hold Beside, at most 8
	MorePeople int              // those left out
	Parts      int              // of a component that is too large: how many it was divided into; Beside names the others
	Links      []EdgeView       // refused or set aside, the strongest first
}

// Review lists what a person should look at, of one kind: the matters of at most limit components behind a place, the heaviest first. next
// is the place to go on behind; the zero at the end. What time or an act has settled meanwhile is left out.
func (g *Graph) Review(ctx context.Context, space string, kind identity.ReviewKind, after ReviewPlace, limit int, now int64) (out []Reviewed, next ReviewPlace, err error) {
	places, err := g.state.ReviewComponents(ctx, space, kind, after, limit)
	if err != nil {
		return nil, next, fmt.Errorf("reading the review queue: %w", err)
	}
	if len(places) == 0 {
		return nil, next, nil
	}
	if len(places) == limit {
		next = places[len(places)-1]
	}
	of := make(map[ComponentKey][]Reviewed, len(places))
	keys := make([]ComponentKey, len(places))
	for i, x := range places {
		keys[i] = x.Component
	}
	err = g.do(ctx, space, now, &graphJob{components: keys, readOnly: true, look: func(p *planner) {
		clear(of)
		p.review(kind, of)
	}})
	if err != nil {
		return nil, next, err
	}
	for _, x := range places {
		for i, m := range of[x.Component] {
			m.Place, m.Number = x, i
			out = append(out, m)
		}
	}
	if kind == identity.ReviewOversized && !faults.partsAlone {
		if out, err = g.whole(ctx, space, out, now); err != nil {
			return nil, next, err
		}
	}
	return out, next, g.people(ctx, space, out, now)
}

// CountReview says how many components a review queue holds of each kind.
func (g *Graph) CountReview(ctx context.Context, space string) ([identity.ReviewKinds]int, error) {
	counts, err := g.state.CountReview(ctx, space)
	if err != nil {
		return counts, fmt.Errorf("counting the review queue: %w", err)
	}
	return counts, nil
}

// review lists the matters of the components that were read, by the keys of their records.
func (p *planner) review(kind identity.ReviewKind, into map[ComponentKey][]Reviewed) {
	p.divideStored()
	p.eachDivided(func(c ComponentKey, level uint8, people []*person) {
		for _, m := range identity.Review(level, nodesOf(people)) {
			if m.Kind == kind {
				into[c] = append(into[c], p.reviewed(&m, people))
			}
		}
	})
}

// eachDivided calls f for the components that were read, by the keys of their records.
func (p *planner) eachDivided(f func(c ComponentKey, level uint8, people []*person)) {
	for _, u := range p.all {
		if u.rec != nil && !u.touched {
			f(u.key, u.rec.level, peopleOf(u.members))
		}
	}
	for i := range p.found { // what time has overtaken, as it is by now
		c := &p.found[i]
		for _, n := range c.Nodes {
			if u := memberOf(n).unit; u.rec != nil {
				f(u.key, c.Level, c.people)
				break
			}
		}
	}
}

// peopleOf lists the people of a record as read, in the order in which they are stored.
func peopleOf(members []*member) (out []*person) {
	seen := map[*person]bool{}
	for _, m := range members {
		if !seen[m.person] {
			seen[m.person] = true
			out = append(out, m.person)
		}
	}
	return out
}

func nodesOf(people []*person) [][]*identity.Node {
	out := make([][]*identity.Node, len(people))
	for i, one := range people {
		out[i] = one.nodes
	}
	return out
}

func (p *planner) reviewed(m *identity.Matter, people []*person) Reviewed {
	out := Reviewed{Kind: m.Kind, Weight: m.Weight, Values: m.Values}
	for _, e := range m.Edges {
		out.Links = append(out.Links, p.viewEdge(e))
	}
	if m.Kind == identity.ReviewRefused {
		out.Since = m.Edges[0].Verdict.T
		for _, e := range m.Edges {
			out.Since = min(out.Since, e.Verdict.T)
		}
		for _, i := range m.People {
			out.People = append(out.People, Profile{people[i].naming, keysOf(people[i].nodes)})
		}
		if !slices.Contains(out.People[0].Members, m.Values[0]) {
			slices.Reverse(out.People)
		}
		return out
	}
	n := p.ev.Node(m.Values[0])
	out.Why = p.kernel.Why(n)
	out.Since = p.kernel.ReviewSince(n, &out.Why)
	out.Beside = beside(n, m, &out.Why)
	if n := len(out.Beside) - maxReviewBeside; n > 0 {
		out.Beside, out.MorePeople = out.Beside[:maxReviewBeside], n
	}
	return out
}

// beside lists whom a value was seen with: its owners where those are too many, else what its links lead to.
func beside(n *identity.Node, m *identity.Matter, w *identity.Why) (far []identifier.Key) {
	if len(w.Owners) > 0 {
		return w.Owners
	}
	edges := m.Edges
	if len(edges) == 0 {
		edges = n.Edges
	}
	for _, e := range edges {
		if e.Act.Op != identity.Ban {
			far = append(far, e.Other(n.Key))
		}
	}
	slices.SortFunc(far, identifier.Compare)
	return far
}

// people puts profiles in the place of the identifiers that values were seen with.
func (g *Graph) people(ctx context.Context, space string, matters []Reviewed, now int64) error {
	var far []identifier.Key
	for i := range matters {
		far = append(far, matters[i].Beside...)
	}
	if len(far) == 0 {
		return nil
	}
	view, err := g.View(ctx, space, far, now)
	if err != nil {
		return err
	}
	for i := range matters {
		if m := &matters[i]; m.Kind != identity.ReviewRefused {
			m.show(view)
		}
	}
	return nil
}

// show names the people who hold what a value was seen with, each once.
func (m *Reviewed) show(view *View) {
	seen := map[identifier.Key]bool{}
	for _, k := range m.Beside {
		p := view.Profile(k)
		if seen[p.Canonical] {
			continue
		}
		seen[p.Canonical] = true
		if len(m.People) == maxReviewPeople {
			m.MorePeople++
			continue
		}
		m.People = append(m.People, p)
	}
}

// Acts are what a steward may decide on a matter. Of a value: that it is not this one's of those whom it was seen with, that it is
// nobody's, that it is one person's whatever the evidence. Of two people: that they are never one, or that they are one.
func (m *Reviewed) Acts() []identity.Act {
	if m.Kind == identity.ReviewRefused {
		link := &m.Links[0]
		a, b := link.A, link.B
		if link.X.Value != "" {
			a, b = link.X, link.Y
		}
		return []identity.Act{{Op: identity.Ban, A: a, B: b}, {Op: identity.Together, A: a, B: b}}
	}
	var out []identity.Act
	if m.Kind != identity.ReviewOversized {
		for _, k := range m.Beside[:min(len(m.Beside), maxReviewPeople)] {
			out = append(out, identity.Act{Op: identity.Ban, A: m.Values[0], B: k})
		}
	}
	return append(out, identity.Act{Op: identity.Quarantine, A: m.Values[0]}, identity.Act{Op: identity.Release, A: m.Values[0]})
}
