package judge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
	"rcu/services/e2e/resp"
	"rcu/services/internal/demo"
)

// state is an installation beside its oracle.
type state struct {
	f      *fleet.Fleet
	o      *oracle
	v      *Verdict
	cells  resolve.Cells
	graph  *resolve.Graph
	reader *resolve.Reader
	topics *topics
	ledger *load.Ledger
}

// eventOf is the event of a decision: the ids of its decisions begin with its own.
func eventOf(decision string) string {
	if i := strings.LastIndexByte(decision, '#'); i >= 0 {
		return decision[:i]
	}
	return decision
}

// leaves compares every leaf in Redis with its oracle, byte for byte.
func (s *state) leaves(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(s.o.leaves))
	s.v.Leaves = len(names)
	for some := range slices.Chunk(names, factsAtOnce) {
		cells, err := s.cells.LoadCells(ctx, some)
		if err != nil {
			return fmt.Errorf("reading leaves: %w", err)
		}
		for i, name := range some {
			got, err := profile.Decode(cells[i].Value)
			if err != nil {
				s.v.differ("unreadable leaf", "%s: %v", name, err)
				continue
			}
			s.leaf(name, s.o.leaves[name], got)
		}
	}
	return nil
}

func (s *state) leaf(name string, want *leaf, got *profile.State) {
	if want.state.EqualContent(got) {
		return
	}
	wanted, counted := countersOf(want.state), countersOf(got)
	if wanted == counted && string(want.state.Facts()) == string(got.Facts()) {
		s.v.differ("leaf in redis, sealed traits", "%s", name)
		return
	}
	for _, e := range want.events {
		if got.Judge(e) == profile.Folded { // it does not know it
			s.v.lose(keyOf(e), "redis")
		}
	}
	if eventsIn(got) > eventsIn(want.state) && len(want.events) > 0 {
		s.v.double(keyOf(want.events[0]), "redis (or another event of its leaf)")
	}
	s.v.differ("leaf in redis", "%s: wanted %s, got %s", name, wanted, counted)
}

func countersOf(s *profile.State) string {
	var out []string
	for _, c := range s.Counters() {
		out = append(out, fmt.Sprintf("%s=%d", c.Type, c.N))
	}
	for _, x := range s.Sums() {
		out = append(out, fmt.Sprintf("%s/%d/%d=%d-%d/%d", x.Currency, x.Month, x.Channel, x.Sales, x.Returns, x.Tickets))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func eventsIn(s *profile.State) (n int64) {
	for _, c := range s.Counters() {
		n += c.N
	}
	return n
}

// foreignLeaves finds leaves that no accepted event has.
func (s *state) foreignLeaves(ctx context.Context) error {
	redis, err := resp.Dial(ctx, s.f.Server(fleet.Redis).Addr())
	if err != nil {
		return err
	}
	defer redis.Close()
	return redis.Scan("l:*", func(key string) {
		if s.o.leaves[key] == nil {
			s.v.differ("leaf in redis that no event has", "%s", key)
		}
	})
}

// people compares the grouping of identifiers: their standing, and who names them.
func (s *state) people(ctx context.Context) error {
	keys := slices.SortedFunc(maps.Keys(s.o.keys), func(a, b identifier.Key) int { return strings.Compare(a.Value, b.Value) })
	for some := range slices.Chunk(keys, factsAtOnce) {
		want, err := s.o.graph.View(ctx, demo.Space, some, s.o.now)
		if err != nil {
			return fmt.Errorf("reading the offline graph: %w", err)
		}
		got, err := s.graph.View(ctx, demo.Space, some, s.o.now)
		if err != nil {
			return fmt.Errorf("reading the graph: %w", err)
		}
		for _, k := range some {
			if want.Standing(k) != got.Standing(k) || want.Naming(k) != got.Naming(k) {
				s.v.differ("identifier in the wrong person", "%s %s: wanted %s %s, got %s %s", k.Namespace, s.o.name(k),
					want.Standing(k), s.o.name(want.Naming(k)), got.Standing(k), s.o.name(got.Naming(k)))
			}
			s.mapped(k, want)
		}
	}
	return nil
}
