package statetest

import (
	"context"
	"runtime"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// busy is a state of which other workers have their turn between any two calls: what one plan reads at two moments then often differs.
type busy struct{ resolve.GraphState }

// busyWith returns a state as several workers meet it; alone, nobody comes between.
func busyWith(state resolve.GraphState, workers int) resolve.GraphState {
	if workers == 1 {
		return state
	}
	return busy{state}
}

// LoadGraph implements resolve.GraphState.
func (b busy) LoadGraph(ctx context.Context, space string, keys []identifier.Key) (resolve.GraphSnapshot, error) {
	runtime.Gosched()
	return b.GraphState.LoadGraph(ctx, space, keys)
}

// CommitGraph implements resolve.GraphState.
func (b busy) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	runtime.Gosched()
	return b.GraphState.CommitGraph(ctx, space, commits)
}

// ToldOtherwise says of which edge the records of its two ends hold different evidence, or judge it differently; "" if of none. An edge is
// stored in both, equal; a full end does not store it. Nobody may write meanwhile, and all that was due has to be judged.
func ToldOtherwise(ctx context.Context, g *resolve.Graph, space string, f *identity.Facts) string {
	type stored struct {
		Seen     []identity.Witness
		Act      identity.Op
		ActID    string
		ActT     int64
		Strength uint8
		T        int64
		Outcome  string
	}
	told := map[[2]identifier.Key]stored{}
	for _, k := range Keys(f) {
		x, err := g.Explain(ctx, space, k, f.Now)
		if err != nil {
			return err.Error()
		}
		for i := range x.Edges {
			e := &x.Edges[i]
			pair, now := [2]identifier.Key{e.A, e.B}, stored{e.Seen, e.Act, e.ActID, e.ActT, e.Strength, e.T, e.Outcome.Text(e.Reason)}
			if before, known := told[pair]; known {
				if diff := cmp.Diff(before, now); diff != "" {
					return e.A.Value + "|" + e.B.Value + " (-one end +other end): " + diff
				}
			}
			told[pair] = now
		}
	}
	return ""
}
