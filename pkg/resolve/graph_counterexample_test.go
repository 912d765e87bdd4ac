package resolve_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

const space = "s"

// between lets something happen between a plan and its commit, once.
type between struct {
	resolve.GraphState
	happen func()
}

func (b *between) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	if f := b.happen; f != nil {
		b.happen = nil
		f()
	}
	return b.GraphState.CommitGraph(ctx, space, commits)
}

func graphOf(t testing.TB, state resolve.GraphState, s *Story) *resolve.Graph {
	t.Helper()
	g, err := resolve.NewGraph(state, s.Facts().Rules)
	require.NoError(t, err)
	return g
}

func apply(t testing.TB, g *resolve.Graph, s *Story, now int64) {
	t.Helper()
	_, err := g.Apply(t.Context(), space, All(s.Facts()), nil, now)
	require.NoError(t, err)
}

// agree checks that the graph says of a story what a recomputation says.
func agree(t testing.TB, g *resolve.Graph, s *Story) {
	t.Helper()
	require.NoError(t, statetest.SweepAll(t.Context(), g, space, s.Facts().Now))
	if diff := statetest.Differs(t.Context(), g, space, s.Facts(), true); diff != "" {
		t.Fatalf("(-want +got): %s", diff)
	}
}

func story() *Story { return NewStory() }

func TestCounterexample02_NewestFirstFlips(t *testing.T) {
	free := Owners(identifier.Cookie, 0)
	state := statemem.NewGraph()
	g := graphOf(t, state, NewStory(free))
	flips := 0
	last := identifier.Key{}
	for i := range int64(6) {
		view, err := g.Apply(t.Context(), space, All(NewStory(free).Core(i+1, fmt.Sprint("c U", 1+i%2)).Facts()), nil, 100)
		require.NoError(t, err)
		if i > 0 && view.Naming(K("c")) != last {
			flips++
		}
		last = view.Naming(K("c"))
	}
	items, err := state.ReadOutbox(t.Context(), space, "", 100)
	require.NoError(t, err)
	assert.Equal(t, 0, flips)
	assert.Len(t, items, 2, "writes")
}

func TestCounterexample08_AbsentPointersAreChecked(t *testing.T) {
	state := &between{GraphState: statemem.NewGraph()}
	whole := story().Core(1, "m K").Core(2, "m U")
	g := graphOf(t, state, whole)
	state.happen = func() { apply(t, g, story().Core(1, "m K"), 1) }
	second := story().Core(0, "m").Core(2, "m U")
	apply(t, g, second, 1)
	agree(t, g, whole)
}

func TestCounterexample09_VersionsNeverRestart(t *testing.T) {
	state := &between{GraphState: statemem.NewGraph()}
	whole := story().Grant(1, "c", 0).Core(2, "c U").Act(3, identity.Ban, "c", "U").Grant(4, "c", 0)
	g := graphOf(t, state, whole)
	apply(t, g, story().Grant(1, "c", 0), 1)
	state.happen = func() {
		apply(t, g, story().Grant(1, "c", 0).Core(2, "c U"), 1)
		apply(t, g, story().Grant(1, "c", 0).Core(2, "c U").Act(3, identity.Ban, "c", "U"), 1)
	}
	apply(t, g, whole, 1)
	agree(t, g, whole)
}

func TestCounterexample16_TheOutboxIsPartOfTheCommit(t *testing.T) {
	s := story().Core(1, "m K")
	state := statemem.NewGraph()
	apply(t, graphOf(t, state, s), s, 1)
	g := graphOf(t, state, s) // the first worker died after its commit
	apply(t, g, s, 1)         // known evidence: the redelivery writes nothing
	entries, err := g.ReadOutbox(t.Context(), space, "", 10)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Len(t, entries[0].Transitions, 1)
	assert.Equal(t, resolve.Created, entries[0].Transitions[0].Kind)
	assert.Equal(t, "event", entries[0].Transitions[0].CauseKind)
	assert.Equal(t, "e01", entries[0].Transitions[0].CauseID)
	assert.Len(t, entries[0].Changed, 2)
}

func TestCounterexample17_TheOutboxIsInTheOrderOfCommits(t *testing.T) {
	state := &between{GraphState: statemem.NewGraph()}
	whole := story().Core(1, "m K").Core(2, "m U")
	g := graphOf(t, state, whole)
	state.happen = func() { apply(t, g, story().Core(1, "m K"), 1) }
	apply(t, g, whole, 1)
	entries, err := g.ReadOutbox(t.Context(), space, "", 10)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	assert.Less(t, entries[0].Version, entries[1].Version)
	view, err := g.View(t.Context(), space, []identifier.Key{K("m")}, 1)
	require.NoError(t, err)
	assert.Equal(t, entries[1].Version, view.Version(K("m")), "the last entry is about what is stored")
}

func TestCounterexample23_PlansUnderOldRulesAreRefused(t *testing.T) {
	state := &between{GraphState: statemem.NewGraph()}
	s := story().Core(1, "m K")
	worker, steward := graphOf(t, state, s), graphOf(t, state, s)
	blocking := identity.DefaultRules()
	blocking.Blocked = map[string]bool{K("m").Value: true}
	state.happen = func() { require.NoError(t, steward.SetRules(t.Context(), space, blocking, 30)) }
	apply(t, worker, s, 1)
	s.Facts().Rules = blocking
	agree(t, worker, s)
}

func TestCounterexample26_ABoundaryThatPassedIsNotMoved(t *testing.T) {
	first := story().Grant(1, "c", 10).Page(2, "c U", 1)
	whole := story().Grant(1, "c", 10).Page(2, "c U", 1).Core(11, "U m").At(12)
	g := graphOf(t, statemem.NewGraph(), whole)
	apply(t, g, first, 2)
	apply(t, g, whole, 12) // before the sweep
	if diff := statetest.Differs(t.Context(), g, space, whole.Facts(), false); diff != "" {
		t.Fatal(diff)
	}
	agree(t, g, whole)
}

func TestCounterexample27_APlanIsNotOlderThanWhatItRead(t *testing.T) {
	state := &between{GraphState: statemem.NewGraph()}
	whole := story().Grant(1, "c", 10).Page(2, "c U", 1).Page(1, "c U", 1).At(12)
	g := graphOf(t, state, whole)
	apply(t, g, story().Grant(1, "c", 10).Page(2, "c U", 1), 5)
	require.NoError(t, statetest.SweepAll(t.Context(), g, space, 12))
	apply(t, g, whole, 5) // a worker whose clock is late
	if diff := statetest.Differs(t.Context(), g, space, whole.Facts(), true); diff != "" {
		t.Fatal(diff)
	}
	due, err := state.DueComponents(t.Context(), space, 12, 10)
	require.NoError(t, err)
	assert.Empty(t, due)
	// The same with the sweep between the plan and its commit.
	again := &between{GraphState: statemem.NewGraph()}
	g = graphOf(t, again, whole)
	apply(t, g, story().Grant(1, "c", 10).Page(2, "c U", 1), 5)
	again.happen = func() { require.NoError(t, statetest.SweepAll(t.Context(), g, space, 12)) }
	apply(t, g, whole, 5)
	agree(t, g, whole)
}

func TestCounterexample28_ComponentsAreOfUsableEdges(t *testing.T) {
	s := story()
	for i := range int64(40) { // a till e-mail on everybody's card
		s.Core(i+1, fmt.Sprintf("K%d p%d", i, i)).Core(100+i, fmt.Sprintf("m K%d", i))
	}
	g := graphOf(t, statemem.NewGraph(), s)
	apply(t, g, s, 1)
	agree(t, g, s)
	view, err := g.View(t.Context(), space, []identifier.Key{K("K1"), K("K2"), K("p1")}, 1)
	require.NoError(t, err)
	assert.NotEqual(t, view.Component(K("K1")), view.Component(K("K2")))
	assert.Equal(t, view.Component(K("K1")), view.Component(K("p1")))
}

// Dropping the absence check loses an edge: what counterexample 8 is about.
func TestFaultAbsenceCheckDropped(t *testing.T) {
	resolve.DropAbsenceCheck(t)
	state := &between{GraphState: statemem.NewGraph()}
	whole := story().Core(1, "m K").Core(2, "m U")
	g := graphOf(t, state, whole)
	state.happen = func() { apply(t, g, story().Core(1, "m K"), 1) }
	apply(t, g, story().Core(0, "m").Core(2, "m U"), 1)
	if diff := statetest.Differs(t.Context(), g, space, whole.Facts(), true); diff == "" {
		t.Error("the laws do not see that the absence check is gone")
	}
}
