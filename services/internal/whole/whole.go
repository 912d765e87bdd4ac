// Package whole says whether a process may permit something on what it reads in Redis.
//
// A Redis that was lost and is being filled, or that came back without its last seconds (its file is written once a second, a replica that takes over may
// lag), shows what was granted and not yet what was refused since. Decisions are on rcu.consents before they are answered, and the resolver reads those again
// that its markers miss. So where another server is met, nothing is permitted until the markers of all nodes stand where the ledger ended when it was met.
// A process that starts believes what stands.
package whole

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// ErrBehind says that Redis may lack decisions that were answered.
var ErrBehind = errors.New("another redis was met, and the resolver has not read again all decisions that it may lack")

// Markers is what Redis says of itself; *stateredis.Markers.
type Markers interface {
	Whole(ctx context.Context) error
	Epoch() uint64
	LoadMarkers(ctx context.Context, keys []resolve.MarkerKey) ([]resolve.NodeMarkers, error)
}

// Ledger is where decisions lie; *stream.Client.
type Ledger interface {
	Partitions(ctx context.Context, topic string) (int, error)
	Bounds(ctx context.Context, topic string, partitions ...int) (map[int]stream.Bounds, error)
	TopicLogID(ctx context.Context, topic string) (stream.LogID, error)
}

// State is that of one store, as one process meets it. Safe for concurrent use.
type State struct {
	markers Markers
	ledger  Ledger
	group   string
	sound   atomic.Uint64 // the epoch in which nothing is missing

	mu   sync.Mutex
	owed *owed // what the last look was for
}

// owed is where the ledger ended when another server was met.
type owed struct {
	epoch  uint64
	logID  stream.LogID
	bounds []stream.Bounds
}

// Of is the state behind the markers of a group, which is the resolver's.
func Of(m Markers, l Ledger, group string) *State {
	s := &State{markers: m, ledger: l, group: group}
	s.sound.Store(m.Epoch())
	return s
}

// Check fails where what is read must not permit anything. Whoever permits asks before and after.
func (s *State) Check(ctx context.Context) error {
	if err := s.markers.Whole(ctx); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if s.sound.Load() == s.markers.Epoch() {
		return nil
	}
	return s.look(ctx)
}

// look compares the markers with the end of the ledger, as it was when this server was met.
func (s *State) look(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	epoch := s.markers.Epoch()
	if s.sound.Load() == epoch {
		return nil
	}
	if s.owed == nil || s.owed.epoch != epoch {
		x, err := s.ends(ctx, epoch)
		if err != nil {
			return fmt.Errorf("asking how far decisions go: %w", err)
		}
		s.owed = x
	}
	keys := make([]resolve.MarkerKey, len(s.owed.bounds))
	for p := range keys {
		keys[p] = resolve.MarkerKey{Group: s.group, Topic: stream.TopicConsents, Partition: p}
	}
	nodes, err := s.markers.LoadMarkers(resolve.Planned(ctx, epoch), keys)
	if err != nil {
		return fmt.Errorf("reading markers: %w", err)
	}
	for i := range nodes {
		for p, b := range s.owed.bounds {
			if next, known := nodes[i].Of(p, s.owed.logID); b.Start < b.End && (!known || next < b.End) {
				return ErrBehind
			}
		}
	}
	s.sound.Store(epoch)
	return nil
}

// ends asks where the ledger ends now.
func (s *State) ends(ctx context.Context, epoch uint64) (*owed, error) {
	n, err := s.ledger.Partitions(ctx, stream.TopicConsents)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	x := &owed{epoch: epoch, bounds: make([]stream.Bounds, n)}
	if x.logID, err = s.ledger.TopicLogID(ctx, stream.TopicConsents); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	all := make([]int, n)
	for p := range all {
		all[p] = p
	}
	bounds, err := s.ledger.Bounds(ctx, stream.TopicConsents, all...)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	for p := range x.bounds {
		x.bounds[p] = bounds[p]
	}
	return x, nil
}
