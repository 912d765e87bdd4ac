package rebuild

import (
	"context"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
)

// readRuns notes which runs of the servers are filled.
func (w *work) readRuns(ctx context.Context) (err error) {
	w.runs, err = stateredis.NewMarkers(w.deps.Redis).Runs(ctx)
	return err //nolint:wrapcheck // says all
}

// foundWhole lets services permit on what was filled: every decision of a person was joined. Acts of stewards that came behind the last offset of the
// resolver are not there before it has read them, and then it is the one whose markers say so.
func (w *work) foundWhole(ctx context.Context) error {
	places, err := w.places(ctx)
	if err != nil {
		return err
	}
	for _, x := range places {
		if x.topic == stream.TopicActs && max(x.at, 0) < x.end {
			return nil
		}
	}
	return stateredis.NewMarkers(w.deps.Redis).FoundWhole(ctx, w.runs) //nolint:wrapcheck // says all
}
