package resolver

import (
	"context"
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// shown is a reference with the person identifiers that one event showed beside it.
type shown struct {
	reference identifier.Key
	beside    []identity.Shown
}

func (w *work) showReferences(e *identity.Event) {
	references, beside := identity.ShownBy(e)
	for _, r := range references {
		w.shown = append(w.shown, shown{r, beside})
	}
}

// joinReferences joins the registers of the references of the batch. A register that moved may give its reference leaves to
// somebody else: they are listed under the identifiers it names now, and looked at again behind the batch.
func (s *Service) joinReferences(ctx context.Context, w *work) error {
	w.registers = map[identifier.Key]identity.Register{}
	var references []identifier.Key
	for _, x := range w.shown {
		if _, known := w.registers[x.reference]; !known {
			w.registers[x.reference] = nil
			references = append(references, x.reference)
		}
	}
	if len(references) == 0 {
		return nil
	}
	keys := make([]string, len(references))
	for i, r := range references {
		keys[i] = resolve.ReferenceCell(w.space, r)
	}
	moved := make([]bool, len(references))
	err := s.writer.update(ctx, "reference registers", keys, func(i int, c *resolve.Cell) (bool, error) {
		register, err := identity.DecodeRegister(c.Value)
		if err != nil {
			return false, fmt.Errorf("reading a reference register: %w", err)
		}
		changed := false
		for _, x := range w.shown {
			if x.reference == references[i] {
				var joined bool
				register, joined = register.Join(x.beside...)
				changed = changed || joined
			}
		}
		w.registers[references[i]] = register
		if changed {
			c.Value, moved[i] = register.Encode(), true
		}
		return changed, nil
	})
	if err != nil {
		return err
	}
	for i, r := range references {
		if moved[i] {
			w.moved = append(w.moved, r)
			w.cells = append(w.cells, cellRef{space: w.space, topic: stream.TopicRegisters, key: keys[i]})
		}
	}
	return s.listReferenceLeaves(ctx, w)
}

// listReferenceLeaves lists reference leaves under every identifier that their register names: those of this batch, and those
// that stood before and whose register moved.
func (s *Service) listReferenceLeaves(ctx context.Context, w *work) error {
	var members []resolve.Member
	list := func(reference identifier.Key, member string) {
		for _, x := range w.registers[reference] {
			members = append(members, resolve.Member{Set: resolve.LeafIndex(w.space, x.Key), Member: member})
		}
	}
	for _, i := range w.items {
		if i.leaf.Reference.Value != "" {
			list(i.leaf.Reference, resolve.LeafMember(i.event.GetController(), i.event.GetLeafKey()))
		}
	}
	sets := make([]string, len(w.moved))
	for i, r := range w.moved {
		sets[i] = resolve.LeafIndex(w.space, r)
	}
	standing, err := s.deps.Cells.Members(ctx, sets)
	if err != nil {
		return fmt.Errorf("reading the leaves of references: %w", err)
	}
	for i, leaves := range standing {
		for _, member := range leaves {
			list(w.moved[i], member)
		}
		if len(leaves) > 0 {
			w.touched = append(w.touched, w.moved[i])
		}
	}
	return s.listed.add(ctx, s.deps.Cells, members)
}
