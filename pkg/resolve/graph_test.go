package resolve_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
)

// kindsAfter applies the second story after the first and returns the kinds of transition that the second made.
func kindsAfter(t *testing.T, first, whole *Story) []resolve.TransitionKind {
	t.Helper()
	g := graphOf(t, statemem.NewGraph(), whole)
	apply(t, g, first, 1000*Day)
	entries, err := g.ReadOutbox(t.Context(), space, "", 100)
	require.NoError(t, err)
	last := ""
	if len(entries) > 0 {
		last = entries[len(entries)-1].ID
	}
	apply(t, g, whole, 1000*Day)
	entries, err = g.ReadOutbox(t.Context(), space, last, 100)
	require.NoError(t, err)
	var out []resolve.TransitionKind
	for _, e := range entries {
		for _, x := range e.Transitions {
			out = append(out, x.Kind)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestTransitions(t *testing.T) {
	type kinds = []resolve.TransitionKind
	base := func() *Story { return story().Core(1, "m K") }
	for name, c := range map[string]struct {
		first, whole *Story
		want         kinds
	}{
		"created": {story(), base(), kinds{resolve.Created}},
		"linked":  {base(), base().Core(2, "m U"), kinds{resolve.Linked}},
		"merged":  {base().Core(2, "U p"), base().Core(2, "U p").Core(3, "m p"), kinds{resolve.Merged}},
		"split":   {base(), base().Act(5, identity.Ban, "m", "K"), kinds{resolve.Banned, resolve.Split}},
		"lifted":  {base().Act(5, identity.Ban, "m", "K"), base().Act(5, identity.Ban, "m", "K").Act(6, identity.Clear, "m", "K"), kinds{resolve.Lifted, resolve.Merged}},
		"refused": {base().Core(2, "m U1"), base().Core(2, "m U1").Core(3, "K U2"), kinds{resolve.Linked, resolve.Refused, resolve.Split}},
		"quarantined": {
			base(), base().Act(5, identity.Quarantine, "m"), kinds{resolve.Deactivated, resolve.Quarantined, resolve.Split},
		},
		"released": {
			base().Act(5, identity.Quarantine, "m"), base().Act(5, identity.Quarantine, "m").Act(6, identity.Auto, "m"),
			kinds{resolve.Activated, resolve.Merged, resolve.Released},
		},
		"withdrawn": {
			story().Grant(1, "c", 0).Page(2, "c U", 1), story().Grant(1, "c", 0).Page(2, "c U", 1).Withdraw(3, "c"),
			kinds{resolve.Deactivated, resolve.Split},
		},
		"renamed": {story().Core(5, "m1 m2"), story().Core(5, "m1 m2").Core(3, "m2 y").Core(4, "m1 m2"), kinds{resolve.Linked}},
		"older":   {story().Core(5, "m1 m2").Core(6, "m2 y"), story().Core(5, "m1 m2").Core(6, "m2 y").Core(3, "m2 y"), kinds{resolve.Renamed}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, kindsAfter(t, c.first, c.whole)) })
	}
}

func TestChangedNamesWhoseLeavesMayMove(t *testing.T) {
	whole := story().Core(1, "m K").Core(2, "m U")
	g := graphOf(t, statemem.NewGraph(), whole)
	apply(t, g, story().Core(1, "m K"), 1)
	entries, err := g.ReadOutbox(t.Context(), space, "", 10)
	require.NoError(t, err)
	apply(t, g, whole, 1)
	entries, err = g.ReadOutbox(t.Context(), space, entries[0].ID, 10)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.ElementsMatch(t, []resolve.IdentifierChange{{Key: K("U"), After: K("K")}, {Key: K("m"), Before: K("K"), After: K("K")}}[:1], entries[0].Changed)
	require.Len(t, entries[0].Written, 1)
	records, err := g.Records(t.Context(), space, entries[0].Written)
	require.NoError(t, err)
	assert.Equal(t, entries[0].Version, resolve.RecordVersion(records[entries[0].Written[0]]))
	require.NoError(t, g.TrimOutbox(t.Context(), space, entries[0].ID))
}

func TestExplainAndCandidates(t *testing.T) {
	s := story().Core(1, "U1 m").Core(2, "U1 K1").Core(3, "K2 m", Stated).Core(4, "K3 p").Core(5, "K4 p").Core(6, "K1 m")
	g := graphOf(t, statemem.NewGraph(), s)
	apply(t, g, s, 1)
	x, err := g.Explain(t.Context(), space, K("m"), 1)
	require.NoError(t, err)
	assert.Equal(t, K("U1"), x.Profile.Canonical)
	outcomes := map[string]string{}
	for _, e := range x.Edges {
		outcomes[Short(e.A.Value)+Short(e.B.Value)] = e.Outcome.Text(e.Reason) + " " + e.Event
		if e.Reason == identity.ReasonUnique {
			assert.ElementsMatch(t, []identifier.Key{K("K1"), K("K2")}, []identifier.Key{e.X, e.Y})
		}
	}
	assert.Equal(t, map[string]string{"U1m": "joined e01", "K1U1": "joined e02", "K2m": "refused:unique e03", "K1m": "confirms e06"}, outcomes)

	candidates, err := g.Candidates(t.Context(), space, K("p"), 1)
	require.NoError(t, err)
	require.Len(t, candidates, 2)
	assert.Equal(t, K("K3"), candidates[0].Canonical)
	assert.Equal(t, K("K4"), candidates[1].Canonical)

	alone, err := g.Explain(t.Context(), space, K("U9"), 1)
	require.NoError(t, err)
	assert.Equal(t, resolve.Profile{Canonical: K("U9"), Members: []identifier.Key{K("U9")}}, alone.Profile)
}

func TestViewOfUnknownIdentifiers(t *testing.T) {
	s := NewStory(func(r *identity.Rules) { r.Blocked = map[string]bool{K("m").Value: true} })
	g := graphOf(t, statemem.NewGraph(), s)
	view, err := g.View(t.Context(), space, []identifier.Key{K("U"), K("m"), K("o")}, 1)
	require.NoError(t, err)
	assert.Equal(t, K("U"), view.Naming(K("U")))
	assert.Equal(t, identity.Blocked, view.Standing(K("m")))
	assert.Equal(t, K("o"), view.Naming(K("o")))
	assert.Zero(t, view.Version(K("U")))
	assert.True(t, view.Decisions(K("U"), identity.UnifyCore).Empty())
}

func TestRulesThatAreFixed(t *testing.T) {
	s := story()
	g := graphOf(t, statemem.NewGraph(), s)
	for name, change := range map[string]func(*identity.Rules){
		"strength": Change(identifier.Email, func(r *identity.NamespaceRule) { r.Strength = 1 }),
		"degree":   func(r *identity.Rules) { r.MaxDegree = 5 },
		"strong":   func(r *identity.Rules) { r.Strong = 2 },
		"names":    func(r *identity.Rules) { r.MaxNames = 2 },
	} {
		other := NewStory(change).Facts().Rules
		require.ErrorIs(t, g.SetRules(t.Context(), space, other, 30), resolve.ErrRulesFixed, name)
	}
	require.NoError(t, g.SetRules(t.Context(), space, NewStory(Owners(identifier.Email, 3)).Facts().Rules, 30))
	k, err := g.Kernel(t.Context(), space)
	require.NoError(t, err)
	assert.Equal(t, 3, k.Rules().Namespaces[identifier.Email].Owners)
}

// A batch is committed in independent parts: a conflict in one plans only that one again.
func TestAConflictConcernsItsOwnPart(t *testing.T) {
	state := &between{GraphState: statemem.NewGraph()}
	whole := story().Core(1, "m1 K1").Core(2, "m2 K2").Core(3, "m2 U2")
	g := graphOf(t, state, whole)
	state.happen = func() { apply(t, g, story().Core(0, "U9").Core(2, "m2 K2"), 1) }
	_, err := g.Apply(t.Context(), space, All(whole.Facts()), nil, 1)
	require.NoError(t, err)
	entries, err := g.ReadOutbox(t.Context(), space, "", 10)
	require.NoError(t, err)
	require.Len(t, entries, 3, "the other worker's, the part that went through, the part that was planned again")
	agree(t, g, whole)
}
