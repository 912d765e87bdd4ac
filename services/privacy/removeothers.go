package privacy

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
)

// removeReferences takes the people's identifiers out of the registers of their orders, tickets and cases. Whom else a register names stays.
func (s *Service) removeReferences(ctx context.Context, r *removal) error {
	theirs := r.theirs()
	for part := range slices.Chunk(r.References, together) {
		names := make([]string, len(part))
		for i, p := range part {
			names[i] = resolve.ReferenceCell(p.Space, p.key())
		}
		if err := s.change(ctx, names, func(c resolve.Cell) (value []byte, changed bool, err error) {
			register, err := identity.DecodeRegister(c.Value)
			if err != nil {
				return nil, false, fmt.Errorf("reading a reference register: %w", err)
			}
			kept := slices.DeleteFunc(slices.Clone(register), func(x identity.Shown) bool { return theirs[x.Key.Value] })
			if len(kept) == len(register) || len(kept) == 0 {
				return nil, len(register) > 0 && len(kept) == 0, nil
			}
			return kept.Encode(), true, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// theirs are the values of the identifiers of the people.
func (r *removal) theirs() map[string]bool {
	out := map[string]bool{}
	for _, digits := range r.Whose {
		if value, err := hex.DecodeString(digits); err == nil {
			out[string(value)] = true
		}
	}
	return out
}

// change changes cells until nobody was faster; a value that is nothing removes its cell.
func (s *Service) change(ctx context.Context, names []string, f func(resolve.Cell) ([]byte, bool, error)) error {
	for range attempts {
		cells, err := s.deps.Cells.LoadCells(ctx, names)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		var less, none []resolve.Cell
		for _, c := range cells {
			value, changed, err := f(c)
			switch {
			case err != nil:
				return err
			case !changed:
			case len(value) == 0:
				none = append(none, c)
			default:
				c.Value = value
				less = append(less, c)
			}
		}
		if len(less)+len(none) == 0 {
			return nil
		}
		if _, err := s.deps.Removal.Cells.RemoveCells(ctx, none); err != nil {
			return err //nolint:wrapcheck // says all
		}
		if _, err := s.deps.Cells.CommitCells(ctx, less); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return resolve.ErrContended
}

// suggestionsAtOnce is how many suggestions are read at once.
const suggestionsAtOnce = 500

// removeMatches takes leaves out of the index of the matcher, and suggestions that name the people or their records.
func (s *Service) removeMatches(ctx context.Context, r *removal) error {
	m := s.deps.Removal.Matches
	if m == nil || faults.matchesStay {
		return nil
	}
	spaces, theirs, records := map[string]bool{}, r.theirs(), map[string]bool{}
	for _, l := range r.Leaves {
		spaces[l.Space], records[l.Key] = true, true
		if err := m.RemoveEntry(ctx, l.Space, string(l.key())); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	for _, e := range r.Entries {
		spaces[e.Space] = true
	}
	names := func(x *match.Suggestion) bool {
		return theirs[string(x.A.Pseudonym)] || theirs[string(x.B.Pseudonym)] || records[x.Records[0]] || records[x.Records[1]]
	}
	for space := range spaces {
		if err := removeSuggestions(ctx, m, space, names); err != nil {
			return err
		}
	}
	return nil
}

// removeSuggestions takes those of a space away that name somebody.
func removeSuggestions(ctx context.Context, m Matches, space string, names func(*match.Suggestion) bool) error {
	for after := ""; ; {
		list, next, err := m.Suggestions(ctx, space, after, suggestionsAtOnce)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		var gone []string
		for i := range list {
			if names(&list[i]) {
				gone = append(gone, list[i].ID)
			}
		}
		if err := m.RemoveSuggestions(ctx, space, gone); err != nil {
			return err //nolint:wrapcheck // says all
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// removePoints takes identifiers out of the graph, and has the profiles of people of whom something stays told anew.
func (s *Service) removePoints(ctx context.Context, r *removal) error {
	now := s.deps.Now().Unix()
	if !faults.edgesStay {
		for space, keys := range keysBySpace(r.Points) {
			for part := range slices.Chunk(keys, together) {
				if err := s.deps.Removal.Graph.Erase(ctx, space, part, now); err != nil {
					return err //nolint:wrapcheck // says all
				}
			}
		}
	}
	if r.ToldAt > 0 {
		return nil
	}
	for space, keys := range keysBySpace(r.Stay) {
		if err := s.deps.Removal.Graph.Touch(ctx, space, keys, now); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	return nil
}

func keysBySpace(points []pointGone) map[string][]identifier.Key {
	out := map[string][]identifier.Key{}
	for _, p := range points {
		out[p.Space] = append(out[p.Space], p.key())
	}
	return out
}
