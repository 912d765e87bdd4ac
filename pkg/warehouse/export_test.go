package warehouse

import "context"

// SquashWith is Squash with something that happens between the rows and the overrides.
func (w *Warehouse) SquashWith(ctx context.Context, before uint64, rewritten func()) (int, error) {
	return w.squash(ctx, before, SquashMost, rewritten)
}
