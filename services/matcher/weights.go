package matcher

import (
	"strings"

	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

var _ review.Weighed = Detail{}

// Weights implements review.Weighed: the lines of Words, without values, and with decimals as the language writes them.
func (d Detail) Weights(l explain.Language) []review.Weight {
	lines := d.Words[l]
	out := make([]review.Weight, len(lines))
	for i, line := range lines {
		out[i] = review.Weight{What: line[0], Found: line[1], Bits: decimals(l, line[3]), Side: line[4]}
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
