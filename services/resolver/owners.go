package resolver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// owners are overrides to publish, and what has to be remembered of them once they are out.
type owners struct {
	records   []stream.Record
	published []resolve.Plain
}

// leafRef is a leaf that names one of the identifiers that changed.
type leafRef struct {
	controller string
	key        []byte
	state      *profile.State
	said       []byte // the owner published last; nil = none
}

// ownersOf returns an override for every leaf of keys whose owner is not what its rows say. Its number is drawn before
// anything is read: of two overrides of one leaf, the higher number has read later.
func (s *Service) ownersOf(ctx context.Context, space string, keys []identifier.Key, now time.Time) (owners, error) {
	number, err := s.deps.Cells.Count(ctx, "ov:"+space, 1)
	if err != nil {
		return owners{}, fmt.Errorf("numbering owners: %w", err)
	}
	leaves, err := s.leavesOf(ctx, space, keys)
	if err != nil || len(leaves) == 0 {
		return owners{}, err
	}
	references, also := make([]identifier.Key, 0, len(leaves)), []identifier.Key(nil)
	for _, l := range leaves {
		if ref := l.state.Leaf().Reference; ref.Value != "" {
			references = append(references, ref)
		}
	}
	registers, err := resolve.LoadRegisters(ctx, s.deps.Cells, space, references)
	if err != nil {
		return owners{}, err
	}
	for _, l := range leaves {
		also = identity.OwnersKeys(l.state.Leaf(), registers[l.state.Leaf().Reference], also)
	}
	people, err := s.deps.Graph.View(ctx, space, also, now.Unix())
	if err != nil {
		return owners{}, fmt.Errorf("reading the owners of leaves: %w", err)
	}
	kernel, err := s.deps.Graph.Kernel(ctx, space)
	if err != nil {
		return owners{}, err
	}
	var out owners
	for _, l := range leaves {
		owner := s.nameOf(space, resolve.OwnerOf(kernel, l.state, registers[l.state.Leaf().Reference], people, now.Unix()))
		if err := out.add(space, l, owner, uint64(number), now); err != nil { //nolint:gosec // G115: the counter starts at 1
			return owners{}, err
		}
	}
	return out, nil
}

// add publishes the owner of a leaf unless that is what its rows say already.
func (o *owners) add(space string, l leafRef, owner string, number uint64, now time.Time) error {
	said := l.state.Written()
	if l.said != nil {
		said = string(l.said)
	}
	if said == rowOwner(owner) {
		return nil
	}
	key := []byte(space + ":" + hex.EncodeToString(l.key))
	r, err := stream.Encode(stream.TopicOwners, key, &eventpb.Owner{
		Space: space, Controller: l.controller, LeafKey: l.key, RcuId: owner, Version: number,
	}, now)
	if err != nil {
		return err
	}
	o.records = append(o.records, r)
	o.published = append(o.published, resolve.Plain{Key: resolve.OwnerValue(space, l.key), Value: []byte(rowOwner(owner))})
	return nil
}

// leavesOf reads the leaves that name identifiers, each once. A leaf that is listed and still empty is left out: whoever folds
// its first events looks at its owner once more when it stands (confirmFresh).
func (s *Service) leavesOf(ctx context.Context, space string, keys []identifier.Key) ([]leafRef, error) {
	sets := make([]string, len(keys))
	for i, k := range keys {
		sets[i] = resolve.LeafIndex(space, k)
	}
	indexes, err := s.deps.Cells.Members(ctx, sets)
	if err != nil {
		return nil, fmt.Errorf("reading leaf indexes: %w", err)
	}
	var leaves []leafRef
	var cells, said []string
	seen := map[string]bool{}
	for _, members := range indexes {
		for _, m := range members {
			controller, key, err := resolve.ParseLeafMember(m)
			if err != nil {
				return nil, err
			}
			if seen[string(key)] {
				continue
			}
			seen[string(key)] = true
			leaves = append(leaves, leafRef{controller: controller, key: key})
			cells, said = append(cells, resolve.LeafCell(space, controller, key)), append(said, resolve.OwnerValue(space, key))
		}
	}
	return s.loadLeaves(ctx, leaves, cells, said)
}

func (s *Service) loadLeaves(ctx context.Context, leaves []leafRef, cells, said []string) ([]leafRef, error) {
	states, err := s.deps.Cells.LoadCells(ctx, cells)
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	published, err := s.deps.Cells.GetPlain(ctx, said)
	if err != nil {
		return nil, fmt.Errorf("reading published owners: %w", err)
	}
	out := leaves[:0]
	for i, l := range leaves {
		if l.state, err = profile.Decode(states[i].Value); err != nil {
			return nil, fmt.Errorf("reading a leaf: %w", err)
		}
		if l.state.Empty() {
			continue
		}
		l.said = published[i]
		out = append(out, l)
	}
	return out, nil
}

// eventDigest names the event that caused a change without showing its source's text.
func eventDigest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}
