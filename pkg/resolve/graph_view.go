package resolve

import (
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// View is what the graph says of some identifiers at one moment. It is read-only and safe for concurrent use.
type View struct {
	entries map[identifier.Key]viewEntry
}

type viewEntry struct {
	profile   Profile
	standing  identity.Standing
	decisions *identity.Node // nil: no record
	component ComponentKey
	version   uint64
}

// newView makes a view with room for so many identifiers.
func newView(n int) *View { return &View{entries: make(map[identifier.Key]viewEntry, n)} }

// take copies what the plan knows of an identifier.
func (v *View) take(p *planner, k identifier.Key) {
	n := p.ev.Node(k)
	if n == nil {
		v.entries[k] = viewEntry{profile: Profile{k, []identifier.Key{k}}, standing: p.kernel.StandAlone(k.Value)}
		return
	}
	m := p.memberOf(n)
	v.entries[k] = viewEntry{profile: profileOf(m), standing: n.Standing, decisions: n, component: m.component, version: m.version}
}

// profileOf returns the profile of a member; the list of its members is made once.
func profileOf(m *member) Profile {
	if m.person == nil {
		return Profile{m.Key, []identifier.Key{m.Key}}
	}
	if m.person.keys == nil {
		m.person.keys = keysOf(m.person.nodes)
	}
	return Profile{m.person.naming, m.person.keys}
}

// located gives keys without a namespace the one that the graph knows their value by. Keys that have one, and values without a
// record, stay as they are.
func (v *View) located(keys []identifier.Key) []identifier.Key {
	bare := func(k identifier.Key) bool { return k.Namespace == "" }
	if !slices.ContainsFunc(keys, bare) {
		return keys
	}
	known := make(map[string]identifier.Key, len(v.entries))
	for k := range v.entries {
		if !bare(k) {
			known[k.Value] = k
		}
	}
	out := slices.Clone(keys)
	for i, k := range out {
		if full, ok := known[k.Value]; ok && bare(k) {
			out[i] = full
		}
	}
	return out
}

// shows reports whether the view was made over all of keys.
func (v *View) shows(keys []identifier.Key) bool {
	for _, k := range keys {
		if _, known := v.entries[k]; !known {
			return false
		}
	}
	return true
}

// Standing implements identity.People.
func (v *View) Standing(k identifier.Key) identity.Standing { return v.entries[k].standing }

// Naming implements identity.People.
func (v *View) Naming(k identifier.Key) identifier.Key {
	if e, known := v.entries[k]; known {
		return e.profile.Canonical
	}
	return k
}

// Decisions implements identity.People.
func (v *View) Decisions(k identifier.Key, p identity.Purpose) (h consent.History) {
	if n := v.entries[k].decisions; n != nil {
		h = n.Decisions[p]
	}
	return h
}

// Since implements identity.People.
func (v *View) Since(k identifier.Key) int64 {
	if n := v.entries[k].decisions; n != nil {
		return n.Since()
	}
	return identity.Never
}

// Profile returns the profile that holds k. Its Members must not be changed.
func (v *View) Profile(k identifier.Key) Profile {
	if e, known := v.entries[k]; known {
		return e.profile
	}
	return Profile{k, []identifier.Key{k}}
}

// Version returns the version of the record that holds k; 0 without one. It grows with every change.
func (v *View) Version(k identifier.Key) uint64 { return v.entries[k].version }

// Component returns the record that holds k; zero without one.
func (v *View) Component(k identifier.Key) ComponentKey { return v.entries[k].component }
