package statemem

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// Graph is resolve.GraphState in memory, for tests. Safe for concurrent use; values are copied in and out.
type Graph struct {
	mu     sync.Mutex
	spaces map[string]*graphSpace
}

type graphSpace struct {
	rules    uint64
	content  []byte
	counter  uint64
	pointers map[string]resolve.ComponentKey // by value, as in Redis
	records  map[resolve.ComponentKey]string
	due      map[resolve.ComponentKey]int64
	reviews  [identity.ReviewKinds]map[resolve.ComponentKey]uint32
	outbox   []resolve.OutboxItem
}

var _ resolve.GraphState = (*Graph)(nil)

// NewGraph returns an empty store of graphs.
func NewGraph() *Graph { return &Graph{spaces: map[string]*graphSpace{}} }

func (g *Graph) space(name string) *graphSpace {
	s := g.spaces[name]
	if s == nil {
		s = newGraphSpace()
		g.spaces[name] = s
	}
	return s
}

func newGraphSpace() *graphSpace {
	s := &graphSpace{
		pointers: map[string]resolve.ComponentKey{}, records: map[resolve.ComponentKey]string{}, due: map[resolve.ComponentKey]int64{},
	}
	for k := range s.reviews {
		s.reviews[k] = map[resolve.ComponentKey]uint32{}
	}
	return s
}

// LoadGraph implements resolve.GraphState.
func (g *Graph) LoadGraph(_ context.Context, space string, keys []identifier.Key) (resolve.GraphSnapshot, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	out := resolve.GraphSnapshot{RulesVersion: s.rules, Records: map[resolve.ComponentKey]string{}}
	for _, k := range keys {
		if c, known := s.pointers[k.Value]; known {
			out.Records[c] = s.records[c]
		}
	}
	return out, nil
}

// LoadComponents implements resolve.GraphState.
func (g *Graph) LoadComponents(_ context.Context, space string, keys []resolve.ComponentKey) (resolve.GraphSnapshot, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	out := resolve.GraphSnapshot{RulesVersion: s.rules, Records: map[resolve.ComponentKey]string{}}
	for _, k := range keys {
		if r, known := s.records[k]; known {
			out.Records[k] = r
		}
	}
	return out, nil
}

// CommitGraph implements resolve.GraphState.
func (g *Graph) CommitGraph(_ context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	out := make([]uint64, len(commits))
	for i, c := range commits {
		if s.accepts(c) {
			out[i] = s.write(c)
		}
	}
	return out, nil
}

func (s *graphSpace) accepts(c *resolve.GraphCommit) bool {
	if c.RulesVersion != s.rules {
		return false
	}
	for _, p := range c.Pointers {
		if _, known := s.pointers[p.Key.Value]; known {
			return false
		}
	}
	for _, r := range c.Records {
		held, known := s.records[r.Component]
		if !known || binary.BigEndian.Uint64([]byte(held)) != r.Version {
			return false
		}
		if now := int64(binary.BigEndian.Uint64([]byte(held[8:]))); now > c.Now { //nolint:gosec // as written
			return false
		}
	}
	return true
}

func (s *graphSpace) write(c *resolve.GraphCommit) uint64 {
	s.counter++
	version := s.counter
	item := resolve.OutboxItem{ID: strconv.FormatUint(version, 10), Version: version, Value: slices.Clone(c.Outbox)}
	for i := range c.Writes {
		w := &c.Writes[i]
		if w.Component.IsZero() {
			s.counter++
			binary.BigEndian.PutUint64(w.Component[8:], s.counter)
		}
		value := slices.Clone(w.Value)
		binary.BigEndian.PutUint64(value, version)
		s.records[w.Component] = string(value)
		for _, k := range w.Moved {
			s.pointers[k.Value] = w.Component
		}
		delete(s.due, w.Component)
		if w.Boundary != 0 {
			s.due[w.Component] = w.Boundary
		}
		s.review(w.Component, w.Review)
		item.Written = append(item.Written, w.Component)
	}
	for _, r := range c.Records {
		if r.Gone {
			delete(s.records, r.Component)
			delete(s.due, r.Component)
			s.review(r.Component, identity.ReviewWeights{})
			item.Gone = append(item.Gone, r.Component)
		}
	}
	for _, k := range c.Dropped {
		delete(s.pointers, k.Value)
	}
	if c.Outbox != nil {
		s.outbox = append(s.outbox, item)
	}
	return version
}

// DueComponents implements resolve.GraphState.
func (g *Graph) DueComponents(_ context.Context, space string, now int64, limit int) ([]resolve.ComponentKey, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	var out []resolve.ComponentKey
	for c, t := range s.due {
		if t <= now {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b resolve.ComponentKey) int {
		return cmp.Or(cmp.Compare(s.due[a], s.due[b]), cmp.Compare(string(a[:]), string(b[:])))
	})
	return out[:min(limit, len(out))], nil
}

// ScanComponents implements resolve.GraphState. Its cursor is the last key returned.
func (g *Graph) ScanComponents(_ context.Context, space, cursor string, limit int) ([]resolve.ComponentKey, string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []resolve.ComponentKey
	for c := range g.space(space).records {
		if string(c[:]) > cursor {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b resolve.ComponentKey) int { return cmp.Compare(string(a[:]), string(b[:])) })
	if len(out) <= limit {
		return out, "", nil
	}
	return out[:limit], string(out[limit-1][:]), nil
}

// GraphRules implements resolve.GraphState.
func (g *Graph) GraphRules(_ context.Context, space string) (uint64, []byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	return s.rules, slices.Clone(s.content), nil
}

// SetGraphRules implements resolve.GraphState.
func (g *Graph) SetGraphRules(_ context.Context, space string, expected uint64, content []byte) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	if s.rules != expected {
		return false, nil
	}
	s.rules, s.content = expected+1, slices.Clone(content)
	return true, nil
}

// ReadOutbox implements resolve.GraphState.
func (g *Graph) ReadOutbox(_ context.Context, space, after string, limit int) ([]resolve.OutboxItem, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from, err := outboxID(after)
	if err != nil {
		return nil, err
	}
	var out []resolve.OutboxItem
	for _, item := range g.space(space).outbox {
		if item.Version > from && len(out) < limit {
			out = append(out, item)
		}
	}
	return out, nil
}

// OutboxEnds implements resolve.GraphState.
func (g *Graph) OutboxEnds(_ context.Context, space string) (oldest, newest uint64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if out := g.space(space).outbox; len(out) > 0 {
		return out[0].Version, out[len(out)-1].Version, nil
	}
	return 0, 0, nil
}

// TrimOutbox implements resolve.GraphState.
func (g *Graph) TrimOutbox(_ context.Context, space, through string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	to, err := outboxID(through)
	if err != nil {
		return err
	}
	s := g.space(space)
	s.outbox = slices.DeleteFunc(s.outbox, func(item resolve.OutboxItem) bool { return item.Version <= to })
	return nil
}

func outboxID(id string) (uint64, error) {
	if id == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading outbox id: %w", err)
	}
	return n, nil
}
