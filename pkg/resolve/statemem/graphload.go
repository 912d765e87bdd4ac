package statemem

import (
	"context"
	"encoding/binary"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

var _ resolve.GraphLoader = (*Graph)(nil)

// PutGraphMeta implements resolve.GraphLoader.
func (g *Graph) PutGraphMeta(_ context.Context, space string, meta resolve.GraphMeta) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	s.rules, s.content = meta.Rules, meta.Content
	s.counter = max(s.counter, meta.Version)
	return nil
}

// PutRecords implements resolve.GraphLoader. Keys of records come from the same counter as versions here.
func (g *Graph) PutRecords(_ context.Context, space string, records []resolve.StoredRecord) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	for _, r := range records {
		s.counter = max(s.counter, binary.BigEndian.Uint64(r.Component[8:]))
		held, stands := s.records[r.Component]
		switch {
		case len(r.Value) == 0:
			delete(s.records, r.Component)
			delete(s.due, r.Component)
			s.review(r.Component, identity.ReviewWeights{})
		case !stands || resolve.RecordVersion(held) < resolve.RecordVersion(string(r.Value)):
			s.records[r.Component] = string(r.Value)
		}
	}
	return nil
}

// ClearQueues implements resolve.GraphLoader.
func (g *Graph) ClearQueues(_ context.Context, space string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	clear(s.due)
	for _, queue := range s.reviews {
		clear(queue)
	}
	return nil
}

// PutPointers implements resolve.GraphLoader.
func (g *Graph) PutPointers(_ context.Context, space string, records []resolve.RecordSummary) (stale []resolve.ComponentKey, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.space(space)
	for _, r := range records {
		if r.Boundary != 0 {
			s.due[r.Component] = r.Boundary
		}
		s.review(r.Component, r.Review)
		for _, k := range r.Members {
			held := s.pointers[k.Value]
			other, stands := s.records[held]
			switch {
			case held == r.Component:
			case !stands:
				s.pointers[k.Value] = r.Component
			case resolve.RecordVersion(other) < r.Version:
				s.pointers[k.Value], stale = r.Component, append(stale, held)
			default:
				stale = append(stale, r.Component)
			}
		}
	}
	return stale, nil
}
