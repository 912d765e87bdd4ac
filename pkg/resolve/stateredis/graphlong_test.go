package stateredis

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
	"rcu/pkg/testkit"
)

func TestShufflesThroughRedis(t *testing.T) { shuffle(t, 24) }

func TestThousandShufflesThroughRedis(t *testing.T) {
	testkit.Long(t)
	shuffle(t, 1000)
}

// shuffle puts one generated history in as many orders through a real Redis, with one and with eight workers: always the same
// partitions, leaves and owners.
func shuffle(t *testing.T, shuffles int) {
	t.Helper()
	client := open(t)
	state := NewGraph(client)
	f := identitytest.History(rand.New(rand.NewPCG(42, 1)), statetest.Large)
	want := identitytest.Ask(f).Answer()
	for i := range shuffles {
		workers := []int{1, 8}[i%2]
		space := fmt.Sprint("x", i)
		graphs := make([]*resolve.Graph, workers)
		for w := range graphs {
			g, err := resolve.NewGraph(state, f.Rules)
			if err != nil {
				t.Fatal(err)
			}
			graphs[w] = g
		}
		if err := statetest.Feed(t.Context(), graphs, space, f, rand.New(rand.NewPCG(uint64(i), 2))); err != nil {
			t.Fatal(err)
		}
		if err := statetest.SweepAll(t.Context(), graphs[0], space, f.Now); err != nil {
			t.Fatal(err)
		}
		got, _, err := statetest.Answer(t.Context(), graphs[0], space, f)
		if err != nil {
			t.Fatal(err)
		}
		got.Edges, want.Edges = nil, nil // the suite compares them; what a full identifier stores may be left out
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("shuffle %d, %d workers (-want +got): %s", i, workers, diff)
		}
		if err := client.rdb.FlushDB(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		state = NewGraph(client)
	}
}
