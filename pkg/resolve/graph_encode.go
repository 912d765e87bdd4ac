package resolve

import (
	"encoding/binary"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/internal/pack"
)

// recordWriter packs one record.
type recordWriter struct {
	b          []byte
	namespaces []identifier.Namespace
	place      map[identifier.Key]int
}

// encodeRecord packs members, who lie in this order in people.
func encodeRecord(r *record) []byte {
	w := recordWriter{b: make([]byte, RecordHeader, 256+96*len(r.members)), place: make(map[identifier.Key]int, len(r.members))}
	binary.BigEndian.PutUint64(w.b[8:], uint64(r.now)) //nolint:gosec // read back the same
	w.b = append(w.b, recordFormat)
	w.b = pack.Uint(w.b, r.rules)
	w.b = pack.Int(w.b, r.boundary)
	w.b = append(w.b, r.level)
	w.namespaceTable(r)
	people := map[*person]int{}
	w.b = pack.Uint(w.b, uint64(len(r.members)))
	for i, m := range r.members {
		w.place[m.Key] = i
		if _, known := people[m.person]; !known {
			people[m.person] = len(people)
		}
		w.node(m, people[m.person])
	}
	w.edges(r)
	return w.b
}

func (w *recordWriter) namespaceTable(r *record) {
	for _, m := range r.members {
		w.namespace(m.Key.Namespace)
		for _, e := range m.Edges {
			w.namespace(e.Other(m.Key).Namespace)
		}
	}
	w.b = pack.Uint(w.b, uint64(len(w.namespaces)))
	for _, n := range w.namespaces {
		w.b = pack.Text(w.b, n)
	}
}

// namespace returns the place of a namespace in the table of the record.
func (w *recordWriter) namespace(n identifier.Namespace) int {
	for i, x := range w.namespaces {
		if x == n {
			return i
		}
	}
	w.namespaces = append(w.namespaces, n)
	return len(w.namespaces) - 1
}

func (w *recordWriter) key(k identifier.Key) {
	w.b = pack.Text(pack.Uint(w.b, uint64(w.namespace(k.Namespace))), k.Value) //nolint:gosec // a place
}

func (w *recordWriter) node(m *member, person int) {
	flags := byte(0)
	for _, f := range [...]struct {
		flag byte
		set  bool
	}{
		{nodeFirst, m.First != identity.Never},
		{nodeFullWeak, m.Full[identity.Weak]},
		{nodeFullStrong, m.Full[identity.Strong]},
		{nodeNamesFull, m.NamesFull},
		{nodeNames, len(m.Names) > 0},
		{nodeDecisions, decided(m.Node)},
		{nodeAct, m.Act.Op != identity.NoOp},
		{nodeMatches, len(m.Matches) > 0},
	} {
		if f.set {
			flags |= f.flag
		}
	}
	w.key(m.Key)
	standing := byte(m.Standing)
	if m.LikeMany {
		standing |= standingLikeMany
	}
	w.b = append(w.b, flags, standing)
	w.b = pack.Int(w.b, m.judgedNow)
	w.b = pack.Uint(w.b, m.judgedRules)
	w.b = pack.Uint(w.b, uint64(person)) //nolint:gosec // a place
	if flags&nodeFirst != 0 {
		w.b = pack.Int(w.b, m.First)
	}
	if flags&nodeNames != 0 {
		w.names(m.Names)
	}
	if flags&nodeDecisions != 0 {
		for _, h := range m.Decisions {
			w.decisions(h.Said)
			w.decisions(h.Carried)
		}
	}
	if flags&nodeAct != 0 {
		w.act(m.Act)
	}
	if flags&nodeMatches != 0 {
		w.b = pack.Uint(w.b, uint64(len(m.Matches)))
		for _, id := range m.Matches {
			w.b = binary.BigEndian.AppendUint64(w.b, uint64(id))
		}
	}
}

func decided(n *identity.Node) bool {
	for _, h := range n.Decisions {
		if !h.Empty() {
			return true
		}
	}
	return false
}

func (w *recordWriter) names(names []identity.Name) {
	w.b = pack.Uint(w.b, uint64(len(names)))
	for i := range names {
		n := &names[i]
		w.b = append(w.b, n.Claim.Version)
		for _, keys := range [...][]uint16{n.Claim.Given[:], n.Claim.Family[:], n.Claim.Birth[:]} {
			for _, k := range keys {
				w.b = binary.BigEndian.AppendUint16(w.b, k)
			}
		}
		for _, t := range [...]int64{n.GivenT, n.FamilyT, n.BirthT, n.Days[0], n.Days[1]} {
			w.b = pack.Int(w.b, t)
		}
		w.b = pack.Bool(w.b, n.Attested)
	}
}

func (w *recordWriter) decisions(ds []consent.Decision) {
	w.b = pack.Uint(w.b, uint64(len(ds)))
	for _, d := range ds {
		w.b = pack.Int(pack.Int(w.b, d.At), d.Expires)
		w.b = pack.Text(append(w.b, byte(d.Dec)), d.ID)
	}
}

func (w *recordWriter) act(a identity.LastAct) {
	w.b = append(pack.Text(pack.Int(w.b, a.T), a.ID), byte(a.Op))
}

// edges packs every edge that a member holds, once.
func (w *recordWriter) edges(r *record) {
	type held struct {
		*identity.Edge
		flags byte
	}
	var all []held
	for i, m := range r.members {
		for _, e := range m.Edges {
			flags := byte(edgeHeldByA)
			if e.B == m.Key {
				flags = edgeHeldByB
			}
			if j, inside := w.place[e.Other(m.Key)]; inside && r.members[j].Edge(m.Key) == e {
				if j < i {
					continue
				}
				flags = edgeHeldByA | edgeHeldByB
			}
			all = append(all, held{e, flags})
		}
	}
	w.b = pack.Uint(w.b, uint64(len(all)))
	for _, h := range all {
		w.edge(h.Edge, h.flags)
	}
}

func (w *recordWriter) edge(e *identity.Edge, flags byte) {
	if e.Act.Op != identity.NoOp {
		flags |= edgeAct
	}
	if e.Evidenced() {
		flags |= edgeWitnesses
	}
	if len(e.Compared) > 0 {
		flags |= edgeCompared
	}
	w.b = append(w.b, flags, byte(e.Verdict.Reason), e.Verdict.Strength, byte(e.Outcome), byte(e.Reason))
	w.b = pack.Int(w.b, e.Verdict.T)
	for _, k := range [...]identifier.Key{e.A, e.B} {
		if i, inside := w.place[k]; inside {
			w.b = pack.Uint(w.b, uint64(i)+1) //nolint:gosec // a place
		} else {
			w.b = pack.Uint(w.b, 0)
			w.key(k)
		}
	}
	if flags&edgeAct != 0 {
		w.act(e.Act)
	}
	if flags&edgeWitnesses != 0 {
		w.witnesses(e.Witnesses)
	}
	if flags&edgeCompared != 0 {
		w.compared(e.Compared)
	}
}

func (w *recordWriter) compared(list []identity.Compared) {
	w.b = pack.Uint(w.b, uint64(len(list)))
	for i := range list {
		x := &list[i]
		w.b = pack.Text(pack.Text(w.b, x.Records[0]), x.Records[1])
		w.b = pack.Uint(pack.Int(w.b, x.At), uint64(x.Millionths))
	}
}

func (w *recordWriter) witnesses(ws []identity.Witness) {
	w.b = pack.Uint(w.b, uint64(len(ws)))
	for i := range ws {
		x := &ws[i]
		w.b = pack.Bool(pack.Bool(w.b, x.Behaviour), x.Stated)
		w.b = pack.Int(pack.Int(pack.Int(w.b, x.StampA), x.StampB), x.T)
		w.b = pack.Text(w.b, x.Event)
	}
}
