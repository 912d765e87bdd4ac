package resolve_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
)

func preview(t *testing.T, g *resolve.Graph, op identity.Op, a, b string) resolve.Effect {
	t.Helper()
	act := &identity.Act{ID: "preview", T: 1000, Op: op, A: K(a)}
	if b != "" {
		act.B = K(b)
	}
	x, err := g.Preview(t.Context(), space, []identity.Fact{act}, 1000)
	require.NoError(t, err)
	return x
}

func groups(list []resolve.Profile) [][]string {
	var out [][]string
	for _, p := range list {
		var one []string
		for _, m := range p.Members {
			one = append(one, Short(m.Value))
		}
		out = append(out, one)
	}
	return out
}

func TestPreview_tellsWhoPartsAndWhoJoins(t *testing.T) {
	g := graphOf(t, statemem.NewGraph(), story())
	apply(t, g, story().Core(1, "m K").Core(2, "p U"), 100)

	x := preview(t, g, identity.Ban, "m", "K")
	require.Equal(t, [][]string{{"K", "m"}}, groups(x.Before))
	require.ElementsMatch(t, [][]string{{"K"}, {"m"}}, groups(x.After))

	x = preview(t, g, identity.Together, "m", "p")
	require.ElementsMatch(t, [][]string{{"K", "m"}, {"U", "p"}}, groups(x.Before))
	require.Equal(t, [][]string{{"U", "K", "m", "p"}}, groups(x.After))

	x = preview(t, g, identity.Together, "K", "p9")
	require.ElementsMatch(t, [][]string{{"K", "m"}, {"p9"}}, groups(x.Before), "who has no record is somebody too")

	x = preview(t, g, identity.Quarantine, "m", "")
	require.Equal(t, []resolve.StandingChange{{Key: K("m"), Before: identity.Clean, After: identity.Quarantined}}, x.Standings)

	require.Empty(t, preview(t, g, identity.Clear, "m", "K").Before, "nothing to clear changes nobody")
	act, err := g.ActOn(t.Context(), space, K("m"), K("K"), 100)
	require.NoError(t, err)
	require.Equal(t, identity.NoOp, act.Op, "a preview writes nothing")
}

func TestActOn_tellsWhatHolds(t *testing.T) {
	g := graphOf(t, statemem.NewGraph(), story())
	apply(t, g, story().Core(1, "m K").Act(5, identity.Ban, "m", "K").Act(6, identity.Quarantine, "m"), 100)
	for _, pair := range [][2]string{{"m", "K"}, {"K", "m"}} {
		act, err := g.ActOn(t.Context(), space, K(pair[0]), K(pair[1]), 100)
		require.NoError(t, err)
		require.Equal(t, identity.Ban, act.Op)
		require.EqualValues(t, 5, act.T)
	}
	act, err := g.ActOn(t.Context(), space, K("m"), identifier.Key{}, 100)
	require.NoError(t, err)
	require.Equal(t, identity.Quarantine, act.Op)
	act, err = g.ActOn(t.Context(), space, K("p"), identifier.Key{}, 100)
	require.NoError(t, err)
	require.Equal(t, identity.NoOp, act.Op)
}

// What a preview says is what happens, whatever stands in the graph.
func TestPreview_isWhatApplyDoes(t *testing.T) {
	ids := []string{"m1", "m2", "K1", "K2", "U1", "U2", "p1", "c1"}
	ops := []identity.Op{identity.Ban, identity.Together, identity.Clear, identity.Quarantine, identity.Release, identity.Auto}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		pick := func() (a, b string) {
			i := rng.IntN(len(ids))
			return ids[i], ids[(i+1+rng.IntN(len(ids)-1))%len(ids)]
		}
		s := story()
		for i := range int64(12) {
			a, b := pick()
			if rng.IntN(4) == 0 {
				s.Act(i+1, ops[rng.IntN(3)], a, b)
			} else {
				s.Core(i+1, a+" "+b)
			}
		}
		g := graphOf(t, statemem.NewGraph(), s)
		apply(t, g, s, 100)
		a, b := pick()
		act := &identity.Act{ID: "x", T: 1000, Op: ops[rng.IntN(len(ops))], A: K(a)}
		if act.OnPair() {
			act.B = K(b)
		}
		x, err := g.Preview(t.Context(), space, []identity.Fact{act}, 1000)
		require.NoError(t, err)
		var keys []identifier.Key
		for _, id := range ids {
			keys = append(keys, K(id))
		}
		before, err := g.View(t.Context(), space, keys, 1000)
		require.NoError(t, err)
		_, err = g.Apply(t.Context(), space, []identity.Fact{act}, nil, 1000)
		require.NoError(t, err)
		after, err := g.View(t.Context(), space, keys, 1000)
		require.NoError(t, err)
		told := map[identifier.Key]identifier.Key{}
		for _, p := range x.After {
			for _, m := range p.Members {
				told[m] = p.Canonical
			}
		}
		for _, k := range keys {
			want := before.Naming(k)
			if name, changes := told[k]; changes {
				want = name
			}
			require.Equal(t, want, after.Naming(k), "seed %d: %s", seed, Short(k.Value))
			wantStanding := before.Standing(k)
			for _, c := range x.Standings {
				if c.Key == k {
					wantStanding = c.After
				}
			}
			require.Equal(t, wantStanding, after.Standing(k), "seed %d: %s", seed, Short(k.Value))
		}
	}
}
