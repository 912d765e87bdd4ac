package resolver

import (
	"iter"

	"rcu/pkg/consent"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// choicesOf names the registers that decide about the browsing of leaves.
func choicesOf(leaves []leafRef) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range leaves {
			if s := leaves[i].state; !yield(resolve.Choice(s.Space(), s.Controller(), s.Leaf())) {
				return
			}
		}
	}
}

// choicesAsked names the registers that decide about the browsing of the batch.
func (w *work) choicesAsked() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, i := range w.items {
			if !yield(resolve.Choice(w.space, i.event.GetController(), i.leaf)) {
				return
			}
		}
	}
}

// touchChosen has the leaves of a device looked at again whose history in the graph is full: it may have dropped what was decided with one of
// several controllers, and then nothing in the graph tells of it.
func (w *work) touchChosen() {
	for _, d := range w.decisions {
		if consent.Purpose(d.GetPurpose()) != consent.UnifyBehaviour {
			continue
		}
		if h := w.people.Decisions(pointOf(d), identity.UnifyBehaviour); len(h.Said) == consent.Kept || len(h.Carried) == consent.Kept {
			w.touched = append(w.touched, pointOf(d))
		}
	}
}
