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

// references lists the references of the batch, each once, and of each the identifiers that stood beside it.
func (w *work) references() (keys []identifier.Key, beside map[identifier.Key][]identity.Shown) {
	beside = map[identifier.Key][]identity.Shown{}
	add := func(r identifier.Key, with ...identity.Shown) {
		if _, known := beside[r]; !known {
			keys = append(keys, r)
		}
		beside[r] = append(beside[r], with...)
	}
	for _, x := range w.shown {
		add(x.reference, x.beside...)
	}
	for _, i := range w.items {
		if r := i.leaf.Reference; r.Value != "" {
			add(r)
		}
	}
	return keys, beside
}

// joinReferences joins the registers of the references of the batch, and reads those that its leaves depend on.
func (s *Service) joinReferences(ctx context.Context, w *work) error {
	w.registers = map[identifier.Key]identity.Register{}
	references, beside := w.references()
	if len(references) == 0 {
		return nil
	}
	keys := make([]string, len(references))
	for i, r := range references {
		keys[i] = resolve.ReferenceCell(w.space, r)
	}
	stored, err := s.writer.store(ctx, "reference registers", keys, func(i int, c *resolve.Cell) (bool, error) {
		register, err := identity.DecodeRegister(c.Value)
		if err != nil {
			return false, fmt.Errorf("reading a reference register: %w", err)
		}
		register, changed := register.Join(beside[references[i]]...)
		w.registers[references[i]] = register
		if changed {
			c.Value = register.Encode()
		}
		return changed, nil
	})
	if err != nil {
		return err
	}
	var named []identifier.Key
	for i, r := range references {
		if len(beside[r]) > 0 {
			named = append(named, r)
			w.cells = append(w.cells, cellRef{space: w.space, topic: stream.TopicRegisters, key: keys[i], stored: stored[i]})
		}
	}
	return s.listReferenceLeaves(ctx, w, named)
}

// listReferenceLeaves lists reference leaves under every identifier that their register names: those of this batch, and those
// that stood before of references that were named by it. It does so whether or not a register moved now: a run that was cut
// short may have moved it without listing them.
func (s *Service) listReferenceLeaves(ctx context.Context, w *work, named []identifier.Key) error {
	var members []resolve.Member
	list := func(reference identifier.Key, member string) {
		for _, x := range w.registers[reference] {
			members = append(members, resolve.Member{Set: resolve.LeafIndex(w.space, x.Key), Member: member})
		}
	}
	own := map[string]bool{}
	for _, i := range w.items {
		if i.leaf.Reference.Value != "" {
			own[string(i.event.GetLeafKey())] = true
			list(i.leaf.Reference, resolve.LeafMember(i.event.GetController(), i.event.GetLeafKey()))
		}
	}
	sets := make([]string, len(named))
	for i, r := range named {
		sets[i] = resolve.LeafIndex(w.space, r)
	}
	standing, err := s.deps.Cells.Members(ctx, sets)
	if err != nil {
		return fmt.Errorf("reading the leaves of references: %w", err)
	}
	for i, leaves := range standing {
		for _, member := range leaves {
			controller, key, err := resolve.ParseLeafMember(member)
			if err != nil {
				return fmt.Errorf("reading the leaves of a reference: %w", err)
			}
			list(named[i], member)
			if !own[string(key)] {
				own[string(key)] = true
				w.standing = append(w.standing, leafRef{controller: controller, key: key})
			}
		}
	}
	trusted, err := s.listed.add(ctx, s.deps.Cells, members)
	w.trusted = append(w.trusted, trusted...)
	return err
}
