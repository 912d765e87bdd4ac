// Package review is what of a space people should look at: matters that only a steward can decide, from sources of one kind each.
//
// Its promises: a source lists the heaviest first, and goes on behind any matter that it gave; what was decided is in no list; no personal
// value stands in a matter.
package review

import (
	"context"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/services/internal/explain"
)

// Matter is one thing that a steward should decide, in terms of the graph. Who shows it makes names of it, and sees to it that nobody sees
// what he may not.
type Matter struct {
	Because string           // the code of why it is one
	Weight  uint32           // what hangs on it
	Since   int64            // seconds; 0 = not known
	Keys    []identifier.Key // what it is about: a value, or two
	People  []identifier.Key // one identifier of each person to be shown side by side
	More    int              // people left out
	Why     *identity.Why    // of a value; nil: of none
	Links   []resolve.EdgeView
	Acts    []identity.Act                // Op, A and B of what may be decided
	Words   func(explain.Language) string // says it in a sentence; nil: Why and Links say all
	Detail  any                           // of the source's own; it must encode to JSON
	Place   string                        // opaque: what Matters goes on behind
}

// Weighed is a Detail whose weight is a sum: it can be read as a table of what speaks for and against.
type Weighed interface {
	// Weights lists in a language what was compared; the last is the sum.
	Weights(explain.Language) []explain.Weight
}

// Source gives the matters of one kind.
type Source interface {
	// Kind is the name of what it gives.
	Kind() string
	// Matters lists at most limit matters behind a place ("" = from the heaviest on). next is the place to go on behind; "" at the end. A
	// page may have fewer matters than asked for, or none, though further ones follow.
	Matters(ctx context.Context, space, after string, limit int) (matters []Matter, next string, err error)
	// Count says about how many there are.
	Count(ctx context.Context, space string) (int, error)
}
