package identitytest

import (
	"slices"
	"sort"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Answer returns all that the oracle knows, in the exchange format.
func (o *Oracle) Answer() *identity.Answer {
	out := &identity.Answer{
		Now: o.facts.Now, Profiles: map[string][]string{}, Edges: map[string]string{}, Nobody: map[string]string{}, Folds: map[string]identity.Fold{},
	}
	for _, v := range o.all() {
		out.Profiles[o.Naming[v]] = append(out.Profiles[o.Naming[v]], v)
		if s := o.Standing(v); s != "clean" {
			out.Nobody[v] = s
		}
	}
	for p, text := range o.outcome {
		op := o.actOn(p)
		if told := len(o.compared[p]) > 0 && (!o.likeMany(p[0]) || !o.likeMany(p[1])); len(o.seen[p]) > 0 || told || op == identity.Ban || op == identity.Together {
			out.Edges[p[0]+"|"+p[1]] = text
		}
	}
	events := map[identity.Leaf][]identity.SolveEvent{}
	for _, e := range o.facts.Events {
		l := o.stamped(e)
		events[l] = append(events[l], e)
	}
	delete(events, identity.Leaf{})
	for l, es := range events {
		owner := o.Owner(l)
		for _, e := range es {
			f, known := out.Folds[owner]
			if !known {
				f.First, f.Last = e.T, e.T
			}
			out.Folds[owner] = identity.Fold{Events: f.Events + 1, Amount: f.Amount + e.Amount, First: min(f.First, e.T), Last: max(f.Last, e.T)}
		}
	}
	return out
}

// sorted returns the distinct keys of an event by namespace order, then value.
func (o *Oracle) sorted(e *identity.Event) (persons, devices, refs []identifier.Key) {
	keys := slices.Clone(e.Keys)
	sort.Slice(keys, func(i, j int) bool {
		a, b := o.rules.Namespaces[keys[i].Namespace], o.rules.Namespaces[keys[j].Namespace]
		if a.Rank != b.Rank {
			return a.Rank < b.Rank
		}
		return keys[i].Value < keys[j].Value
	})
	for _, k := range slices.Compact(keys) {
		switch rule, known := o.rules.Namespaces[k.Namespace]; {
		case !known:
		case rule.Ref:
			refs = append(refs, k)
		case rule.Device:
			devices = append(devices, k)
		default:
			persons = append(persons, k)
		}
	}
	return persons, devices, refs
}

// stamped is the leaf of an event: that of its collector, if there is one.
func (o *Oracle) stamped(e identity.SolveEvent) identity.Leaf {
	if e.Leaf != nil {
		return *e.Leaf
	}
	return o.leaf(e.Event)
}

func (o *Oracle) leaf(e *identity.Event) identity.Leaf {
	persons, devices, refs := o.sorted(e)
	month := e.T / 2592000
	switch {
	case e.Behaviour && len(devices) > 0:
		l := identity.Leaf{Device: devices[0], Month: month, Shared: e.Shared}
		if i := slices.Index(e.Keys, devices[0]); i < len(e.Stamps) {
			l.Stamp = e.Stamps[i]
		}
		if len(persons) > 0 {
			l.Person = persons[0]
		}
		return l
	case len(persons) > 0:
		l := identity.Leaf{First: persons[0]}
		if next := append(persons[1:], devices...); len(next) > 0 && !o.rules.Namespaces[persons[0].Namespace].Unique {
			sort.SliceStable(next, func(i, j int) bool {
				return o.rules.Namespaces[next[i].Namespace].Rank < o.rules.Namespaces[next[j].Namespace].Rank
			})
			l.Second = next[0]
		}
		return l
	case len(devices) > 0:
		return identity.Leaf{Device: devices[0], Month: month}
	case len(refs) > 0:
		return identity.Leaf{Reference: refs[0]}
	}
	return identity.Leaf{}
}

// name is the profile of an identifier.
func (o *Oracle) name(k identifier.Key) string {
	if n, known := o.Naming[k.Value]; known {
		return n
	}
	return k.Value
}

// Owner returns the owner of a leaf as folds name it.
func (o *Oracle) Owner(l identity.Leaf) string {
	clean := func(k identifier.Key) bool { return k.Value != "" && o.Standing(k.Value) == "clean" }
	switch {
	case l.Device.Value != "":
		switch open := l.Stamp > 0 && o.open(l); {
		case open && l.Person.Value != "" && clean(l.Person) && o.core(l.Person.Value, o.facts.Now):
			return o.name(l.Person)
		case open && l.Person.Value == "" && !l.Shared && clean(l.Device) && !o.tooLongAgo(l):
			return o.name(l.Device)
		}
		return "anonymous:" + l.Device.Value
	case l.Reference.Value != "":
		return o.ownerOfReference(l.Reference, clean)
	case clean(l.First):
		return o.name(l.First)
	case clean(l.Second):
		return o.name(l.Second)
	}
	return "anonymous:" + l.First.Value
}

// tooLongAgo reports whether anonymous browsing lies longer before the device's first joined sighting than the rules look back.
func (o *Oracle) tooLongAgo(l identity.Leaf) bool {
	naming := KeyOf(o.name(l.Device))
	if rule := o.rules.Namespaces[naming.Namespace]; o.rules.LookbackDays == 0 || rule.Device || rule.Ref {
		return false
	}
	first := int64(identity.Never)
	for p, text := range o.outcome {
		if (p[0] == l.Device.Value || p[1] == l.Device.Value) && (text == "joined" || text == "confirms") {
			first = min(first, o.verdict[p].t)
		}
	}
	return (l.Month+1)*2592000 < first-int64(o.rules.LookbackDays)*86400
}

func (o *Oracle) open(l identity.Leaf) bool {
	first, last := int64(identity.Never), int64(0)
	for _, e := range o.facts.Events {
		if o.stamped(e) == l {
			first, last = min(first, e.T), max(last, e.T)
		}
	}
	said := o.said(l.Device.Value, identity.UnifyBehaviour, false)
	for i, d := range said {
		if d.Dec > 1 && d.At > l.Stamp && d.At <= last || len(said) == 16 && i == 15 && d.At > l.Stamp {
			return false
		}
	}
	return o.browse(l.Device.Value, o.facts.Now) && o.browse(l.Device.Value, first)
}

func (o *Oracle) ownerOfReference(ref identifier.Key, clean func(identifier.Key) bool) string {
	type shown struct {
		identity.Event
		key identifier.Key
	}
	least := map[identifier.Namespace]shown{}
	for _, e := range o.facts.Events {
		if !slices.Contains(e.Keys, ref) {
			continue
		}
		persons, _, _ := o.sorted(e.Event)
		for _, k := range persons {
			x, known := least[k.Namespace]
			switch {
			case !known, x.Stated && !e.Stated, x.Stated == e.Stated && e.T < x.T,
				x.Stated == e.Stated && e.T == x.T && e.ID < x.ID,
				x.Stated == e.Stated && e.T == x.T && e.ID == x.ID && k.Value < x.key.Value:
				least[k.Namespace] = shown{*e.Event, k}
			}
		}
	}
	var best *shown
	for _, x := range least {
		if !clean(x.key) {
			continue
		}
		rank := o.rules.Namespaces[x.key.Namespace].Rank
		if best == nil || best.Stated && !x.Stated || best.Stated == x.Stated && rank < o.rules.Namespaces[best.key.Namespace].Rank {
			best = &x
		}
	}
	if best == nil {
		return "anonymous:" + ref.Value
	}
	return o.name(best.key)
}
