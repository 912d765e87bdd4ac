package identity

import (
	"encoding/json"
	"slices"
	"strings"

	"rcu/pkg/identifier"
)

// stored reads what an export says of the one identifier of an event beside the event.
func (o *object) stored(e *Event) *Node {
	var parts map[string]json.RawMessage
	if !o.decode("stored", false, &parts, "use an object with first, full and names_full") || parts == nil || len(e.Keys) != 1 {
		return nil
	}
	inner := object{fields: parts}
	n := &Node{Key: e.Keys[0], First: Never, NamesFull: inner.flag("names_full"), LikeMany: inner.flag("like_many")}
	if inner.present("first", false) {
		n.First = inner.number("first", false, 0)
	}
	var full []string
	inner.decode("full", false, &full, "use a list of weak and strong")
	n.Full = [classes]bool{Weak: slices.Contains(full, "weak"), Strong: slices.Contains(full, "strong")}
	if inner.bad != nil {
		o.fail("stored."+inner.bad.Field, inner.bad.Reason, inner.bad.Fix)
	}
	return n
}

// bare takes the namespaces off the values of all keys, which are pseudonyms: ties are broken by those, as in the store.
func (fr *factReader) bare() {
	off := func(k *identifier.Key) { k.Value = strings.TrimPrefix(k.Value, string(k.Namespace)+":") }
	for _, e := range fr.facts.Events {
		for i := range e.Keys {
			off(&e.Keys[i])
		}
	}
	for _, d := range fr.facts.Decisions {
		off(&d.Point)
	}
	for _, a := range fr.facts.Acts {
		off(&a.A)
		off(&a.B)
		if a.OnPair() && Lesser(a.B, a.A) {
			a.A, a.B = a.B, a.A
		}
	}
	for _, m := range fr.facts.Matches {
		off(&m.A)
		off(&m.B)
		m.order()
	}
	for _, n := range fr.facts.stored {
		off(&n.Key)
	}
	blocked := map[string]bool{}
	for name, is := range fr.facts.Rules.Blocked {
		_, value, _ := strings.Cut(name, ":")
		blocked[value] = is
	}
	fr.facts.Rules.Blocked = blocked
}

// matchPlain adds what the patterns in force match of values in plain text. Of pseudonyms, only what was stamped is known.
func (fr *factReader) matchPlain() {
	patterns := PatternsOf(fr.facts.Rules.BlockedPatterns)
	for _, e := range fr.facts.Events {
		for i, ids := range patterns.OfKeys(e.Keys) {
			if len(ids) == 0 {
				continue
			}
			if e.Matches == nil {
				e.Matches = make([][]PatternID, len(e.Keys))
			}
			e.Matches[i] = append(e.Matches[i], ids...)
		}
	}
}
