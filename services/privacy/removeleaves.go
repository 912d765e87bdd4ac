package privacy

import (
	"context"
	"fmt"
	"slices"

	"rcu/pkg/profile"
	"rcu/pkg/resolve"
)

// removeLeaves takes leaves out of the state, with what was published of their owners, and out of the lists of those who are named by them. How a leaf
// was last written is on disk before it goes, so that whoever tells of it is above that.
func (s *Service) removeLeaves(ctx context.Context, file planFile, r *removal) error {
	if faults.leafStays {
		return nil
	}
	for from := 0; from < len(r.Leaves); from += together {
		part := r.Leaves[from:min(from+together, len(r.Leaves))]
		for try := range attempts + 1 {
			if try == attempts {
				return resolve.ErrContended
			}
			left, err := s.removeSome(ctx, file, r, part)
			if err != nil {
				return err
			}
			if !left {
				break
			}
		}
		if err := s.unlist(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// removeSome removes some leaves that stand; left says that others wrote some of them meanwhile.
func (s *Service) removeSome(ctx context.Context, file planFile, r *removal, part []leafGone) (left bool, err error) {
	names := make([]string, 0, 2*len(part))
	for _, l := range part {
		names = append(names, resolve.LeafCell(l.Space, l.Controller, l.key()), resolve.OwnerValue(l.Space, l.key()))
	}
	cells, err := s.deps.Cells.LoadCells(ctx, names)
	if err != nil {
		return false, fmt.Errorf("reading leaves: %w", err)
	}
	var going []resolve.Cell
	higher := false
	for i := range part {
		c := cells[2*i]
		state, err := profile.Decode(c.Value)
		if err != nil {
			return false, fmt.Errorf("reading a leaf: %w", err)
		}
		if c.Version > 0 && state.LastAct() > part[i].DecidedAt {
			continue // something happened since it was decided: whose it is is decided anew
		}
		if c.Version > part[i].Version {
			part[i].Version, higher = c.Version, true
		}
		going = append(going, c, cells[2*i+1])
	}
	if higher {
		if err := file.write(r); err != nil {
			return false, err
		}
	}
	gone, err := s.deps.Removal.Cells.RemoveCells(ctx, going)
	if err != nil {
		return false, err //nolint:wrapcheck // says all
	}
	return slices.Contains(gone, false), nil
}

// unlist takes leaves that are gone out of leaf indexes. One that was folded anew meanwhile is listed again.
func (s *Service) unlist(ctx context.Context, part []leafGone) error {
	standing, err := s.standing(ctx, part)
	if err != nil {
		return err
	}
	var members []resolve.Member
	var gone []leafGone
	for i, l := range part {
		if !standing[i] {
			gone, members = append(gone, l), append(members, l.members()...)
		}
	}
	if err := s.deps.Removal.Cells.RemoveMembers(ctx, members); err != nil {
		return err //nolint:wrapcheck // says all
	}
	back, err := s.standing(ctx, gone)
	if err != nil {
		return err
	}
	members = members[:0]
	for i, l := range gone {
		if back[i] {
			members = append(members, l.members()...)
		}
	}
	return s.deps.Cells.AddMembers(ctx, members) //nolint:wrapcheck // says all
}

// members are the places where the leaf is listed.
func (l leafGone) members() (out []resolve.Member) {
	for _, u := range l.Under {
		out = append(out, resolve.Member{Set: resolve.LeafIndex(l.Space, u.key()), Member: resolve.LeafMember(l.Controller, l.key())})
	}
	return out
}

// standing reports of leaves whether they are in the state.
func (s *Service) standing(ctx context.Context, part []leafGone) ([]bool, error) {
	names, out := make([]string, len(part)), make([]bool, len(part))
	for i, l := range part {
		names[i] = resolve.LeafCell(l.Space, l.Controller, l.key())
	}
	cells, err := s.deps.Cells.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	for i, c := range cells {
		out[i] = len(c.Value) > 0
	}
	return out, nil
}
