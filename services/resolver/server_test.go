package resolver_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
)

// server is a Redis in memory that may lose its last writes.
type server struct {
	cells *statemem.Cells
	graph *statemem.Graph
	run   int // which start of it this is
	marks map[resolve.MarkerKey]resolve.Marker
	holds bool
	saved []func()
	away  atomic.Bool // it answers nobody
}

func newServer() *server {
	return &server{cells: statemem.NewCells(), graph: statemem.NewGraph(), marks: map[resolve.MarkerKey]resolve.Marker{}}
}

// maxSaved is how many states a server may fall back to.
const maxSaved = 6

func (s *server) save() {
	cells, graph, marks, holds := s.cells.Save(), s.graph.Save(), maps.Clone(s.marks), s.holds
	s.saved = append(s.saved, func() {
		cells()
		graph()
		s.marks, s.holds = maps.Clone(marks), holds
	})
	s.saved = s.saved[max(0, len(s.saved)-maxSaved):]
}

// lose starts the server again in a state that it had before.
func (s *server) lose(rng *rand.Rand) {
	if len(s.saved) == 0 {
		return
	}
	i := rng.IntN(len(s.saved))
	s.saved[i]()
	s.saved = s.saved[:i+1]
	s.run++
}

// connection is how one process knows the server: the first call to a server that started again fails.
type connection struct {
	server *server
	run    int
	epoch  uint64
}

var errServerAway = errors.New("server is away")

func (c *connection) check(ctx context.Context) error {
	if c.server.away.Load() {
		return errServerAway
	}
	if c.run != c.server.run {
		c.run = c.server.run
		c.epoch++
		return resolve.ErrStateMoved
	}
	if epoch, bound := resolve.PlannedOn(ctx); bound && epoch != c.epoch {
		return resolve.ErrStateMoved
	}
	return nil
}

func checked[T any](ctx context.Context, c *connection, f func() (T, error)) (out T, err error) {
	if err = c.check(ctx); err != nil {
		return out, err
	}
	return f()
}

// connectedCells are the cells of a server as one process reaches them.
type connectedCells struct {
	*statemem.Cells
	*connection
}

func (c connectedCells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	return checked(ctx, c.connection, func() ([]resolve.Cell, error) { return c.Cells.LoadCells(ctx, keys) })
}

func (c connectedCells) Versions(ctx context.Context, keys []string) ([]uint64, error) {
	return checked(ctx, c.connection, func() ([]uint64, error) { return c.Cells.Versions(ctx, keys) })
}

func (c connectedCells) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	return checked(ctx, c.connection, func() ([]bool, error) { return c.Cells.CommitCells(ctx, cells) })
}

func (c connectedCells) AddMembers(ctx context.Context, members []resolve.Member) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	return c.Cells.AddMembers(ctx, members)
}

func (c connectedCells) Members(ctx context.Context, sets []string) ([][]string, error) {
	return checked(ctx, c.connection, func() ([][]string, error) { return c.Cells.Members(ctx, sets) })
}

func (c connectedCells) Count(ctx context.Context, key string, n int64) (int64, error) {
	return checked(ctx, c.connection, func() (int64, error) { return c.Cells.Count(ctx, key, n) })
}

// connectedGraph is the graph of a server as one process reaches it.
type connectedGraph struct {
	*statemem.Graph
	*connection
}

func (g connectedGraph) LoadGraph(ctx context.Context, space string, keys []identifier.Key) (resolve.GraphSnapshot, error) {
	return checked(ctx, g.connection, func() (resolve.GraphSnapshot, error) { return g.Graph.LoadGraph(ctx, space, keys) })
}

func (g connectedGraph) LoadComponents(ctx context.Context, space string, keys []resolve.ComponentKey) (resolve.GraphSnapshot, error) {
	return checked(ctx, g.connection, func() (resolve.GraphSnapshot, error) { return g.Graph.LoadComponents(ctx, space, keys) })
}

func (g connectedGraph) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	return checked(ctx, g.connection, func() ([]uint64, error) { return g.Graph.CommitGraph(ctx, space, commits) })
}

func (g connectedGraph) ReadOutbox(ctx context.Context, space, after string, limit int) ([]resolve.OutboxItem, error) {
	return checked(ctx, g.connection, func() ([]resolve.OutboxItem, error) { return g.Graph.ReadOutbox(ctx, space, after, limit) })
}

func (g connectedGraph) TrimOutbox(ctx context.Context, space, through string) error {
	if err := g.check(ctx); err != nil {
		return err
	}
	return g.Graph.TrimOutbox(ctx, space, through)
}

func (g connectedGraph) DueComponents(ctx context.Context, space string, now int64, limit int) ([]resolve.ComponentKey, error) {
	return checked(ctx, g.connection, func() ([]resolve.ComponentKey, error) { return g.Graph.DueComponents(ctx, space, now, limit) })
}

// connectedMarkers are the markers of a server as one process reaches them.
type connectedMarkers struct{ *connection }

func (m connectedMarkers) Epoch() uint64 { return m.epoch }

func (m connectedMarkers) LoadMarkers(ctx context.Context, keys []resolve.MarkerKey) ([]resolve.NodeMarkers, error) {
	return checked(ctx, m.connection, func() ([]resolve.NodeMarkers, error) {
		node := resolve.NodeMarkers{Node: "memory", Holds: m.server.holds, Markers: make([]resolve.Marker, len(keys)), Known: make([]bool, len(keys))}
		for i, k := range keys {
			node.Markers[i], node.Known[i] = m.server.marks[k], m.server.has(k)
		}
		return []resolve.NodeMarkers{node}, nil
	})
}

func (s *server) has(k resolve.MarkerKey) bool {
	_, known := s.marks[k]
	return known
}

func (m connectedMarkers) Advance(ctx context.Context, k resolve.MarkerKey, from int64, to resolve.Marker) (bool, error) {
	return checked(ctx, m.connection, func() (bool, error) {
		stored, known := m.server.marks[k]
		if !known || stored.LogID != to.LogID || stored.Next < from {
			return false, nil
		}
		m.server.marks[k] = to
		return true, nil
	})
}

func (m connectedMarkers) Settle(ctx context.Context, keys []resolve.MarkerKey, markers []resolve.Marker) error {
	if err := m.check(ctx); err != nil {
		return err
	}
	for i, k := range keys {
		if stored, known := m.server.marks[k]; !known || stored.LogID != markers[i].LogID {
			m.server.marks[k] = markers[i]
		}
	}
	m.server.holds = true
	return nil
}

func (connectedMarkers) RewriteFiles(context.Context) error { return nil }

func (m connectedMarkers) HoldsLeaves(ctx context.Context) (bool, error) {
	return m.server.holds, m.check(ctx)
}

// placesOf lists the places that a worker has.
func (w *world) placesOf(i int) []place {
	return slices.DeleteFunc(slices.Clone(w.h.places), func(p place) bool { return w.positions[p].worker != i })
}
