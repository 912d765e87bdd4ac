package identitytest

import (
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// RandomAutoLink returns a threshold from which probable matches link people, mostly one that lets some through and not others.
func RandomAutoLink(s Source) float64 { return []float64{0, .9, .95, .99, .999}[s.IntN(5)] }

// matches lets two thirds of the histories tell of probable matches: of few identifiers, so that records are compared again, and in a
// few of so many that they mean nothing.
func (g *generator) matches() {
	g.facts.Rules.AutoLink = RandomAutoLink(g)
	n := []int{0, 4, 12, 12, 40}[g.IntN(5)] * g.o.Events / 24
	for i := range g.IntN(n + 1) {
		m := &identity.Match{ID: fmt.Sprint("m", i), A: g.matched(), B: g.matched(), Compared: identity.Compared{
			Records: [2]string{fmt.Sprint("r", g.IntN(4)), fmt.Sprint("r", g.IntN(4))}, At: g.time() * 1_000_000,
			Millionths: []uint32{0, 900_000, 930_000, 950_000, 960_000, 990_000, 998_765, 999_999}[g.IntN(8)],
		}}
		if earlier := g.facts.Matches; len(earlier) > 0 && g.IntN(4) == 0 {
			again := earlier[g.IntN(len(earlier))]
			m.A, m.B, m.Records = again.A, again.B, again.Records
			if g.IntN(3) == 0 {
				m.At = again.At
			}
		}
		if identity.Lesser(m.B, m.A) {
			m.A, m.B, m.Records = m.B, m.A, [2]string{m.Records[1], m.Records[0]}
		}
		g.facts.Matches = append(g.facts.Matches, m)
	}
}

// matched is an identifier whose record may speak of a person: mostly one that has a name and no other evidence yet.
func (g *generator) matched() identifier.Key {
	if g.IntN(3) == 0 {
		return g.key()
	}
	return Key([]identifier.Namespace{identifier.Card, identifier.Phone, identifier.Email}[g.IntN(3)], g.IntN(g.o.Values))
}
