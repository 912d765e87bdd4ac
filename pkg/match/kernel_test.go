package match_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
)

// linked tells whom the kernel links of some records of which nothing is known but how probably they are of one person, by the default rules
// with a threshold: by row, the number of its person. Each record has an identifier of its own; no name is told to the kernel, which would
// refuse some.
func linked(t *testing.T, r *match.Records, pairs *match.Pairs, from float64) []int {
	t.Helper()
	key := func(form int) identifier.Key {
		ns := identifier.Email
		if form%2 == 1 {
			ns = identifier.Phone
		}
		return identifier.Key{Namespace: ns, Value: fmt.Sprintf("%s:%06d", ns, form)}
	}
	facts := identity.Facts{Rules: identity.DefaultRules(), Now: 1e9}
	facts.Rules.AutoLink = from
	for i, p := range pairs.List {
		m := &identity.Match{ID: fmt.Sprint(i), A: key(int(p.A)), B: key(int(p.B)), Compared: identity.Compared{
			Records: [2]string{fmt.Sprint(p.A), fmt.Sprint(p.B)}, At: int64(i + 1),
			Millionths: uint32(math.Floor(match.Probability(float64(p.Weight)) * identity.Certain)),
		}}
		if identity.Lesser(m.B, m.A) {
			m.A, m.B, m.Records = m.B, m.A, [2]string{m.Records[1], m.Records[0]}
		}
		facts.Matches = append(facts.Matches, m)
	}
	answer, err := facts.Solve()
	require.NoError(t, err)
	person, n := map[string]int{}, 0
	for _, members := range answer.Profiles {
		n++
		for _, m := range members {
			person[m] = n
		}
	}
	out := make([]int, r.Len())
	for i, row := range r.Rows() {
		k := key(row.Form)
		if person[k.Value] == 0 { // like nobody: no fact names it
			n++
			person[k.Value] = n
		}
		out[i] = person[k.Value]
	}
	return out
}
