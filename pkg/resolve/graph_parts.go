package resolve

import (
	"context"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// maxReviewParts is how many parts of a component that is too large are looked at to find the one that stands for it.
const maxReviewParts = 256

// part is a record of a component that is too large: parts hang together by links that were set aside.
type part struct {
	place ReviewPlace // its weight is 0 where nothing of it is a matter
	names identifier.Key
	apart []identifier.Key // the far ends of its links that were set aside
}

// whole keeps of the parts of a component that is too large the heaviest, which stands for all of it, and puts the others beside it. No search
// knows the whole of a component of any size: of more than maxReviewParts it is the heaviest of those around it.
func (g *Graph) whole(ctx context.Context, space string, matters []Reviewed, now int64) (out []Reviewed, err error) {
	for i := range matters {
		others, heaviest, err := g.othersOf(ctx, space, &matters[i], now)
		if err != nil {
			return nil, err
		}
		if heaviest {
			matters[i].setParts(others)
			out = append(out, matters[i])
		}
	}
	return out, nil
}

// othersOf walks from the part of a matter over links that were set aside, until it meets a heavier part.
func (g *Graph) othersOf(ctx context.Context, space string, m *Reviewed, now int64) (others []part, heaviest bool, err error) {
	met := map[ComponentKey]bool{}
	asked := map[identifier.Key]bool{m.Values[0]: true}
	for layer := m.Values[:1]; len(layer) > 0 && len(met) < maxReviewParts; {
		found, err := g.partsOf(ctx, space, layer, now)
		if err != nil {
			return nil, false, err
		}
		layer = nil
		for _, x := range found {
			if met[x.place.Component] {
				continue
			}
			met[x.place.Component] = true
			if x.place.Weight > 0 && CompareReview(x.place, ReviewPlace{m.Weight, m.Place.Component}) < 0 {
				return nil, false, nil
			}
			if x.place.Component != m.Place.Component {
				others = append(others, x)
			}
			for _, k := range x.apart {
				if !asked[k] && len(asked) < 2*maxReviewParts {
					asked[k] = true
					layer = append(layer, k)
				}
			}
		}
	}
	slices.SortFunc(others, func(a, b part) int { return CompareReview(a.place, b.place) })
	return others, true, nil
}

// partsOf reads the records that hold identifiers, those of components that are too large.
func (g *Graph) partsOf(ctx context.Context, space string, keys []identifier.Key, now int64) (out []part, err error) {
	err = g.do(ctx, space, now, &graphJob{keys: slices.Clone(keys), readOnly: true, look: func(p *planner) { out = p.parts() }})
	return out, err
}

func (p *planner) parts() (out []part) {
	p.divideStored()
	p.eachDivided(func(c ComponentKey, level uint8, people []*person) {
		if level == identity.LevelWhole {
			return
		}
		x := part{place: ReviewPlace{Component: c}, names: people[0].naming}
		for _, m := range identity.Review(level, nodesOf(people)) {
			if m.Kind == identity.ReviewOversized {
				x.place.Weight, x.names = m.Weight, m.Values[0]
			}
		}
		for _, one := range people {
			for _, n := range one.nodes {
				for _, e := range n.Edges {
					if e.Outcome == identity.RefusedEdge && e.Reason == identity.ReasonOverflow && e.Verdict.Usable() {
						x.apart = append(x.apart, e.Other(n.Key))
					}
				}
			}
		}
		out = append(out, x)
	})
	return out
}

// setParts puts the other parts of a component beside the value that stands for it.
func (m *Reviewed) setParts(others []part) {
	m.Parts = 1 + len(others)
	m.Beside, m.MorePeople = nil, max(0, len(others)-maxReviewBeside)
	for _, x := range others[:min(len(others), maxReviewBeside)] {
		m.Beside = append(m.Beside, x.names)
	}
}
