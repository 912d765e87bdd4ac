package statemem

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"rcu/pkg/match"
)

// Index is match.Index in memory, for tests. Safe for concurrent use; values are copied in and out.
type Index struct {
	mu     sync.Mutex
	spaces map[string]*indexSpace
}

type indexSpace struct {
	entries     map[string]match.Entry
	blocks      map[match.Block][]string
	suggestions map[string]match.Suggestion
}

var _ match.Index = (*Index)(nil)

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{spaces: map[string]*indexSpace{}} }

func (x *Index) space(name string) *indexSpace {
	s := x.spaces[name]
	if s == nil {
		s = &indexSpace{map[string]match.Entry{}, map[match.Block][]string{}, map[string]match.Suggestion{}}
		x.spaces[name] = s
	}
	return s
}

// PutEntry implements match.Index.
func (x *Index) PutEntry(_ context.Context, space string, e match.Entry) (full int, err error) {
	if err := e.Check(); err != nil {
		return 0, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.space(space)
	for _, b := range s.entries[e.ID].Blocks {
		if !slices.Contains(e.Blocks, b) {
			s.unlist(b, e.ID)
		}
	}
	for _, b := range e.Blocks {
		switch listed := s.blocks[b]; {
		case slices.Contains(listed, e.ID):
		case len(listed) >= match.MaxBlockEntries:
			full++
		default:
			s.blocks[b] = append(listed, e.ID)
		}
	}
	s.entries[e.ID] = match.Entry{ID: e.ID, Blocks: slices.Clone(e.Blocks), Sealed: slices.Clone(e.Sealed), Compared: e.Compared}
	return full, nil
}

// SetCompared implements match.Index.
func (x *Index) SetCompared(_ context.Context, space string, e match.Entry) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if held, there := x.space(space).entries[e.ID]; there {
		held.Compared = true
		x.space(space).entries[e.ID] = held
	}
	return nil
}

func (s *indexSpace) unlist(b match.Block, id string) {
	s.blocks[b] = slices.DeleteFunc(s.blocks[b], func(other string) bool { return other == id })
}

// RemoveEntry implements match.Index.
func (x *Index) RemoveEntry(_ context.Context, space, id string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.space(space)
	for _, b := range s.entries[id].Blocks {
		s.unlist(b, id)
	}
	delete(s.entries, id)
	return nil
}

// Near implements match.Index.
func (x *Index) Near(_ context.Context, space string, blocks []match.Block, most int) ([]match.Entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.space(space)
	lists := make([][]string, len(blocks))
	for i, b := range blocks {
		lists[i] = s.blocks[b]
	}
	var out []match.Entry
	for _, id := range match.Near(lists, most) {
		out = append(out, s.entries[id])
	}
	return out, nil
}

// Entry implements match.Index.
func (x *Index) Entry(_ context.Context, space, id string) (match.Entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.space(space).entries[id], nil
}

// CountEntries implements match.Index.
func (x *Index) CountEntries(_ context.Context, space string) (int64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return int64(len(x.space(space).entries)), nil
}

// PutSuggestion implements match.Index.
func (x *Index) PutSuggestion(_ context.Context, space string, s match.Suggestion, most int) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	held := x.space(space).suggestions
	held[s.ID] = s
	for len(held) > most {
		ordered := sortedSuggestions(held)
		delete(held, ordered[len(ordered)-1].ID)
	}
	return nil
}

// sortedSuggestions lists suggestions, the heaviest first.
func sortedSuggestions(held map[string]match.Suggestion) []match.Suggestion {
	out := make([]match.Suggestion, 0, len(held))
	for _, s := range held {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b match.Suggestion) int {
		return cmp.Or(cmp.Compare(b.Rank(), a.Rank()), strings.Compare(b.ID, a.ID))
	})
	return out
}

// RemoveSuggestions implements match.Index.
func (x *Index) RemoveSuggestions(_ context.Context, space string, ids []string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range ids {
		delete(x.space(space).suggestions, id)
	}
	return nil
}

// Suggestions implements match.Index.
func (x *Index) Suggestions(_ context.Context, space, after string, limit int) (list []match.Suggestion, next string, err error) {
	rank, id, err := match.ParsePlace(after)
	if err != nil {
		return nil, "", err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range sortedSuggestions(x.space(space).suggestions) {
		if after != "" && cmp.Or(cmp.Compare(s.Rank(), rank), strings.Compare(s.ID, id)) >= 0 {
			continue
		}
		if len(list) == limit {
			return list, list[limit-1].Place(), nil
		}
		list = append(list, s)
	}
	return list, "", nil
}

// CountSuggestions implements match.Index.
func (x *Index) CountSuggestions(_ context.Context, space string) (int64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return int64(len(x.space(space).suggestions)), nil
}
