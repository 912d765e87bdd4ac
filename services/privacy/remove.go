package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/warehouse"
)

// Graph takes identifiers out of the graph (*resolve.Graph).
type Graph interface {
	Erase(ctx context.Context, space string, keys []identifier.Key, now int64) error
	Stored(ctx context.Context, space string, keys []identifier.Key, now int64) ([]identifier.Key, error)
	Touch(ctx context.Context, space string, keys []identifier.Key, now int64) error
}

// Rows are the tables of ClickHouse (*warehouse.Warehouse).
type Rows interface {
	Erase(ctx context.Context, all []warehouse.Erasure) (at int64, err error)
	FilesGone(ctx context.Context, at int64) (bool, error)
	References(ctx context.Context, all []warehouse.Erasure) ([]string, error)
}

// Matches is the index of the matcher (match.Index).
type Matches interface {
	RemoveEntry(ctx context.Context, space, id string) error
	Suggestions(ctx context.Context, space, after string, limit int) (list []match.Suggestion, next string, err error)
	RemoveSuggestions(ctx context.Context, space string, ids []string) error
}

// Removal is what bytes are removed with.
type Removal struct {
	Plan    string // the file of the removal that is under way
	Cells   resolve.Remover
	Graph   Graph
	Rows    Rows    // nil: there is no ClickHouse
	Matches Matches // nil: there is no matcher
}

// mostRemoved is how many identifiers one removal takes: it is kept in one file.
const mostRemoved = 5000

// RemovalRound carries the removal that is under way on, or begins one of what is due, and returns how many identifiers it finished. It is done again until
// nothing is left: each step finds on disk what it has to take away, and taking it away again changes nothing.
func (s *Service) RemovalRound(ctx context.Context) (int, error) {
	if s.deps.Removal == nil {
		return 0, nil
	}
	if err := s.recheck(ctx); err != nil {
		return 0, err
	}
	file := planFile{s.deps.Removal.Plan}
	r, err := file.read()
	if err != nil {
		return 0, err
	}
	if r == nil {
		if r, err = s.plan(ctx); err != nil || len(r.Entries)+len(r.Leaves) == 0 {
			return 0, err
		}
		if err := file.write(r); err != nil {
			return 0, err
		}
	}
	if r.ToldAt == 0 {
		return 0, s.removeFirst(ctx, file, r)
	}
	if s.deps.Now().Unix() < r.ToldAt+int64(s.cfg.Again/time.Second) {
		return 0, nil
	}
	return s.removeAgain(ctx, file, r)
}

// removable lists the entries whose bytes are due.
func (s *Service) removable() []Entry {
	now := s.deps.Now()
	return slices.DeleteFunc(s.deps.Ledger.All(), func(e Entry) bool {
		state := e.BytesState(now)
		return e.DestroyedAt == 0 || state == Removed || state == Ended || now.Unix() < e.ReceivedAt+int64(s.cfg.BytesDelay/time.Second)
	})
}

// plan decides what goes.
func (s *Service) plan(ctx context.Context) (*removal, error) {
	r := new(removal)
	lying, ended, err := s.judged(ctx, s.removable())
	if err != nil {
		return r, err
	}
	if err := s.deps.Ledger.SetEnded(ended); err != nil {
		return r, err
	}
	for part := range slices.Chunk(lying, mostRemoved) {
		if err := s.allBelong(ctx, lying, part, r); err != nil {
			return r, err
		}
		if len(r.Entries)+len(r.Leaves) > 0 {
			break
		}
	}
	if err := s.older(ctx, r); err != nil {
		return r, err
	}
	return r, s.listedElsewhere(ctx, r)
}

// older adds the references that leaves have forgotten: ClickHouse knows them.
func (s *Service) older(ctx context.Context, r *removal) error {
	if s.deps.Removal.Rows == nil || len(r.Leaves) == 0 {
		return nil
	}
	spaces := map[string]bool{}
	for _, l := range r.Leaves {
		spaces[l.Space] = true
	}
	for space := range spaces {
		all, err := s.deps.Removal.Rows.References(ctx, erasures(&removal{Leaves: slices.DeleteFunc(slices.Clone(r.Leaves), func(l leafGone) bool { return l.Space != space })}, nil))
		if err != nil {
			return fmt.Errorf("reading what leaves have forgotten: %w", err)
		}
		for _, text := range all {
			if at, ok := parseReference(space, text); ok && r.once([2]any{"reference", at}) {
				r.References = append(r.References, at)
			}
		}
	}
	return nil
}

// listedElsewhere completes where leaves of references are listed: under everybody whom their registers name.
func (s *Service) listedElsewhere(ctx context.Context, r *removal) error {
	for i := range r.Leaves {
		l := &r.Leaves[i]
		var references []identifier.Key
		for _, u := range l.Under {
			if u.Namespace.Kind() == identifier.KindReference {
				references = append(references, u.key())
			}
		}
		registers, err := resolve.LoadRegisters(ctx, s.deps.Cells, l.Space, references)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		for _, register := range registers {
			for _, shown := range register {
				if at := gonePoint(l.Space, shown.Key); !slices.Contains(l.Under, at) {
					l.Under = append(l.Under, at)
				}
			}
		}
	}
	return nil
}

// errStop is where a test stands still, as if the process had been killed.
var errStop = errors.New("stopped by a test")

// removeFirst takes everything out of the state and tells changelogs.
func (s *Service) removeFirst(ctx context.Context, file planFile, r *removal) error {
	if err := s.removeState(ctx, file, r); err != nil {
		return err
	}
	if err := s.tellGone(ctx, r, false); err != nil {
		return err
	}
	r.ToldAt = s.deps.Now().Unix()
	return file.write(r)
}

// removeAgain takes away what came back meanwhile, tells changelogs once more, and removes the rows of ClickHouse; at the end it looks whether all of it is gone.
func (s *Service) removeAgain(ctx context.Context, file planFile, r *removal) (int, error) {
	if err := s.removeState(ctx, file, r); err != nil {
		return 0, err
	}
	if !faults.toldOnce {
		if err := s.tellGone(ctx, r, true); err != nil {
			return 0, err
		}
	}
	if gone, err := s.removeRows(ctx, file, r); err != nil || !gone {
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	left, err := s.left(ctx, r)
	if err != nil {
		return 0, err
	}
	done := slices.DeleteFunc(slices.Clone(r.Entries), func(e Entry) bool { return left[e.name()] })
	if n := len(r.Entries) - len(done); n > 0 {
		s.deps.Log.Warn("something of erased people was told once more while it was removed: it is removed again", zap.Int("identifiers", n))
	}
	if err := s.deps.Ledger.SetRemoved(done, s.deps.Now().Unix()); err != nil {
		return 0, err
	}
	if err := s.at("noted"); err != nil {
		return 0, err
	}
	return len(done), file.remove()
}

// removeState takes leaves and what is derived of them out of the state, and identifiers out of the graph.
func (s *Service) removeState(ctx context.Context, file planFile, r *removal) error {
	steps := []struct {
		name string
		run  func() error
	}{
		{"leaves", func() error { return s.removeLeaves(ctx, file, r) }},
		{"references", func() error { return s.removeReferences(ctx, r) }},
		{"matches", func() error { return s.removeMatches(ctx, r) }},
		{"graph", func() error { return s.removePoints(ctx, r) }},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			return fmt.Errorf("removing %s of erased people: %w", step.name, err)
		}
		if err := s.at(step.name); err != nil {
			return err
		}
	}
	return nil
}

// at is where tests stop.
func (s *Service) at(step string) error {
	if faults.stopAt != nil && faults.stopAt(step) {
		return errStop
	}
	return nil
}
