package resolve

import (
	"encoding/binary"
	"fmt"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/internal/pack"
)

// recordReader reads one packed record.
type recordReader struct {
	pack.Reader
	namespaces []identifier.Namespace
	members    []member
}

// recordHeader is what a plan wants to know before it reads a record.
func recordHeader(s string) (version uint64, now int64, err error) {
	if len(s) < RecordHeader {
		return 0, 0, fmt.Errorf("reading graph record of %d bytes: %w", len(s), pack.ErrDamaged)
	}
	return binary.BigEndian.Uint64([]byte(s[:8])), int64(binary.BigEndian.Uint64([]byte(s[8:RecordHeader]))), nil //nolint:gosec // as written
}

// decodeRecord reads what encodeRecord wrote. The strings of the record share the memory of s.
func decodeRecord(s string) (*record, error) {
	version, now, err := recordHeader(s)
	if err != nil {
		return nil, err
	}
	r := recordReader{Reader: pack.Read(s[RecordHeader:])}
	if format := r.Byte(); format != recordFormat {
		return nil, fmt.Errorf("reading graph record of format %d: %w", format, pack.ErrDamaged)
	}
	out := &record{version: version, now: now, rules: r.Uint(), boundary: r.Int(), level: r.Byte()}
	r.namespaces = make([]identifier.Namespace, r.Count())
	for i := range r.namespaces {
		r.namespaces[i] = identifier.Namespace(r.Text())
	}
	r.nodes()
	r.edges()
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("reading graph record: %w", err)
	}
	out.members = make([]*member, len(r.members))
	for i := range r.members {
		out.members[i] = &r.members[i]
	}
	return out, nil
}

func (r *recordReader) key() identifier.Key {
	i := r.Uint()
	if i >= uint64(len(r.namespaces)) {
		r.Fail()
		return identifier.Key{}
	}
	return identifier.Key{Namespace: r.namespaces[i], Value: r.Text()}
}

func (r *recordReader) nodes() {
	n := r.Count()
	r.members = make([]member, n)
	nodes := make([]identity.Node, n)
	people := make([]person, n)
	for i := range r.members {
		m := &r.members[i]
		m.Node = &nodes[i]
		m.Kept = m
		p := r.node(m)
		if p > uint64(i) { // people are numbered as they come
			r.Fail()
			p = 0
		}
		m.person, m.before, m.was = &people[p], &people[p], m.Standing
		people[p].nodes = append(people[p].nodes, m.Node)
	}
}

// node reads one node and returns the number of its person.
func (r *recordReader) node(m *member) (person uint64) {
	m.Key = r.key()
	flags := r.Byte()
	standing := r.Byte()
	m.Standing, m.LikeMany = identity.Standing(standing&^standingLikeMany), standing&standingLikeMany != 0
	if m.Standing > identity.Contested {
		r.Fail()
		m.Standing = identity.Clean
	}
	m.judgedNow, m.judgedRules = r.Int(), r.Uint()
	person = r.Uint()
	m.First = identity.Never
	if flags&nodeFirst != 0 {
		m.First = r.Int()
	}
	m.Full = [...]bool{identity.Weak: flags&nodeFullWeak != 0, identity.Strong: flags&nodeFullStrong != 0}
	m.NamesFull = flags&nodeNamesFull != 0
	if flags&nodeNames != 0 {
		m.Names = r.names()
	}
	if flags&nodeDecisions != 0 {
		for p := range m.Decisions {
			m.Decisions[p] = consent.History{Said: r.decisions(false), Carried: r.decisions(true)}
		}
	}
	if flags&nodeAct != 0 {
		m.Act = r.act()
	}
	if flags&nodeMatches != 0 {
		m.Matches = r.matches()
	}
	return person
}

func (r *recordReader) matches() []identity.PatternID {
	out := make([]identity.PatternID, r.Count())
	for i := range out {
		for range 8 {
			out[i] = out[i]<<8 | identity.PatternID(r.Byte())
		}
	}
	return out
}

func (r *recordReader) names() []identity.Name {
	out := make([]identity.Name, r.Count())
	for i := range out {
		n := &out[i]
		n.Claim.Version = r.Byte()
		for _, keys := range [...][]uint16{n.Claim.Given[:], n.Claim.Family[:], n.Claim.Birth[:]} {
			for j := range keys {
				keys[j] = uint16(r.Byte())<<8 | uint16(r.Byte())
			}
		}
		for _, t := range [...]*int64{&n.GivenT, &n.FamilyT, &n.BirthT, &n.Days[0], &n.Days[1]} {
			*t = r.Int()
		}
		n.Attested = r.Bool()
	}
	return out
}

func (r *recordReader) decisions(carried bool) []consent.Decision {
	n := r.Count()
	if n == 0 {
		return nil
	}
	out := make([]consent.Decision, n)
	for i := range out {
		out[i] = consent.Decision{At: r.Int(), Expires: r.Int(), Dec: consent.Dec(r.Byte()), Carried: carried, ID: r.Text()}
	}
	return out
}

func (r *recordReader) act() identity.LastAct {
	return identity.LastAct{T: r.Int(), ID: r.Text(), Op: identity.Op(r.Byte())}
}

func (r *recordReader) edges() {
	n := r.Count()
	edges := make([]identity.Edge, n)
	for i := range edges {
		r.edge(&edges[i])
	}
}

func (r *recordReader) edge(e *identity.Edge) {
	flags := r.Byte()
	e.Verdict = identity.Verdict{Reason: identity.Reason(r.Byte()), Strength: r.Byte()}
	e.Outcome, e.Reason = identity.Outcome(r.Byte()), identity.Reason(r.Byte())
	e.Verdict.T = r.Int()
	a, b := r.end(&e.A), r.end(&e.B)
	if flags&edgeAct != 0 {
		e.Act = r.act()
	}
	if flags&edgeWitnesses != 0 {
		e.Witnesses = r.witnesses()
	}
	if flags&edgeCompared != 0 {
		e.Compared = r.compared()
	}
	e.Before = identity.EdgeBefore{Known: true, Active: e.Outcome != identity.RefusedEdge, Reason: e.Reason, Op: e.Act.Op}
	for _, holder := range [...]struct {
		m    *member
		flag byte
	}{{a, edgeHeldByA}, {b, edgeHeldByB}} {
		switch held := flags&holder.flag != 0; {
		case held && holder.m != nil:
			holder.m.Edges = append(holder.m.Edges, e)
		case held:
			r.Fail()
		}
	}
}

// end reads one end of an edge: a member, or the key of an identifier elsewhere.
func (r *recordReader) end(k *identifier.Key) *member {
	i := r.Uint()
	switch {
	case i == 0:
		*k = r.key()
		return nil
	case i > uint64(len(r.members)):
		r.Fail()
		return nil
	}
	m := &r.members[i-1]
	*k = m.Key
	return m
}

func (r *recordReader) compared() []identity.Compared {
	out := make([]identity.Compared, r.Count())
	for i := range out {
		x := &out[i]
		x.Records[0], x.Records[1], x.At = r.Text(), r.Text(), r.Int()
		probability := r.Uint()
		if probability > identity.Certain {
			r.Fail()
			probability = 0
		}
		x.Millionths = uint32(probability)
	}
	return out
}

func (r *recordReader) witnesses() []identity.Witness {
	out := make([]identity.Witness, r.Count())
	for i := range out {
		out[i] = identity.Witness{
			Behaviour: r.Bool(), Stated: r.Bool(), StampA: r.Int(), StampB: r.Int(), T: r.Int(), Event: r.Text(),
		}
	}
	return out
}
