package matcher

import (
	"context"
	"fmt"
	"strings"

	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/vault"
	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

var (
	_ review.Weighed  = Detail{}
	_ explain.Weigher = (*Weigher)(nil)
)

// Weights implements review.Weighed: the lines of Words, without values, and with decimals as the language writes them.
func (d Detail) Weights(l explain.Language) []explain.Weight { return weightsOf(l, d.Words[l]) }

// weightsOf makes weights of the lines of an explanation, without values.
func weightsOf(l explain.Language, lines [][]string) []explain.Weight {
	out := make([]explain.Weight, len(lines))
	for i, line := range lines {
		out[i] = explain.Weight{What: line[0], Found: line[1], Bits: decimals(l, line[3]), Side: line[4]}
	}
	if n := len(lines) - 1; n >= 0 { // the sum has its verdict where others have values
		out[n].Found, out[n].Side = decimals(l, lines[n][1]), lines[n][2]
	}
	return out
}

// decimals writes the decimals of a figure as a language does.
func decimals(l explain.Language, figure string) string {
	if l == explain.French {
		return strings.ReplaceAll(figure, ".", ",")
	}
	return figure
}

// Weigher weighs two records as the index holds them: what was weighed when they were linked lies nowhere, and what links them now counts.
type Weigher struct {
	index  match.Index
	cells  resolve.Cells
	ring   *vault.Keyring
	scorer *match.Scorer
}

// NewWeigher returns a weigher over an index, by a model; nil: what is known beforehand.
func NewWeigher(index match.Index, cells resolve.Cells, ring *vault.Keyring, model *match.Model) *Weigher {
	if model == nil {
		model = match.Untaught()
	}
	return &Weigher{index, cells, ring, match.NewScorer(model)}
}

// Weigh implements explain.Weigher.
func (w *Weigher) Weigh(ctx context.Context, space string, records [2]string, l explain.Language) ([]explain.Weight, error) {
	one, err := w.traits(ctx, space, records[0])
	if err != nil || one == nil {
		return nil, err
	}
	other, err := w.traits(ctx, space, records[1])
	if err != nil || other == nil {
		return nil, err
	}
	people, err := w.index.CountEntries(ctx, space)
	if err != nil {
		return nil, fmt.Errorf("counting entries: %w", err)
	}
	e := w.scorer.Score(int(people), one, []match.Traits{other})
	return weightsOf(l, match.Tell(&e[0], string(l), true)), nil
}

// traits opens what the index holds of a record; nil where there is none, or its key was destroyed.
func (w *Weigher) traits(ctx context.Context, space, id string) (match.Traits, error) {
	e, err := w.index.Entry(ctx, space, id)
	if err != nil {
		return nil, fmt.Errorf("reading an entry: %w", err)
	}
	if e.ID == "" {
		return nil, nil
	}
	whose, sealed, err := unpack(e.Sealed)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(ctx, w.cells, w.ring, space, []subject{whose})
	if err != nil {
		return nil, err
	}
	key, there := keys[whose]
	if !there {
		return nil, nil
	}
	packed, err := key.Open(sealedAs, sealed)
	if err != nil {
		return nil, nil //nolint:nilerr // sealed under a key that was destroyed, and the subject has another now
	}
	return match.ParseTraits(packed) //nolint:wrapcheck // says all
}
