package privacy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/warehouse"
)

// removeRows removes the rows of ClickHouse, and reports whether their files are gone, too.
func (s *Service) removeRows(ctx context.Context, file planFile, r *removal) (bool, error) {
	rows := s.deps.Removal.Rows
	if rows == nil {
		return true, nil
	}
	if r.RowsAt == 0 {
		at, err := rows.Erase(ctx, erasures(r, s.name))
		if err != nil {
			return false, fmt.Errorf("removing rows of erased people: %w", err)
		}
		if err := s.at("rows"); err != nil {
			return false, err
		}
		r.RowsAt = at
		if err := file.write(r); err != nil {
			return false, err
		}
	}
	if faults.filesStay {
		return true, nil
	}
	return rows.FilesGone(ctx, r.RowsAt) //nolint:wrapcheck // says all
}

// name is the rcu_id that an identifier gives.
func (s *Service) name(p pointGone) string { return s.deps.Keyring.NameOf(p.Space, p.key()) }

// erasures says the same to ClickHouse, by controllers.
func erasures(r *removal, name func(pointGone) string) []warehouse.Erasure {
	var out []warehouse.Erasure
	of := func(controller string) *warehouse.Erasure {
		i := slices.IndexFunc(out, func(e warehouse.Erasure) bool { return e.Controller == controller })
		if i < 0 {
			i = len(out)
			out = append(out, warehouse.Erasure{Controller: controller})
		}
		return &out[i]
	}
	for _, l := range r.Leaves {
		e := of(l.Controller)
		e.Leaves = append(e.Leaves, [resolve.LeafKeySize]byte(l.key()))
	}
	for _, p := range r.Profiles {
		e := of(p.Controller)
		e.Names = append(e.Names, name(p.pointGone))
		if pseudonym, err := p.key().Pseudonym(); err == nil {
			e.Points = append(e.Points, pseudonym)
		}
	}
	for _, p := range r.Points {
		e := of("")
		e.Changes = append(e.Changes, name(p))
	}
	return out
}

// parseReference reads a reference as ClickHouse has it: its namespace and the digits of its pseudonym.
func parseReference(space, text string) (pointGone, bool) {
	ns, digits, ok := strings.Cut(text, ":")
	if p := (pointGone{space, identifier.Namespace(ns), digits}); ok && p.Namespace.Kind() == identifier.KindReference && p.key().Value != "" {
		return p, true
	}
	return pointGone{}, false
}
