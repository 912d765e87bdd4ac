package privacy

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// owned is an identifier at one controller.
type owned struct{ controller, value string }

// allBelong decides what belongs to the people of some entries. all are the entries that may go: one person's may lie in several parts of them.
func (s *Service) allBelong(ctx context.Context, all, some []Entry, r *removal) error {
	due := map[string]map[owned]Entry{}
	for _, e := range all {
		if due[e.Space] == nil {
			due[e.Space] = map[owned]Entry{}
		}
		due[e.Space][owned{e.Controller, e.key().Value}] = e
	}
	for space, entries := range bySpace(some) {
		for part := range slices.Chunk(entries, together) {
			if err := s.belongs(ctx, space, due[space], part, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// belongs decides what belongs to the people of entries of one space, which bear the overlay, or are references that lock 2 found to be theirs:
// leaves whose own identifier is among them, and in which nothing happened after the erasure. What is left out of it stays, and its entry stays open:
// a point that was passed on may be somebody else's by now.
func (s *Service) belongs(ctx context.Context, space string, due map[owned]Entry, entries []Entry, r *removal) error {
	keys := make([]identifier.Key, len(entries))
	for i, e := range entries {
		keys[i] = e.key()
	}
	people, err := s.deps.People.People(ctx, space, keys, s.deps.Now().Unix())
	if err != nil {
		return fmt.Errorf("reading the people who are erased: %w", err)
	}
	parts := map[identifier.Key]*parting{}
	for i, p := range people {
		one := parts[p.Canonical]
		if one == nil {
			one = s.part(space, p, due)
			parts[p.Canonical] = one
		}
		r.Whose = append(r.Whose, entries[i].Pseudonym)
		if e := entries[i]; !one.stays(e) {
			r.Entries = append(r.Entries, e)
			one.leave(space, e, r)
		}
	}
	for _, one := range parts {
		for _, g := range one.goes {
			r.take(g)
		}
		if len(one.goes) > 0 && len(one.stay) > 0 {
			r.toldAnew(space, one.person)
		}
	}
	return nil
}

// toldAnew has the profile of a person of whom something stays told again.
func (r *removal) toldAnew(space string, p *resolve.Person) {
	if c := gonePoint(space, p.Canonical); r.once([2]any{"stay", c}) {
		r.Stay = append(r.Stay, c)
	}
}

// take adds a leaf that goes, with the references that it shows. It may be listed under people who are apart by now.
func (r *removal) take(g going) {
	if !r.once([2]any{"leaf", g.Key}) {
		i := slices.IndexFunc(r.Leaves, func(l leafGone) bool { return l.Key == g.Key })
		for _, u := range g.Under {
			if !slices.Contains(r.Leaves[i].Under, u) {
				r.Leaves[i].Under = append(r.Leaves[i].Under, u)
			}
		}
		return
	}
	r.Leaves = append(r.Leaves, g.leafGone)
	for _, ref := range g.shows {
		if r.once([2]any{"reference", ref}) {
			r.References = append(r.References, ref)
		}
	}
}

// going is a leaf that goes, with the references that it shows.
type going struct {
	leafGone
	shows []pointGone
}

// parting is what goes of a person, and what stays.
type parting struct {
	person *resolve.Person
	goes   []going
	stay   []resolve.PersonLeaf
}

func (s *Service) part(space string, p *resolve.Person, due map[owned]Entry) *parting {
	out := &parting{person: p}
	for _, l := range p.Leaves {
		e, ok := due[owned{l.Controller, resolve.SubjectOf(l.State.Leaf()).Value}]
		if !ok || l.State.LastAct() > e.DecidedAt {
			out.stay = append(out.stay, l)
			continue
		}
		x := going{leafGone: leafGone{Space: space, Controller: l.Controller, Key: hex.EncodeToString(l.Key), DecidedAt: e.DecidedAt}}
		for _, k := range l.State.Leaf().Keys(slices.Clone(l.Under)) {
			if at := gonePoint(space, k); !slices.Contains(x.Under, at) {
				x.Under = append(x.Under, at)
			}
		}
		for _, entry := range l.State.Log() {
			for _, ref := range entry.Refs {
				x.shows = append(x.shows, gonePoint(space, ref.Key()))
			}
		}
		if ref := l.State.Leaf().Reference; ref.Value != "" {
			x.shows = append(x.shows, gonePoint(space, ref))
		}
		out.goes = append(out.goes, x)
	}
	return out
}

// stays reports whether something of the person of an entry stays with its controller, so that the erasure is not done.
func (x *parting) stays(e Entry) bool {
	if x.person.Standing != identity.Clean {
		_, listed := x.person.Controllers()[e.Controller]
		return listed
	}
	return slices.ContainsFunc(x.stay, func(l resolve.PersonLeaf) bool {
		return l.Controller == e.Controller && (l.Owned || resolve.SubjectOf(l.State.Leaf()).Value == e.key().Value)
	})
}

// leave says what else goes with the identifier of an entry. The graph is everybody's in the space: an identifier leaves it once the person has no leaf
// with anybody any more, and no leaf of anybody names it.
func (x *parting) leave(space string, e Entry, r *removal) {
	k := e.key()
	anyOwned := func(controller string) bool {
		return slices.ContainsFunc(x.stay, func(l resolve.PersonLeaf) bool { return l.Owned && (controller == "" || l.Controller == controller) })
	}
	named := slices.ContainsFunc(x.stay, func(l resolve.PersonLeaf) bool {
		return slices.ContainsFunc(l.Under, func(u identifier.Key) bool { return u.Value == k.Value })
	})
	at := gonePoint(space, k)
	if !e.reference() && x.person.Standing == identity.Clean && !anyOwned("") && !named && r.once([2]any{"point", at}) {
		r.Points = append(r.Points, at)
	}
	if !e.reference() && !anyOwned(e.Controller) {
		r.Profiles = append(r.Profiles, profileGone{at, e.Controller, k.Value == x.person.Canonical.Value})
	}
}
