package statemem

import (
	"maps"
	"slices"

	"rcu/pkg/resolve"
)

// Save keeps what the cells hold now. The returned function brings them back to it, as a server that loses its last writes does: versions
// and numbers go on from where they were.
func (c *Cells) Save() (restore func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cells, sets, plain := c.copied(c.cells, c.sets, c.plain)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cells, c.sets, c.plain = c.copied(cells, sets, plain)
	}
}

func (*Cells) copied(cells map[string]resolve.Cell, sets map[string]map[string]struct{}, plain map[string][]byte) (
	map[string]resolve.Cell, map[string]map[string]struct{}, map[string][]byte,
) {
	members := make(map[string]map[string]struct{}, len(sets))
	for name, set := range sets {
		members[name] = maps.Clone(set)
	}
	return maps.Clone(cells), members, maps.Clone(plain)
}

// Save keeps what the graphs hold now, as that of Cells does.
func (g *Graph) Save() (restore func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	saved := make(map[string]*graphSpace, len(g.spaces))
	for name, s := range g.spaces {
		saved[name] = s.clone()
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for name, s := range g.spaces {
			counter := s.counter
			if *s = *newGraphSpace(); saved[name] != nil {
				*s = *saved[name].clone()
			}
			s.counter = counter
		}
	}
}

func (s *graphSpace) clone() *graphSpace {
	out := &graphSpace{
		rules: s.rules, content: s.content, counter: s.counter, pointers: maps.Clone(s.pointers), records: maps.Clone(s.records),
		due: maps.Clone(s.due), outbox: slices.Clone(s.outbox),
	}
	for k, queue := range s.reviews {
		out.reviews[k] = maps.Clone(queue)
	}
	return out
}
