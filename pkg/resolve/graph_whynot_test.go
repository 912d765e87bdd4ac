package resolve_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
)

func pathOf(t *testing.T, g *resolve.Graph, a, b string) resolve.Between {
	t.Helper()
	x, err := g.Between(t.Context(), space, K(a), K(b), 1000)
	require.NoError(t, err)
	return x
}

func way(x resolve.Between) (out []string) {
	for _, e := range x.Path {
		out = append(out, fmt.Sprintf("%s-%s %s", Short(e.A.Value), Short(e.B.Value), e.Outcome.Text(e.Reason)))
	}
	return out
}

func TestBetween(t *testing.T) {
	s := story().Core(1, "m1 K1").Core(2, "m1 p1").Core(3, "p1 U1").
		Core(4, "U2 m2").Core(5, "m2 K1"). // of two accounts of one card the second is refused
		Core(6, "K5 m5").Core(7, "U5 m5").Core(8, "U6 m5").
		Core(9, "K9 p9").Act(10, identity.Ban, "K9", "p9")
	g := graphOf(t, statemem.NewGraph(), s)
	apply(t, g, s, 1000)

	x := pathOf(t, g, "K1", "U1")
	require.True(t, x.Same)
	require.Equal(t, []string{"K1-m1 joined", "m1-p1 joined", "U1-p1 joined"}, way(x))

	x = pathOf(t, g, "U1", "U2")
	require.False(t, x.Same)
	require.Contains(t, way(x), "K1-m2 refused:unique")
	for _, e := range x.Path {
		if e.Outcome == identity.RefusedEdge {
			require.ElementsMatch(t, []string{"U1", "U2"}, []string{Short(e.X.Value), Short(e.Y.Value)}, "the two values that the rule is about")
		}
	}

	x = pathOf(t, g, "U5", "U6") // both lie in components of their own
	require.Equal(t, []string{"U5-m5 refused:quarantined", "U6-m5 refused:quarantined"}, way(x))
	require.Equal(t, identity.Quarantined, x.Standing[K("m5")])

	require.Equal(t, []string{"K9-p9 refused:banned"}, way(pathOf(t, g, "K9", "p9")))

	x = pathOf(t, g, "K1", "K9")
	require.Empty(t, x.Path)
	require.False(t, x.Cut, "everything was looked at")
	require.Empty(t, pathOf(t, g, "K1", "K77").Path, "who was never seen beside anybody")
	require.True(t, pathOf(t, g, "K1", "K1").Same)
}

// A way over links that hold is told before a shorter one over a refused link.
func TestBetween_tellsTheFewestRefusals(t *testing.T) {
	s := story().Core(1, "K1 m1").Core(2, "m1 p1").Core(3, "p1 y1").Core(4, "K1 y1").Act(5, identity.Ban, "K1", "y1")
	g := graphOf(t, statemem.NewGraph(), s)
	apply(t, g, s, 1000)
	x := pathOf(t, g, "K1", "y1")
	refused := 0
	for _, e := range x.Path {
		if e.Outcome == identity.RefusedEdge {
			refused++
		}
	}
	require.Equal(t, 1, refused)
	require.False(t, x.Same)
}

func TestBetween_endsAtItsLimit(t *testing.T) {
	s := story()
	for i := range 40 { // a chain of people, each refused to the next
		s.Core(int64(2*i+1), fmt.Sprintf("U%d m%d", i, i)).Core(int64(2*i+2), fmt.Sprintf("U%d m%d", i+1, i))
	}
	g := graphOf(t, statemem.NewGraph(), s)
	apply(t, g, s, 1000)
	x := pathOf(t, g, "U0", "U40")
	require.True(t, x.Cut)
	require.NotEmpty(t, pathOf(t, g, "U0", "U5").Path)
}
