package resolver

import (
	"context"
	"fmt"

	"rcu/pkg/resolve"
)

// settle finds the leaves of a batch whose rows say something else than their owner and which nothing of the graph will correct:
//   - leaves that were empty: a change of the graph or of a register between the reading of the owner and the writing of the leaf
//     found nothing to correct;
//   - leaves whose own events changed their owner;
//   - leaves of references that the batch showed.
//
// It decides by what is stored, not by what this run changed: of a batch that was cut short and delivered again, everything is
// known already, and only the stored values tell that the correction is still owed.
func (s *Service) settle(ctx context.Context, w *work) error {
	if err := s.settleFolds(ctx, w); err != nil {
		return err
	}
	leaves := w.standing
	for i := range w.folds {
		if f := &w.folds[i]; f.fresh && !f.state.Empty() {
			leaves = append(leaves, leafRef{controller: f.state.Controller(), key: f.leafKey})
		}
	}
	if len(leaves) == 0 {
		return nil
	}
	leaves, err := s.judge(ctx, w.space, leaves, w.now)
	if err != nil {
		return err
	}
	w.touchDue(leaves)
	return nil
}

// settleFolds compares the owners that were found before the fold with what was published.
func (s *Service) settleFolds(ctx context.Context, w *work) error {
	var leaves []leafRef
	var said []string
	for i := range w.folds {
		if f := &w.folds[i]; !f.fresh && !f.state.Empty() && f.doubtful() {
			leaves = append(leaves, leafRef{key: f.leafKey, state: f.state, owner: f.owner})
			said = append(said, resolve.OwnerValue(w.space, f.leafKey))
		}
	}
	if len(leaves) == 0 {
		return nil
	}
	cells, err := s.deps.Cells.LoadCells(ctx, said)
	if err != nil {
		return fmt.Errorf("reading published owners: %w", err)
	}
	for i, c := range cells {
		if leaves[i].last, err = decodeOverride(c.Value); err != nil {
			return err
		}
	}
	w.touchDue(leaves)
	return nil
}

func (w *work) touchDue(leaves []leafRef) {
	for i := range leaves {
		if l := &leaves[i]; l.due() {
			w.touched = append(w.touched, resolve.SubjectOf(l.state.Leaf()))
		}
	}
}

// touch asks the publisher of the space to look at leaves whose owner changed without the graph.
func (s *Service) touch(ctx context.Context, w *work) error {
	w.touchChosen()
	keys := distinctKeys(w.touched)
	if len(keys) == 0 {
		return nil
	}
	if err := s.deps.Graph.Touch(ctx, w.space, keys, w.now.Unix()); err != nil {
		return fmt.Errorf("asking for owners to be looked at: %w", err)
	}
	return nil
}
