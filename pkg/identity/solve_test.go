package identity_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
)

// draws takes random choices from rapid, so that it can shrink them.
type draws struct{ t *rapid.T }

func (d draws) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "n") }

// compareAnswers returns how two answers differ; refused edges of full identifiers may be left out.
func compareAnswers(got, want *identity.Answer) string {
	for e, outcome := range want.Edges {
		if _, there := got.Edges[e]; !there && outcome != "joined" && outcome != "confirms" {
			delete(want.Edges, e)
		}
	}
	return cmp.Diff(want, got)
}

func TestSolveAnswersAsTheOracle(t *testing.T) {
	for seed := range uint64(3000) {
		f := identitytest.History(rand.New(rand.NewPCG(seed, 7)), identitytest.Small)
		got, err := f.Solve()
		if err != nil {
			t.Fatal(err)
		}
		if diff := compareAnswers(got, identitytest.Ask(f).Answer()); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}
