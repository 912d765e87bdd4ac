package privacy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/identifier"
)

// left looks for what should be gone, and returns the entries of which something is left.
func (s *Service) left(ctx context.Context, r *removal) (map[name]bool, error) {
	out := map[name]bool{}
	again := new(removal)
	if err := s.allBelong(ctx, r.Entries, r.Entries, again); err != nil {
		return nil, err
	}
	for _, e := range r.Entries {
		out[e.name()] = again.takes(e) || !slices.ContainsFunc(again.Entries, func(x Entry) bool { return x.name() == e.name() })
	}
	for space, keys := range keysBySpace(r.Points) {
		stored, err := s.deps.Removal.Graph.Stored(ctx, space, keys, s.deps.Now().Unix())
		if err != nil {
			return nil, fmt.Errorf("looking for what was erased in the graph: %w", err)
		}
		for _, e := range r.Entries {
			if e.Space == space && slices.ContainsFunc(stored, func(k identifier.Key) bool { return k.Value == e.key().Value }) {
				out[e.name()] = true
			}
		}
	}
	return out, nil
}

// takes reports whether the removal takes a leaf that names the identifier of an entry.
func (r *removal) takes(e Entry) bool {
	at := gonePoint(e.Space, e.key())
	return slices.ContainsFunc(r.Leaves, func(l leafGone) bool { return l.Controller == e.Controller && slices.Contains(l.Under, at) })
}

// recheckEvery is how often it is looked whether what was removed came back: with a store that was put back, or told once more.
const recheckEvery = 24 * time.Hour

// recheck finds what came back of those who were removed, and notes that it is due again.
func (s *Service) recheck(ctx context.Context) error {
	now := s.deps.Now()
	if s.deps.Removal == nil || now.Sub(s.rechecked) < recheckEvery {
		return nil
	}
	removed := slices.DeleteFunc(s.deps.Ledger.All(), func(e Entry) bool { return e.RemovedAt == 0 || !e.lies(now.Unix()) })
	for part := range slices.Chunk(removed, mostRemoved) {
		found := new(removal)
		if err := s.allBelong(ctx, removed, part, found); err != nil {
			return err
		}
		if len(found.Leaves) == 0 {
			continue
		}
		back := slices.DeleteFunc(slices.Clone(part), func(e Entry) bool { return !found.takes(e) })
		if err := s.deps.Ledger.SetRemoved(back, 0); err != nil {
			return err
		}
	}
	s.rechecked = now
	return nil
}
