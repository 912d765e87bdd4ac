package resolve

import "context"

// Remover takes away for good what nobody shall have any more. Done again it changes nothing.
type Remover interface {
	// RemoveCells takes each cell away whose Version is still the stored one, and says of each whether it is gone: one that is absent is. Nothing of
	// its value is left; where it was it may be read as absent, or as a cell without value.
	RemoveCells(ctx context.Context, cells []Cell) ([]bool, error)
	// RemoveMembers takes members out of sets.
	RemoveMembers(ctx context.Context, members []Member) error
}
