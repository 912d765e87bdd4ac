package matcher

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

// KindProbable is the kind of suggestions on the stewards' queue.
const KindProbable = "probable"

// because is the reason of every suggestion.
const because = "alike"

// Source gives suggestions to the stewards' queue.
type Source struct {
	index match.Index
	graph *resolve.Graph
	over  overlays
	now   func() time.Time
}

var _ review.Source = (*Source)(nil)

// NewSource returns the source of an index, over the graph and the cells that tell whose suggestions they are.
func NewSource(index match.Index, graph *resolve.Graph, cells resolve.Cells, now func() time.Time) *Source {
	return &Source{index, graph, overlaysOf(graph, cells), now}
}

// Detail is why two records are probably one person: the waterfall of weights, without values, and in words.
type Detail struct {
	match.Explanation
	Words map[explain.Language][][]string `json:"words"` // lines of comparison, level, values, bits and side; the last is the sum
}

// Kind implements review.Source.
func (*Source) Kind() string { return KindProbable }

// Count implements review.Source.
func (s *Source) Count(ctx context.Context, space string) (int, error) {
	n, err := s.index.CountSuggestions(ctx, space)
	if err != nil {
		return 0, fmt.Errorf("counting suggestions: %w", err)
	}
	return int(n), nil
}

// Matters implements review.Source. Suggestions that are settled meanwhile, by a steward or by evidence, or of
// which a record was corrected, are forgotten; those that nothing could come of now, or that are about a closed record, are left out.
func (s *Source) Matters(ctx context.Context, space, after string, limit int) ([]review.Matter, string, error) {
	list, next, err := s.index.Suggestions(ctx, space, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("listing suggestions: %w", err)
	}
	keys := make([]identifier.Key, 0, 2*len(list))
	for i := range list {
		keys = append(keys, keyOf(list[i].A), keyOf(list[i].B))
	}
	held, err := s.over.of(ctx, space, keys, s.now())
	if err != nil {
		return nil, "", err
	}
	now := s.now().Unix()
	var out []review.Matter
	var done []string
	for i := range list {
		x := &list[i]
		stands, err := pair{space, keyOf(x.A), keyOf(x.B)}.stands(ctx, s.graph, now)
		switch {
		case err != nil:
			return nil, "", err
		case stands == settled:
			done = append(done, x.ID)
			continue
		}
		outdated, err := s.outdated(ctx, space, x, now)
		switch {
		case err != nil:
			return nil, "", err
		case outdated:
			done = append(done, x.ID)
		case stands == open && max(held[keys[2*i]], held[keys[2*i+1]]) < closed:
			out = append(out, matterOf(x))
		}
	}
	if err := s.index.RemoveSuggestions(ctx, space, done); err != nil {
		return nil, "", fmt.Errorf("forgetting settled suggestions: %w", err)
	}
	return out, next, nil
}

// outdated reports whether what two records say was taken back after they were suggested: one of them was corrected, or is gone.
func (s *Source) outdated(ctx context.Context, space string, x *match.Suggestion, now int64) (bool, error) {
	e, err := s.graph.Explain(ctx, space, keyOf(x.A), now)
	if err != nil {
		return false, fmt.Errorf("reading what was told of a suggestion: %w", err)
	}
	for i := range e.Edges {
		for _, c := range e.Edges[i].Compared {
			a, b := hex.EncodeToString([]byte(c.Records[0])), hex.EncodeToString([]byte(c.Records[1]))
			same := x.Records == [2]string{a, b} || x.Records == [2]string{b, a}
			if same && c.Millionths == 0 && c.At >= (x.Since+1)*1e6 { // when it was suggested is known to the second
				return true, nil
			}
		}
	}
	return false, nil
}

func matterOf(x *match.Suggestion) review.Matter {
	a, b := keyOf(x.A), keyOf(x.B)
	e := x.Explanation()
	return review.Matter{
		Because: because, Weight: uint32(math.Round(min(max(x.Weight, 0), 1000))), Since: x.Since,
		Keys: []identifier.Key{a, b}, People: []identifier.Key{a, b},
		Acts:  []identity.Act{{Op: identity.Together, A: a, B: b}, {Op: identity.Ban, A: a, B: b}},
		Words: func(l explain.Language) string { return sentence(l, e.Probability) },
		Detail: Detail{e, map[explain.Language][][]string{
			explain.English: match.Tell(&e, string(explain.English), true), explain.French: match.Tell(&e, string(explain.French), true),
		}},
		Place: x.Place(),
	}
}

// sentence says a suggestion in words. A probability near 1 is not rounded up to certainty.
func sentence(l explain.Language, probability float64) string {
	percent := math.Min(math.Floor(1000*probability)/10, 99.9)
	if l == explain.French {
		return fmt.Sprintf("Ces deux personnes n'ont aucun identifiant en commun, et n'en sont probablement qu'une (%s %%).", decimals(l, fmt.Sprintf("%.1f", percent)))
	}
	return fmt.Sprintf("These two share no identifier, and are probably one person (%.1f %%).", percent)
}
