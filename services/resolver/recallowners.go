package resolver

import (
	"context"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// toldOwners: readers of rcu.owners go on showing the owner of an override of a lost state, while the store has forgotten that it was published,
// and so nothing would ever correct it. What the topic knows of a leaf and the store does not counts as under way: the owner is published again
// under a higher number, with the profiles between which the leaf moved.
type toldOwners struct {
	s      *Service
	space  string
	newest newest[string, *eventpb.Owner]
	found  int
}

func (t *toldOwners) note(r stream.Record) error {
	if r.Value == nil {
		return nil
	}
	o := &eventpb.Owner{}
	if err := r.Decode(o); err != nil || len(o.GetLeafKey()) != resolve.LeafKeySize || o.GetSpace() != t.space {
		return err //nolint:wrapcheck // says all
	}
	if leaf := string(o.GetLeafKey()); t.newest.of[leaf].GetVersion() <= o.GetVersion() {
		t.newest.keep(leaf, o)
	}
	return nil
}

// compare publishes the owners once more of those leaves of which an override was told that the store does not know, or knows as under way.
func (t *toldOwners) compare(ctx context.Context, most int) (left int, err error) {
	return t.newest.some(most, func(keys []string) error {
		leaves, out, err := t.forgotten(ctx, keys)
		if err != nil || len(leaves) == 0 {
			return err
		}
		if err := t.s.announceAgain(ctx, t.space, leaves, out); err != nil {
			return err
		}
		t.found += len(leaves)
		return t.s.publishOwnersOf(ctx, t.space, leaves, t.s.deps.Now())
	})
}

func (t *toldOwners) end(context.Context) error {
	if t.found > 0 {
		t.s.deps.Log.Warn("redis lost that owners were published", zap.String("space", t.space), zap.Int("leaves", t.found))
	}
	return nil
}

// forgotten lists the leaves of which the store does not know what was told last, with what that was.
func (t *toldOwners) forgotten(ctx context.Context, keys []string) (leaves []leafRef, out []published, err error) {
	values := make([]string, len(keys))
	for i, key := range keys {
		values[i] = resolve.OwnerValue(t.space, []byte(key))
	}
	cells, err := t.s.deps.Cells.LoadCells(ctx, values)
	if err != nil {
		return nil, nil, fmt.Errorf("reading published owners: %w", err)
	}
	for i, key := range keys {
		last, err := decodeOverride(cells[i].Value)
		if err != nil {
			return nil, nil, err
		}
		o := t.newest.of[key]
		number := o.GetVersion()
		if number > last.number || number == last.number && strings.HasPrefix(last.owner, unsure) {
			leaves = append(leaves, leafRef{controller: o.GetController(), key: []byte(key), told: o.GetRcuId()})
			out = append(out, published{leaf: []byte(key), override: override{number, rowOwner(o.GetRcuId())}})
		}
	}
	return leaves, out, nil
}

// announceAgain stores of overrides that were told and forgotten that they are under way, as it was before they were told: whoever told them may have
// been cut short before he told the profiles between which the leaves moved. Of a leaf that was lost with them it is remembered what was told.
func (s *Service) announceAgain(ctx context.Context, space string, leaves []leafRef, out []published) error {
	standing, err := s.loadLeaves(ctx, space, leaves)
	if err != nil {
		return err
	}
	said := map[string]string{}
	for i := range standing {
		said[string(standing[i].key)] = standing[i].said()
	}
	var known, lost []published
	for _, p := range out {
		if before, stands := said[string(p.leaf)]; stands && !faults.settledBlindly {
			p.before = before
			known = append(known, p)
		} else {
			lost = append(lost, p)
		}
	}
	if err := s.announce(ctx, space, known); err != nil {
		return err
	}
	return s.remember(ctx, space, lost)
}
