package whole

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
)

// world is what a guard asks: two nodes, and topics of two partitions, the second of which is empty.
type world struct {
	epoch    uint64
	run      string
	whole    string // the run that was found whole
	lost     error
	away     error
	next     []int64 // of the first partitions, by node; -1: no marker
	end      int64
	asked    int
	logID    stream.LogID
	markedIn stream.LogID
}

func (w *world) Whole(context.Context) error { return w.lost }
func (w *world) Epoch() uint64               { return w.epoch }
func (w *world) Runs(context.Context) ([]stateredis.Run, error) {
	return []stateredis.Run{{Node: "a", ID: "first", Whole: true}, {Node: "b", ID: w.run, Whole: w.run == w.whole}}, nil
}

func (w *world) FoundWhole(_ context.Context, runs []stateredis.Run) error {
	w.whole = runs[1].ID
	return nil
}

func (w *world) LoadMarkers(_ context.Context, keys []resolve.MarkerKey) (out []resolve.NodeMarkers, err error) {
	for _, next := range w.next {
		n := resolve.NodeMarkers{Holds: true, Markers: make([]resolve.Marker, len(keys)), Known: make([]bool, len(keys))}
		for i, k := range keys {
			if k.Partition == 0 {
				n.Markers[i], n.Known[i] = resolve.Marker{LogID: w.markedIn, Next: next}, next >= 0
			}
		}
		out = append(out, n)
	}
	return out, nil
}

func (w *world) Partitions(context.Context, string) (int, error) { return 2, w.away }

func (w *world) Bounds(context.Context, string, ...int) (map[int]stream.Bounds, error) {
	w.asked++
	return map[int]stream.Bounds{0: {Start: 3, End: w.end}, 1: {}}, nil
}

func (w *world) TopicLogID(context.Context, string) (stream.LogID, error) { return w.logID, nil }

// A guard waits for the markers of every node, where the topics ended when it met the server, and no further.
func TestLook(t *testing.T) {
	w := &world{epoch: 4, run: "r1", next: []int64{0, 0}, end: 20}
	g := New(Deps{Log: zap.NewNop(), State: w, Kafka: w, Group: "resolver"})
	looks := func(want error) {
		t.Helper()
		require.ErrorIs(t, g.Look(t.Context()), want)
		_, err := g.Bind(t.Context())
		require.Equal(t, want == nil, err == nil)
	}
	w.lost = errors.New("lost")
	looks(w.lost)
	w.lost, w.away = nil, errors.New("kafka is away")
	looks(w.away)
	w.away = nil
	looks(ErrBehind)
	w.next = []int64{20, 19}
	looks(ErrBehind)
	w.next = []int64{20, -1}
	looks(ErrBehind)
	w.end = 30 // what comes since stands already where it was written
	w.next = []int64{21, 20}
	looks(nil)
	w.next, w.away = []int64{0, 0}, errors.New("kafka is away")
	looks(nil)
	w.lost = errors.New("lost")
	_, err := g.Bind(t.Context())
	require.ErrorIs(t, err, w.lost, "a state can be lost in any run")
	w.lost = nil
	require.Equal(t, 2, w.asked, "once a topic")

	w.epoch++
	looks(nil) // another connection, the same run

	w.epoch, w.run, w.away = 6, "r2", nil
	looks(ErrBehind)
	w.next, w.markedIn = []int64{30, 30}, stream.LogID{1}
	looks(ErrBehind)
	w.markedIn = w.logID
	looks(nil)

	_, err = g.Bind(resolve.Planned(t.Context(), 5))
	require.ErrorIs(t, err, resolve.ErrStateMoved, "what began on another server")
}
