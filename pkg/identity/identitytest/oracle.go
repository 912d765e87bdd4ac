package identitytest

import (
	"math"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Oracle answers for a whole set of facts.
type Oracle struct {
	facts *identity.Facts
	rules identity.Rules

	keys     map[string]identifier.Key // of every identifier with a record
	first    map[string]int64
	seen     map[[2]string][]sighting // by pair, the lesser first
	claims   map[string][]saying
	pairAct  map[[2]string]*identity.Act
	valueAct map[string]*identity.Act
	matches  map[string]map[identity.PatternID]bool
	compared map[[2]string]map[[2]string]identity.Compared // by pair, then by the records that were compared

	Level   map[string]int    // of every identifier with a record
	Naming  map[string]string // naming identifier of every identifier with a record
	verdict map[[2]string]verdict
	outcome map[[2]string]string
}

type sighting struct {
	behaviour, stated bool
	stampA, stampB, t int64
	id                string
}

type saying struct {
	claim identity.Claim
	t     int64
}

type verdict struct {
	reason   string // "" = usable
	strength int
	t        int64
}

// Ask computes the answer.
func Ask(f *identity.Facts) *Oracle {
	o := &Oracle{
		facts: f, rules: f.Rules, keys: map[string]identifier.Key{}, first: map[string]int64{}, seen: map[[2]string][]sighting{},
		claims: map[string][]saying{}, pairAct: map[[2]string]*identity.Act{}, valueAct: map[string]*identity.Act{}, matches: map[string]map[identity.PatternID]bool{},
		compared: map[[2]string]map[[2]string]identity.Compared{},
		Level:    map[string]int{}, Naming: map[string]string{}, verdict: map[[2]string]verdict{}, outcome: map[[2]string]string{},
	}
	o.collect()
	for pair := range o.pairs() {
		o.verdict[pair] = o.usable(pair)
	}
	o.divide()
	return o
}

func (o *Oracle) rule(v string) identity.NamespaceRule {
	return o.rules.Namespaces[o.keys[v].Namespace]
}

func (o *Oracle) linking(k identifier.Key) bool {
	r, known := o.rules.Namespaces[k.Namespace]
	return known && !r.Ref
}

func (o *Oracle) record(k identifier.Key) { o.keys[k.Value] = k }

func pairOf(a, b string) [2]string {
	if b < a {
		a, b = b, a
	}
	return [2]string{a, b}
}

func (o *Oracle) collect() {
	for _, e := range o.facts.Events {
		stamps := map[string]int64{}
		present := map[string]identifier.Key{}
		for i, k := range e.Keys {
			barred := e.Shared && o.rules.Namespaces[k.Namespace].Device
			if o.linking(k) && !barred {
				present[k.Value] = k
				if i < len(e.Stamps) {
					stamps[k.Value] = e.Stamps[i]
				}
			}
		}
		for a, key := range present {
			if len(present) > 1 {
				o.record(key)
				if t, known := o.first[a]; !known || e.T < t {
					o.first[a] = e.T
				}
			}
			if e.Claim.Given[0] != 0 {
				o.record(key)
				o.claims[a] = append(o.claims[a], saying{e.Claim, e.T})
			}
			for b, other := range present {
				if a < b {
					device := o.rules.Namespaces[key.Namespace].Device || o.rules.Namespaces[other.Namespace].Device
					s := sighting{e.Behaviour && device, e.Stated, stamps[a], stamps[b], e.T, e.ID}
					o.seen[[2]string{a, b}] = append(o.seen[[2]string{a, b}], s)
				}
			}
		}
	}
	o.collectMatches()
	for _, d := range o.facts.Decisions {
		if o.linking(d.Point) {
			o.record(d.Point)
		}
	}
	for _, a := range o.facts.Acts {
		o.collectAct(a)
	}
	for _, m := range o.facts.Matches {
		o.collectMatch(m)
	}
}

func later(a, b *identity.Act) bool {
	if b == nil || a.T != b.T {
		return b == nil || a.T > b.T
	}
	return a.ID > b.ID
}

func (o *Oracle) collectAct(a *identity.Act) {
	pair := a.Op == identity.Ban || a.Op == identity.Together || a.Op == identity.Clear
	if !o.linking(a.A) || pair && (!o.linking(a.B) || a.A == a.B) {
		return
	}
	o.record(a.A)
	if !pair {
		if later(a, o.valueAct[a.A.Value]) {
			o.valueAct[a.A.Value] = a
		}
		return
	}
	o.record(a.B)
	p := pairOf(a.A.Value, a.B.Value)
	if later(a, o.pairAct[p]) {
		o.pairAct[p] = a
	}
}

func (o *Oracle) actOn(p [2]string) identity.Op {
	if a := o.pairAct[p]; a != nil {
		return a.Op
	}
	return identity.NoOp
}

// pairs are all pairs that an event showed, or that an act or a match speaks of.
func (o *Oracle) pairs() map[[2]string]bool {
	out := map[[2]string]bool{}
	for p := range o.seen {
		out[p] = true
	}
	for p := range o.pairAct {
		out[p] = true
	}
	for p := range o.compared {
		out[p] = true
	}
	return out
}

func (o *Oracle) weak(a, b string) bool {
	return o.rule(a).Strength < o.rules.Strong || o.rule(b).Strength < o.rules.Strong
}

// full reports whether v was seen beside so many neighbours by weak (or strong) evidence that they mean nothing.
func (o *Oracle) full(v string, weak bool) bool {
	n := 0
	for p := range o.seen {
		if (p[0] == v || p[1] == v) && o.weak(p[0], p[1]) == weak {
			n++
		}
	}
	return n >= o.rules.MaxDegree
}

// Full reports whether v has more neighbours of some class than are stored.
func (o *Oracle) Full(v string) bool { return o.full(v, true) || o.full(v, false) || o.likeMany(v) }

// Standing of an identifier by its value.
func (o *Oracle) Standing(v string) string {
	act := o.valueAct[v]
	switch {
	case o.rules.Blocked[v], o.matched(v):
		return "blocked"
	case o.keys[v].Value == "":
		return "clean"
	case o.full(v, false), o.full(v, true) && o.rule(v).Strength < o.rules.Strong, act != nil && act.Op == identity.Quarantine:
		return "quarantined"
	case act != nil && act.Op == identity.Release:
		return "clean"
	case o.crowded(v):
		return "quarantined"
	case o.contested(v):
		return "contested"
	}
	return "clean"
}

func (o *Oracle) crowded(v string) bool {
	most := o.rule(v).Owners
	if most == 0 {
		return false
	}
	for ns, rule := range o.rules.Namespaces {
		if !rule.Unique || rule.Ref || ns == o.keys[v].Namespace {
			continue
		}
		owners, proved := 0, 0
		for p, sightings := range o.seen {
			var far string
			switch v {
			case p[0]:
				far = p[1]
			case p[1]:
				far = p[0]
			default:
				continue
			}
			if o.keys[far].Namespace != ns || o.actOn(p) == identity.Ban || o.full(v, o.weak(p[0], p[1])) {
				continue
			}
			owners++
			for _, s := range sightings {
				if !s.stated {
					proved++
					break
				}
			}
		}
		if proved > most || proved == 0 && owners > most || owners > o.rules.Claims {
			return true
		}
	}
	return false
}

type told struct {
	claim    identity.Claim
	attested bool
}

// told lists what v was told of each given name; full is true when there are too many.
func (o *Oracle) told(v string) (out []told, full bool) {
	byName := map[[2]uint16][]saying{}
	for _, s := range o.claims[v] {
		name := [2]uint16{uint16(s.claim.Version), s.claim.Given[0]}
		byName[name] = append(byName[name], s)
	}
	if len(byName) >= o.rules.MaxNames {
		return nil, true
	}
	for _, said := range byName {
		x := told{claim: identity.Claim{Version: said[0].claim.Version}}
		days := map[int64]bool{}
		for _, s := range said {
			days[s.t/86400] = true
		}
		x.attested = len(days) > 1
		copy(x.claim.Given[:], earliest(said, func(c *identity.Claim) []uint16 { return c.Given[:] }))
		copy(x.claim.Family[:], earliest(said, func(c *identity.Claim) []uint16 { return c.Family[:] }))
		copy(x.claim.Birth[:], earliest(said, func(c *identity.Claim) []uint16 { return c.Birth[:] }))
		out = append(out, x)
	}
	return out, false
}

// earliest returns the keys of a field that were said first; among those of one time, the least.
func earliest(said []saying, field func(*identity.Claim) []uint16) []uint16 {
	var best []uint16
	bestT := int64(math.MaxInt64)
	for i := range said {
		keys := field(&said[i].claim)
		some := false
		less := false
		for j, k := range keys {
			some = some || k != 0
			if best != nil && k != best[j] {
				less = k < best[j]
				break
			}
		}
		for _, k := range keys {
			some = some || k != 0
		}
		if some && (said[i].t < bestT || said[i].t == bestT && less) {
			best, bestT = keys, said[i].t
		}
	}
	return best
}

func (o *Oracle) contested(v string) bool {
	if o.rule(v).Unique || o.rules.Names == identity.NamesOff {
		return false
	}
	names, full := o.told(v)
	for _, a := range names {
		for _, b := range names {
			if a.attested && b.attested && contradicts(a.claim, b.claim) {
				return true
			}
		}
	}
	return full
}

// share says of two fields: 1 same, -1 different, 0 unknown.
func share(a, b []uint16) int {
	known := map[uint16]bool{}
	for _, k := range a {
		known[k] = k != 0
	}
	out := 0
	for _, k := range b {
		if known[k] {
			return 1
		}
		for _, other := range a {
			if k != 0 && other != 0 {
				out = -1
			}
		}
	}
	return out
}

func contradicts(a, b identity.Claim) bool {
	if a.Version != b.Version {
		return false
	}
	given, family, birth := share(a.Given[:], b.Given[:]), share(a.Family[:], b.Family[:]), share(a.Birth[:], b.Birth[:])
	if share(a.Given[:], b.Family[:]) == 1 && share(a.Family[:], b.Given[:]) == 1 {
		given, family = 1, 1
	}
	return given == -1 && birth != 1 || birth == -1 && family == -1
}

// collectMatches notes which patterns matched what.
func (o *Oracle) collectMatches() {
	for _, e := range o.facts.Events {
		for i, k := range e.Keys {
			if i >= len(e.Matches) || len(e.Matches[i]) == 0 || !o.linking(k) || e.Shared && o.rules.Namespaces[k.Namespace].Device {
				continue
			}
			o.record(k)
			if o.matches[k.Value] == nil {
				o.matches[k.Value] = map[identity.PatternID]bool{}
			}
			for _, id := range e.Matches[i] {
				o.matches[k.Value][id] = true
			}
		}
	}
}

// matched reports whether a pattern in force matched v.
func (o *Oracle) matched(v string) bool {
	for _, text := range o.rules.BlockedPatterns {
		if o.matches[v][identity.IDOfPattern(text)] {
			return true
		}
	}
	return false
}
