package profile_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

// told is one value of an attribute, or that it was taken away, as a leaf keeps it of a class of trust.
type told struct {
	leaf, name string
	trust      eventpb.Trust
	at         int64
	id         uint64
	empties    bool
	retracted  bool
}

func (a told) newer(b told) bool { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) > 0 }

// kept are the newest values, and the newest emptyings, of each leaf and class of trust.
func kept(h history) []told {
	retracted := map[string]bool{}
	for _, e := range h.events {
		if r := e.GetEventRetracted(); r != nil {
			retracted[r.RetractedId] = true
		}
	}
	slots := map[string]told{}
	put := func(x told) {
		slot := fmt.Sprint(x.leaf, x.name, x.trust, x.empties)
		if old, known := slots[slot]; !known || x.newer(old) {
			slots[slot] = x
		}
	}
	for _, e := range h.events {
		x := told{
			leaf: string(e.Leaf.Identifiers[0].Pseudonym), trust: e.Trust, at: e.OccurredAt, id: profile.EventDigest(e.Source, e.Id), retracted: retracted[e.Id],
		}
		say := func(name string, at int64, empties bool) {
			x := x
			x.name, x.at, x.empties = name, at, empties
			put(x)
		}
		for name := range e.Traits {
			say(name, e.OccurredAt, false)
		}
		for name := range traits(e) {
			at := e.OccurredAt
			if own, dated := e.GetCustomerRecorded().GetTraitDates()[name]; dated {
				at = own
			}
			say(name, at, false)
		}
		for _, name := range e.GetIdentifierProvided().GetEmptied() {
			say(name, e.OccurredAt, true)
		}
	}
	out := make([]told, 0, len(slots))
	for _, x := range slots {
		if !x.retracted {
			out = append(out, x)
		}
	}
	return out
}

// emptied: of an attribute that was taken away nothing counts that was told up to then, from any source, and later just what is at least as trusted as
// who took it away.
func emptied(h history) error {
	states, err := deliver(h, h.delivery, h.cuts)
	if err != nil {
		return err
	}
	all := kept(h)
	for _, name := range []string{"language", "family_name"} {
		var last told
		for _, x := range all {
			if x.name == name && x.empties && (last.name == "" || x.newer(last) || x.at == last.at && x.id == last.id && x.trust > last.trust) {
				last = x
			}
		}
		var want []uint64
		for _, x := range all {
			if x.name == name && !x.empties && (last.name == "" || x.newer(last) && x.trust >= last.trust) {
				want = append(want, x.id)
			}
		}
		p := profile.Combine(states)
		if got := counting(p, name); !slices.Equal(got, sorted(want)) {
			return fmt.Errorf("%s: events %v count, not %v", name, got, want)
		}
		for _, by := range survivorships {
			later := profile.CombineBy(states, by)
			for _, id := range counting(later, name) {
				if !slices.ContainsFunc(all, func(x told) bool { return x.id == id && x.name == name && (last.name == "" || x.newer(last)) }) {
					return fmt.Errorf("%s by %v: what was told before it was taken away counts", name, by)
				}
			}
		}
	}
	return nil
}

// counting are the events whose values of an attribute count.
func counting(p profile.Profile, name string) (out []uint64) {
	for _, t := range p.Traits {
		if t.Name != name {
			continue
		}
		for _, one := range append([]profile.Trait{t.Trait}, t.Others...) {
			out = append(out, one.ID)
		}
	}
	return sorted(out)
}

func sorted(ids []uint64) []uint64 { slices.Sort(ids); return ids }

// One attribute: said by the person, verified, taken away, and told again by sources of each class.
func TestEmptied_byExample(t *testing.T) {
	give := func(id string, trust eventpb.Trust, at int64, city string) *eventpb.Event {
		e := event(id, profile.TypeLoggedIn, day0+at*hour)
		e.Trust, e.Traits, e.Leaf = trust, map[string]string{"city": city}, cardLeaf(id)
		return e
	}
	taken := event("taken", profile.TypeProvided, day0+10*hour)
	taken.Trust, taken.Data = eventpb.Trust_TRUST_SELF, &eventpb.Event_IdentifierProvided{IdentifierProvided: &eventpb.IdentifierProvided{Emptied: []string{"city"}}}
	said := give("said", eventpb.Trust_TRUST_SELF, 1, "Lyon")
	said.Leaf = taken.Leaf
	verified := give("verified", eventpb.Trust_TRUST_VERIFIED, 9, "Paris")
	city := func(by profile.Survivorship, events ...*eventpb.Event) string {
		states := map[string]*profile.State{}
		var leaves []*profile.State
		for _, e := range events {
			k := string(e.Leaf.Identifiers[0].Pseudonym)
			if states[k] == nil {
				states[k] = &profile.State{}
				leaves = append(leaves, states[k])
			}
			fold(t, states[k], e)
		}
		p := profile.CombineBy(leaves, by)
		got, _ := p.Trait("city")
		require.Equal(t, got.Value == "" && slices.Contains(events, taken), p.IsEmptied("city"))
		return got.Value
	}
	require.Equal(t, "Paris", city(nil, said, verified))
	require.Empty(t, city(nil, said, verified, taken), "also what was verified before")
	require.Empty(t, city(nil, taken, verified, said), "in any order")
	require.Empty(t, city(nil, said, verified, taken, give("staff", eventpb.Trust_TRUST_STATED, 20, "Nice")), "who is trusted less brings nothing back")
	require.Equal(t, "Nice", city(nil, said, verified, taken, give("again", eventpb.Trust_TRUST_SELF, 20, "Nice")), "the person does")
	require.Equal(t, "Nice", city(nil, said, verified, taken, give("proof", eventpb.Trust_TRUST_VERIFIED, 20, "Nice")), "and so does a proof of after")
	own := give("own", eventpb.Trust_TRUST_SELF, 20, "Nice")
	own.Leaf = taken.Leaf
	require.Equal(t, "Nice", city(nil, said, verified, taken, own), "what is said again on the same leaf brings back nothing of before")
	require.Equal(t, "Nice", city(profile.Survivorship{"*": {identity.Recency}}, said, verified, taken, give("staff", eventpb.Trust_TRUST_STATED, 20, "Nice")), "as the operator weighs sources")

	back := retract("back", taken)
	require.Equal(t, "Paris", profileCity(t, said, verified, taken, back), "taken back, everything is as before")
	require.Equal(t, "Paris", profileCity(t, back, verified, taken, said))
}

func profileCity(t *testing.T, events ...*eventpb.Event) string {
	t.Helper()
	here, there := &profile.State{}, &profile.State{}
	for _, e := range events {
		if e.Id == "verified" {
			fold(t, there, e)
		} else {
			fold(t, here, e)
		}
	}
	again, err := profile.Decode(here.Encode())
	require.NoError(t, err)
	p := profile.Combine([]*profile.State{again, there})
	require.Empty(t, p.Emptied)
	got, _ := p.Trait("city")
	return got.Value
}

// A message of the profile tells of no attribute that was taken away.
func TestEmptied_isInNoMessage(t *testing.T) {
	say := event("say", profile.TypeLoggedIn, day0)
	say.Traits = map[string]string{"language": "fr"}
	take := event("take", profile.TypeProvided, day0+hour)
	take.Data = &eventpb.Event_IdentifierProvided{IdentifierProvided: &eventpb.IdentifierProvided{Emptied: []string{"language", "family_name"}}}
	p := profile.Combine([]*profile.State{folded(t, say, take)})
	m := p.Message(profile.About{})
	require.Empty(t, m.GetTraits())
	require.Empty(t, m.GetKnownTraits())
	require.Len(t, p.Emptied, 2)
}
