package identitytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Source is where random choices come from: a *rand.Rand, or a rapid generator.
type Source interface{ IntN(n int) int }

// Options bound a random history.
type Options struct {
	Events    int // most of each
	Decisions int
	Acts      int
	Values    int  // of each namespace
	Months    bool // times lie months apart, so that the rules' look-back matters
}

// Small is a history in which every rule fires, but for look-back, which Months is for.
var (
	Small  = Options{Events: 24, Decisions: 8, Acts: 4, Values: 3}
	Months = Options{Events: 24, Decisions: 8, Acts: 4, Values: 3, Months: true}
)

// tick is the grain of times: several events share one, and a few make a day.
const tick = 20_000

const ticks = 60

// long is how many times as long a grain is where times lie months apart.
const long = 30

type generator struct {
	Source
	o     Options
	tick  int64 // grain of its times
	facts identity.Facts
}

// Key returns the key of `namespace:value`.
func Key(namespace identifier.Namespace, n int) identifier.Key {
	return identifier.Key{Namespace: namespace, Value: fmt.Sprintf("%s:%d", namespace, n)}
}

// History returns a random set of facts with rules and a clock.
func History(s Source, o Options) *identity.Facts {
	g := generator{Source: s, o: o, tick: tick}
	if o.Months {
		g.tick *= long
	}
	g.facts.Rules = RandomRules(s)
	g.facts.Now = int64(g.IntN(ticks+20)) * g.tick
	for i := range g.IntN(o.Decisions + 1) {
		g.facts.Decisions = append(g.facts.Decisions, g.decision(i))
	}
	for i := range 1 + g.IntN(o.Events) {
		g.facts.Events = append(g.facts.Events, identity.SolveEvent{Event: g.event(i), Amount: int64(g.IntN(100))})
	}
	for i := range g.IntN(o.Acts + 1) {
		g.facts.Acts = append(g.facts.Acts, g.act(i))
	}
	g.patterns()
	g.matches()
	return &g.facts
}

// patternTexts are what rules may block, and collectors look for.
var patternTexts = []string{"email:^[13]$", "phone:^2$", "cookie:^0$", "card:^1$", "email:^[12]$"}

// RandomPatterns returns patterns of blocked values, mostly none.
func RandomPatterns(s Source) (out []string) {
	for _, text := range patternTexts {
		if s.IntN(6) == 0 {
			out = append(out, text)
		}
	}
	return out
}

// patterns lets the rules block some patterns, and stamps identifiers with those that their collector knew of.
func (g *generator) patterns() {
	g.facts.Rules.BlockedPatterns = RandomPatterns(g)
	if g.IntN(2) == 0 {
		return
	}
	early, late := identity.PatternsOf(patternTexts[:g.IntN(3)]), identity.PatternsOf(patternTexts)
	for _, e := range g.facts.Events {
		known := early
		if g.IntN(3) == 0 {
			known = late
		}
		e.Matches = known.OfKeys(e.Keys)
	}
}

// RandomRules returns rules with caps so small that every one is met.
func RandomRules(s Source) identity.Rules {
	r := identity.DefaultRules()
	for _, n := range []identifier.Namespace{
		identifier.Customer, identifier.Card, identifier.Email, identifier.Phone, identifier.Pay, identifier.Device, identifier.Cookie,
	} {
		rule := r.Namespaces[n]
		rule.Owners = []int{1, 1, 2, 0, 3, 5}[s.IntN(6)]
		if rule.Limit > 0 {
			rule.Limit = []int{1, 2, 2, 3, 0}[s.IntN(5)]
			rule.Window = []int64{0, 5 * tick, 20 * tick}[s.IntN(3)]
		}
		if n == identifier.Card && s.IntN(4) == 0 {
			rule.Unique = false
		}
		r.Namespaces[n] = rule
	}
	r.Claims = 2 + s.IntN(6)
	r.MaxNodes = 4 + s.IntN(12)
	r.MaxEdges = 6 + s.IntN(25)
	r.MaxDegree = 4 + s.IntN(6)
	r.MaxNames = 3 + s.IntN(5)
	r.Names = []identity.Names{identity.NamesOff, identity.NamesAttested, identity.NamesAny}[s.IntN(3)]
	for range s.IntN(3) {
		if r.Blocked == nil {
			r.Blocked = map[string]bool{}
		}
		r.Blocked[Key(identifier.Email, s.IntN(4)).Value] = true
	}
	r.LookbackDays = []int{0, 0, 1, 20, 60}[s.IntN(5)]
	r.Survivorship = randomSurvivorship(s)
	return r
}

// randomSurvivorship returns ways to choose among values of two attributes and of all others, mostly none.
func randomSurvivorship(s Source) map[string][]identity.Survival {
	all := []identity.Survival{identity.SourceTrust, identity.Recency, identity.VerifiedFirst, identity.MostFrequent}
	var out map[string][]identity.Survival
	for _, attribute := range []string{"city", "language", "*"} {
		if s.IntN(4) > 0 {
			continue
		}
		if out == nil {
			out = map[string][]identity.Survival{}
		}
		first := s.IntN(len(all))
		out[attribute] = append(out[attribute], all[first])
		if second := s.IntN(len(all)); second != first {
			out[attribute] = append(out[attribute], all[second])
		}
	}
	return out
}

// Stamp gives every event of a history the leaf that its collector stamps by rules in which more or fewer cards name one person alone.
func Stamp(s Source, f *identity.Facts) {
	then := f.Rules
	then.Namespaces = maps.Clone(f.Rules.Namespaces)
	for _, n := range []identifier.Namespace{identifier.Customer, identifier.Card, identifier.Email} {
		rule := then.Namespaces[n]
		rule.Unique = s.IntN(2) == 0
		then.Namespaces[n] = rule
	}
	k, err := identity.NewKernel(then)
	if err != nil {
		panic(err) // rules of histories are valid
	}
	for i, e := range f.Events {
		leaf := k.LeafOf(e.Event)
		f.Events[i].Leaf = &leaf
	}
}

var kinds = []identifier.Namespace{
	identifier.Customer, identifier.Card, identifier.Card, identifier.Email, identifier.Email, identifier.Phone,
	identifier.Pay, identifier.Device, identifier.Cookie, identifier.Cookie,
}

func (g *generator) key() identifier.Key { return Key(kinds[g.IntN(len(kinds))], g.IntN(g.o.Values)) }

func (g *generator) time() int64 { return int64(1+g.IntN(ticks)) * g.tick }

func (g *generator) decision(i int) *identity.Decision {
	d := &identity.Decision{Point: g.key(), Purpose: identity.Purpose(g.IntN(2))}
	if g.IntN(2) == 0 {
		d.Point, d.Purpose = Key(identifier.Cookie, g.IntN(g.o.Values)), identity.UnifyBehaviour
	}
	d.Decision = consent.Decision{At: g.time(), Dec: consent.Grant, ID: fmt.Sprint("d", i), Carried: g.IntN(5) == 0}
	if g.IntN(3) == 0 {
		d.Dec = consent.Refuse
	}
	if g.IntN(3) == 0 {
		d.Expires = d.At + int64(g.IntN(30))*g.tick
	}
	return d
}

func (g *generator) event(i int) *identity.Event {
	e := &identity.Event{
		ID: fmt.Sprint("e", i), T: g.time(), Behaviour: g.IntN(3) == 0, Stated: g.IntN(3) == 0, Shared: g.IntN(8) == 0,
	}
	for range []int{0, 1, 2, 2, 2, 3, 3, 5}[g.IntN(8)] {
		e.Keys = append(e.Keys, g.key())
	}
	g.again(e)
	g.reference(e)
	e.Stamps = make([]int64, len(e.Keys))
	for j, k := range e.Keys {
		e.Stamps[j] = g.stamp(k, e.T)
		for x := range j { // one identifier has one stamp
			if e.Keys[x] == k {
				e.Stamps[j] = e.Stamps[x]
			}
		}
	}
	if g.IntN(3) == 0 {
		e.Claim = g.claim()
	}
	return e
}

// again lets a fourth of the events show what an earlier one showed, as most traffic does: a pair of a cookie and a customer that is seen
// under two grants, or once without, is rare among all pairs.
func (g *generator) again(e *identity.Event) {
	if len(g.facts.Events) > 0 && g.IntN(4) == 0 {
		earlier := g.facts.Events[g.IntN(len(g.facts.Events))]
		e.Keys, e.Behaviour = slices.Clone(earlier.Keys), earlier.Behaviour
	}
}

// reference lets a third of the events show a reference: some show nothing else, and some show the one of an earlier event in the
// same second, as a sale that is paid twice does. Without those a register of two sightings of one second is hardly ever asked.
func (g *generator) reference(e *identity.Event) {
	switch g.IntN(12) {
	case 0, 1:
		e.Keys = append(e.Keys, Key(identifier.Order, g.IntN(3)))
	case 2:
		e.Keys = append(e.Keys[:0], Key(identifier.Order, g.IntN(3)))
	case 3:
		for _, earlier := range g.facts.Events {
			if last := len(earlier.Keys) - 1; last > 0 && earlier.Keys[last].Namespace == identifier.Order {
				e.T, e.Stated, e.Keys = earlier.T, earlier.Stated, append(e.Keys, earlier.Keys[last])
				return
			}
		}
	}
}

// stamp is mostly the grant that was in force, sometimes one that the collector took for it.
func (g *generator) stamp(k identifier.Key, t int64) int64 {
	if g.IntN(8) == 0 {
		return 0
	}
	stamp := int64(0)
	for _, d := range g.facts.Decisions {
		if d.Point == k && d.At <= t && d.Dec == consent.Grant && (stamp == 0 || g.IntN(2) == 0) {
			stamp = d.At
		}
	}
	return stamp
}

// People of a claim: given names of which two pairs share keys, families, birth dates.
var (
	givenNames = [][3]uint16{{1, 2, 3}, {1, 4, 5}, {11, 12, 13}, {21, 22, 23}, {31, 32, 33}, {41, 42, 43}, {51, 52, 53}}
	families   = [][3]uint16{{}, {61, 62, 63}, {71, 72, 73}, {11, 12, 13}, {61, 74, 75}}
	births     = [][4]uint16{{}, {}, {101, 102, 103, 104}, {111, 112, 113, 114}, {101, 122, 123, 124}}
)

func (g *generator) claim() identity.Claim {
	return identity.Claim{
		Given:  givenNames[min(g.IntN(len(givenNames)), g.IntN(len(givenNames)))],
		Family: families[g.IntN(len(families))], Birth: births[g.IntN(len(births))],
	}
}

func (g *generator) act(i int) *identity.Act {
	a := &identity.Act{ID: fmt.Sprint("a", i), T: g.time(), A: g.key()}
	a.Op = []identity.Op{
		identity.Ban, identity.Ban, identity.Together, identity.Together, identity.Clear, identity.Quarantine, identity.Release, identity.Auto,
	}[g.IntN(8)]
	if a.OnPair() {
		if a.B = g.key(); identity.Lesser(a.B, a.A) {
			a.A, a.B = a.B, a.A
		}
	}
	return a
}

// All returns the facts of a history as one list.
func All(f *identity.Facts) []identity.Fact {
	var out []identity.Fact
	for _, e := range f.Events {
		out = append(out, e.Event)
	}
	for _, d := range f.Decisions {
		out = append(out, d)
	}
	for _, a := range f.Acts {
		out = append(out, a)
	}
	for _, m := range f.Matches {
		out = append(out, m)
	}
	return out
}

// Namespace returns the namespace of a name.
func Namespace(name string) identifier.Namespace { return identifier.Namespace(name) }

// KeyOf returns the key of a plain `namespace:value`.
func KeyOf(value string) identifier.Key {
	namespace, _, _ := strings.Cut(value, ":")
	return identifier.Key{Namespace: identifier.Namespace(namespace), Value: value}
}
