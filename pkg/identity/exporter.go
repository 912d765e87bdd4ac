package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Exporter writes stored evidence as lines of the exchange format. What is stored is less than what happened: of each edge the earliest
// sighting of each kind, of each name the days that count. Every line is a fact that leads to the same store; the ids of the facts are
// digests of what they say, since those of events may hold a source's own text.
type Exporter struct {
	out     io.Writer
	name    func(identifier.Key) string // `namespace:pseudonym`
	lines   int64
	blocked map[string]bool // by name
	rules   Rules
	err     error
}

// NewExporter begins an export of a store with these rules, as of a time. name gives an identifier without its plain value.
func NewExporter(out io.Writer, rules Rules, now int64, name func(identifier.Key) string) *Exporter {
	x := &Exporter{out: out, name: name, rules: rules, blocked: map[string]bool{}}
	x.put(map[string]any{"kind": "now", "t": now, "pseudonyms": true, "export": true})
	return x
}

// Close writes the rules that are in force under their version, and the number of lines, by which a reader notices an export that was
// cut. It returns the number of lines.
func (x *Exporter) Close(version uint64) (int64, error) {
	rules := x.rules
	rules.Blocked = x.blocked
	x.put(map[string]any{"kind": "rules", "version": version, "rules": rules})
	x.put(map[string]any{"kind": "now", "t": 0, "lines": x.lines + 1})
	return x.lines, x.err
}

// put writes one line.
func (x *Exporter) put(fields map[string]any) {
	if x.err != nil {
		return
	}
	line, err := json.Marshal(fields)
	if err != nil {
		x.err = fmt.Errorf("writing a fact: %w", err)
		return
	}
	if _, err := x.out.Write(append(line, '\n')); err != nil {
		x.err = fmt.Errorf("writing the export: %w", err)
		return
	}
	x.lines++
}

// fact writes a line under an id that is a digest of all that it says.
func (x *Exporter) fact(kind string, fields map[string]any, about ...string) {
	fields["kind"] = kind
	said, err := json.Marshal(fields)
	if err != nil {
		x.err = fmt.Errorf("writing a fact: %w", err)
		return
	}
	h := sha256.New()
	h.Write(said)
	for _, a := range about {
		h.Write([]byte("\x00" + a))
	}
	fields["id"] = hex.EncodeToString(h.Sum(nil)[:16])
	x.put(fields)
}

// Node writes all that is stored of an identifier. An edge that both its ends store is written twice, as the same fact.
func (x *Exporter) Node(n *Node) error {
	if x.rules.Blocked[n.Key.Value] {
		x.blocked[x.name(n.Key)] = true
	}
	x.stored(n)
	for i := range n.Names {
		x.said(n, &n.Names[i])
	}
	for p, h := range n.Decisions {
		for _, list := range [...][]consent.Decision{h.Said, h.Carried} {
			for _, d := range list {
				x.decision(n, Purpose(p), d)
			}
		}
	}
	x.act(n.Act, n.Key, identifier.Key{})
	for _, e := range n.Edges {
		x.edge(e)
	}
	return x.err
}

// stored writes what no event of the export shows any more: a first sighting beside identifiers that are not stored, fullness, and the
// patterns that matched.
func (x *Exporter) stored(n *Node) {
	name, seen := x.name(n.Key), int64(Never)
	for _, e := range n.Edges {
		for _, w := range e.Witnesses {
			seen = min(seen, w.T)
		}
	}
	stored := map[string]any{}
	if n.First < seen {
		stored["first"] = n.First
	}
	var full []string
	for class, text := range [...]string{Weak: "weak", Strong: "strong"} {
		if n.Full[class] {
			full = append(full, text)
		}
	}
	if len(full) > 0 {
		stored["full"] = full
	}
	if n.NamesFull {
		stored["names_full"] = true
	}
	if n.LikeMany {
		stored["like_many"] = true
	}
	fields := map[string]any{"t": min(n.First, maxNumber), "ids": []string{name}}
	if len(n.Matches) > 0 {
		ids := make([]string, len(n.Matches))
		for i, id := range n.Matches {
			ids[i] = fmt.Sprintf("%016x", uint64(id))
		}
		fields["matches"] = map[string][]string{name: ids}
	}
	if len(stored) == 0 && len(n.Matches) == 0 {
		return
	}
	fields["stored"] = stored
	x.fact("event", fields)
}

// said writes the claims that a name consists of: each field when it was first said, and the second day.
func (x *Exporter) said(n *Node, name *Name) {
	say := func(t int64, family, birth bool) {
		claim := map[string]any{"v": name.Claim.Version, "g": name.Claim.Given}
		if family {
			claim["f"] = name.Claim.Family
		}
		if birth {
			claim["b"] = name.Claim.Birth
		}
		x.fact("event", map[string]any{"t": t, "ids": []string{x.name(n.Key)}, "claim": claim})
	}
	say(name.GivenT, false, false)
	if !none(name.Claim.Family[:]) {
		say(name.FamilyT, true, false)
	}
	if !none(name.Claim.Birth[:]) {
		say(name.BirthT, false, true)
	}
	if name.Attested {
		say(max(name.Days[1]*day, name.GivenT), false, false)
	}
}

func (x *Exporter) decision(n *Node, p Purpose, d consent.Decision) {
	dec := "grant"
	if d.Denies() {
		dec = "deny"
	}
	x.fact("decision", map[string]any{
		"t": d.At, "point": x.name(n.Key), "purpose": [...]string{"unify_core", "unify_behaviour"}[p], "dec": dec, "exp": d.Expires, "carried": d.Carried,
	}, d.ID, strconv.Itoa(int(d.Dec)))
}

func (x *Exporter) act(a LastAct, on, other identifier.Key) {
	if a.Op == NoOp {
		return
	}
	fields := map[string]any{"t": a.T, "op": a.Op.String(), "a": x.name(on)}
	if other.Value != "" {
		fields["b"] = x.name(other)
	}
	x.fact("act", fields, a.ID)
}

// match writes a comparison. The names of records are digests already.
func (x *Exporter) match(a, b string, c Compared) {
	x.fact("match", map[string]any{
		"at": c.At, "a": a, "b": b, "records": []string{hex.EncodeToString([]byte(c.Records[0])), hex.EncodeToString([]byte(c.Records[1]))}, "millionths": c.Millionths,
	})
}

func (x *Exporter) edge(e *Edge) {
	x.act(e.Act, e.A, e.B)
	a, b := x.name(e.A), x.name(e.B)
	for _, c := range e.Compared {
		x.match(a, b, c)
	}
	for i := range e.Witnesses {
		w := &e.Witnesses[i]
		class := "core"
		if w.Behaviour {
			class = "behaviour"
		}
		x.fact("event", map[string]any{
			"t": w.T, "ids": []string{a, b}, "class": class, "stated": w.Stated, "stamps": map[string]int64{a: w.StampA, b: w.StampB},
		}, w.Event)
	}
}
