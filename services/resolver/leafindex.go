package resolver

import (
	"context"
	"fmt"

	"github.com/maypok86/otter/v2"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// maxListed is the number of index entries remembered as written.
const maxListed = 200_000

// listed remembers index entries that stand in Redis: an entry never goes away while its leaf lives, so it needs no second write
// before the leaf is erased (listAgain).
type listed struct {
	known *otter.Cache[resolve.Member, struct{}]
}

// forget drops what is remembered.
func (l *listed) forget() { l.known.InvalidateAll() }

func newListed() *listed {
	return &listed{otter.Must(&otter.Options[resolve.Member, struct{}]{MaximumSize: maxListed})}
}

// add writes the entries that are not known to stand, and returns those that were taken for standing.
func (l *listed) add(ctx context.Context, cells resolve.Cells, members []resolve.Member) (trusted []resolve.Member, err error) {
	fresh := members[:0:0]
	for _, m := range members {
		if _, ok := l.known.GetIfPresent(m); ok {
			trusted = append(trusted, m)
		} else {
			fresh = append(fresh, m)
		}
	}
	return trusted, l.write(ctx, cells, fresh)
}

// write writes entries, whatever is known of them.
func (l *listed) write(ctx context.Context, cells resolve.Cells, fresh []resolve.Member) error {
	if len(fresh) == 0 {
		return nil
	}
	if err := cells.AddMembers(ctx, fresh); err != nil {
		return fmt.Errorf("listing leaves: %w", err)
	}
	for _, m := range fresh {
		l.known.Set(m, struct{}{})
	}
	return nil
}

// listLeaves lists every leaf of the batch under the identifiers it names, before anything of the graph is read.
func (s *Service) listLeaves(ctx context.Context, w *work) error {
	var members []resolve.Member
	var buf [4]identifier.Key
	for _, i := range w.items {
		if i.cell() == "" {
			continue
		}
		member := resolve.LeafMember(i.event.GetController(), i.event.GetLeafKey())
		for _, k := range i.leaf.Keys(buf[:0]) {
			members = append(members, resolve.Member{Set: resolve.LeafIndex(w.space, k), Member: member})
		}
	}
	var err error
	w.trusted, err = s.listed.add(ctx, s.deps.Cells, members)
	return err
}

// listAgain lists a leaf that was taken for listed and turns out to be new: it was erased since it was listed, and its entries went with it.
func (s *Service) listAgain(ctx context.Context, w *work, items []*item) error {
	member := resolve.LeafMember(items[0].event.GetController(), items[0].event.GetLeafKey())
	var again []resolve.Member
	for _, m := range w.trusted {
		if m.Member == member {
			again = append(again, m)
		}
	}
	return s.listed.write(ctx, s.deps.Cells, again)
}
