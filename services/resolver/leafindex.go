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

// listed remembers index entries that stand in Redis: an entry never goes away while its leaf lives, so it needs no second write.
type listed struct {
	known *otter.Cache[resolve.Member, struct{}]
}

// forget drops what is remembered.
func (l *listed) forget() { l.known.InvalidateAll() }

func newListed() *listed {
	return &listed{otter.Must(&otter.Options[resolve.Member, struct{}]{MaximumSize: maxListed})}
}

// add writes the entries that are not known to stand.
func (l *listed) add(ctx context.Context, cells resolve.Cells, members []resolve.Member) error {
	fresh := members[:0:0]
	for _, m := range members {
		if _, ok := l.known.GetIfPresent(m); !ok {
			fresh = append(fresh, m)
		}
	}
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
	return s.listed.add(ctx, s.deps.Cells, members)
}
