package resolve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrStateMoved says that the store has come to another server, or that its server started again, since a call was planned: the last
// seconds of writes may be lost. Who gets it plans again, after a look at the markers.
var ErrStateMoved = errors.New("the store may have lost its last writes since this was planned")

// plannedOn is the key of the epoch in a context.
type plannedOn struct{}

// Planned says of everything done under the context that it was planned in this epoch of the store: a call in a later one fails with
// ErrStateMoved.
func Planned(ctx context.Context, epoch uint64) context.Context {
	return context.WithValue(ctx, plannedOn{}, epoch)
}

// PlannedOn returns the epoch that Planned gave; ok is false for a context that is bound to none.
func PlannedOn(ctx context.Context) (epoch uint64, ok bool) {
	epoch, ok = ctx.Value(plannedOn{}).(uint64)
	return epoch, ok
}

// MarkerKey names the marker of a consumer group on a partition.
type MarkerKey struct {
	Group, Topic string
	Partition    int
}

// Marker says of a node that it holds what the records of a partition below an offset made.
type Marker struct {
	LogID [16]byte // of the life of the topic
	Next  int64    // the first offset that may be missing
}

// markerSize is the length of an encoded marker.
const markerSize = 16 + 8

// ErrMarker says that a stored marker is none.
var ErrMarker = errors.New("not a marker")

// Encode packs a marker.
func (m Marker) Encode() []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, markerSize), m.LogID[:]...), uint64(m.Next)) //nolint:gosec // offsets are not negative
}

// DecodeMarker reads what Encode wrote.
func DecodeMarker(b []byte) (m Marker, err error) {
	if len(b) != markerSize {
		return m, fmt.Errorf("reading %d bytes: %w", len(b), ErrMarker)
	}
	copy(m.LogID[:], b)
	m.Next = int64(binary.BigEndian.Uint64(b[16:])) //nolint:gosec // as written
	return m, nil
}

// NodeMarkers are what one node of the store says.
type NodeMarkers struct {
	Node    string   // its address, for logs
	Holds   bool     // it was marked as a node that holds state
	Markers []Marker // in the order of the keys asked for
	Known   []bool   // whether there is one
}

// Of returns the marker of the i-th key, if there is one of that life of the topic.
func (n *NodeMarkers) Of(i int, logID [16]byte) (next int64, known bool) {
	return n.Markers[i].Next, n.Known[i] && n.Markers[i].LogID == logID
}

// Markers tell how much of what was written each node of a store still holds. Each node keeps its own, behind the writes they speak of, so
// a node that loses its last writes loses the markers of them too.
type Markers interface {
	// Epoch grows whenever a server is met that is not one of those known, or that started again.
	Epoch() uint64
	// LoadMarkers reads the markers of every node.
	LoadMarkers(ctx context.Context, keys []MarkerKey) ([]NodeMarkers, error)
	// Advance sets a marker on every node, if each has one of the same life at from or behind it; false says that some node has not, and
	// there it was left as it was.
	Advance(ctx context.Context, key MarkerKey, from int64, to Marker) (bool, error)
	// Settle marks every node as one that holds state, and sets a marker on every node that has none of the same life.
	Settle(ctx context.Context, keys []MarkerKey, markers []Marker) error
	// HoldsLeaves reports whether every node that is not marked as holding state does hold leaves: data of a version before the markers,
	// or keys that were moved to a new node.
	HoldsLeaves(ctx context.Context) (bool, error)
	// RewriteFiles has every server write anew the file it started from, unless it has since: the end that was torn off that file
	// may be half of what only takes effect as a whole, and take effect at another start.
	RewriteFiles(ctx context.Context) error
}
