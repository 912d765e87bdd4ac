package resolver

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// ownerKeys is how many identifiers' leaves are looked for together, and ownerLeaves how many leaves are looked at together.
const (
	ownerKeys   = 200
	ownerLeaves = 500
)

// leafRef is a leaf whose owner is in question.
type leafRef struct {
	controller string
	key        []byte
	state      *profile.State
	last       override
	owner      string           // rcu_id now; empty = nobody
	told       string           // rcu_id that was told and that the store forgot
	again      bool             // an older owner was told behind the newest
	depends    []identifier.Key // identifiers that may own it
}

// said is what the rows of the leaf say, as far as one thing can be said of them.
func (l *leafRef) said() string {
	if l.last.owner != "" {
		return l.last.owner
	}
	return l.state.Written()
}

// due reports whether rows of the leaf say something else than its owner, or would by what was told last.
func (l *leafRef) due() bool { return l.again || l.said() != rowOwner(l.owner) }

// publishOwners publishes an override for every leaf of keys whose owner is not what its rows say, and the profiles between which
// those leaves moved.
func (s *Service) publishOwners(ctx context.Context, space string, keys []identifier.Key, now time.Time) error {
	for some := range slices.Chunk(keys, ownerKeys) {
		leaves, err := s.listedLeaves(ctx, space, some)
		if err != nil {
			return err
		}
		for few := range slices.Chunk(leaves, ownerLeaves) {
			if err := renewLease(ctx); err != nil {
				return err
			}
			if err := s.publishOwnersOf(ctx, space, few, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishOwnersOf publishes overrides of leaves, once more where somebody overtook it: compaction keeps the last record of a leaf and not the newest. In
// one process they go one after the other.
func (s *Service) publishOwnersOf(ctx context.Context, space string, leaves []leafRef, now time.Time) error {
	s.overriding.Lock()
	defer s.overriding.Unlock()
	for range overtaken {
		behind, err := s.publishOwnersOnce(ctx, space, leaves, now)
		if err != nil || len(behind) == 0 || faults.toldOnce {
			return err
		}
		leaves = behind
	}
	return nil
}

// publishOwnersOnce draws the number of its overrides before it reads anything: of two of one leaf, the higher number has read
// later. Overrides are announced before and remembered last, so that a publisher that is cut short publishes everything again.
// It returns the leaves of which somebody has announced a higher number meanwhile.
func (s *Service) publishOwnersOnce(ctx context.Context, space string, leaves []leafRef, now time.Time) (again []leafRef, err error) {
	number, err := s.deps.Cells.Count(ctx, "ov:"+space, 1)
	if err != nil {
		return nil, fmt.Errorf("numbering owners: %w", err)
	}
	if leaves, err = s.judge(ctx, space, leaves, now); err != nil {
		return nil, err
	}
	var records []stream.Record
	var out []published
	var moved []owedProfile
	for i := range leaves {
		l := &leaves[i]
		if !l.due() {
			continue
		}
		r, err := stream.Encode(stream.TopicOwners, []byte(space+":"+hex.EncodeToString(l.key)), &eventpb.Owner{
			Space: space, Controller: l.controller, LeafKey: l.key, RcuId: l.owner, Version: uint64(number), //nolint:gosec // G115: the counter starts at 1
		}, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		out = append(out, published{l.key, override{uint64(number), rowOwner(l.owner)}, l.said()}) //nolint:gosec // G115: as above
		moved = append(moved, s.between(space, l)...)
	}
	if err := s.announce(ctx, space, out); err != nil {
		return nil, err
	}
	if err := s.out.PublishAll(ctx, records); err != nil {
		return nil, fmt.Errorf("publishing owners: %w", err)
	}
	s.metrics.owners.Add(float64(len(records)))
	if err := s.tellMoved(ctx, space, eachOnce(moved)); err != nil {
		return nil, err
	}
	behind, err := s.rememberLast(ctx, space, out)
	for _, l := range leaves {
		if behind[string(l.key)] {
			again = append(again, leafRef{controller: l.controller, key: l.key, again: true})
		}
	}
	return again, err
}

// tellMoved tells the profiles between which leaves moved, and with them whatever else is pending of them, so that they do not go out once more in
// their turn. While a flush is under way they do: it may have read before, and come out behind.
func (s *Service) tellMoved(ctx context.Context, space string, moved []owedProfile) error {
	if len(moved) == 0 {
		return nil
	}
	if !s.flushing.TryLock() {
		return s.publishProfiles(ctx, space, moved)
	}
	defer s.flushing.Unlock()
	due := s.pending.takeProfiles(moved)
	if faults.owedDropped {
		due = moved
	}
	err := s.publishProfiles(ctx, space, byHolder(due))
	if err != nil {
		s.pending.owe(due)
	}
	return err
}

// eachOnce joins what is owed of the same profiles.
func eachOnce(owed []owedProfile) []owedProfile {
	place := map[person]int{}
	out := owed[:0:0]
	for _, o := range owed {
		if i, known := place[o.person]; known {
			out[i] = out[i].joined(o)
		} else {
			place[o.person] = len(out)
			out = append(out, o)
		}
	}
	return out
}

// between lists the profiles that a leaf may have left or entered. Under the name that its rows had it was told. Under the names of others that
// it depends on it may have been, where rows had several names, or where it was a register's to say whose it is.
func (s *Service) between(space string, l *leafRef) (owed []owedProfile) {
	said := strings.TrimPrefix(l.said(), unsure)
	anyones := said == profile.MixedRows || l.state.Leaf().Reference.Value != "" || faults.toldAlways
	add := func(k identifier.Key, lost bool) {
		o := owedProfile{person: person{space, k}, at: []string{l.controller}}
		if lost && !faults.toldNever {
			o.lost = o.at
		}
		owed = append(owed, o)
	}
	for _, k := range l.depends {
		if k.Namespace.Links() {
			add(k, anyones || s.name(space, k) == said)
		}
	}
	for i, name := range [...]string{said, l.owner, l.told} {
		k, ok := s.keyOfOwner(space, name)
		if ok && !slices.ContainsFunc(owed, func(o owedProfile) bool { return o.key.Value == k.Value }) {
			add(k, i != 1 || faults.toldAlways)
		}
	}
	return owed
}

// distinctKeys drops repeated identifiers.
func distinctKeys(keys []identifier.Key) []identifier.Key {
	seen := make(map[identifier.Key]bool, len(keys))
	return slices.DeleteFunc(keys, func(k identifier.Key) bool {
		known := seen[k]
		seen[k] = true
		return known
	})
}

// judge reads leaves, unless they bring their state, with what was published of them, and says whose they are now. Leaves that
// are listed and still empty are left out: whoever folds their first events looks at their owner when they stand (settle).
func (s *Service) judge(ctx context.Context, space string, leaves []leafRef, now time.Time) ([]leafRef, error) {
	leaves, err := s.loadLeaves(ctx, space, leaves)
	if err != nil || len(leaves) == 0 {
		return nil, err
	}
	var references, also []identifier.Key
	for _, l := range leaves {
		if ref := l.state.Leaf().Reference; ref.Value != "" {
			references = append(references, ref)
		}
	}
	registers, err := resolve.LoadRegisters(ctx, s.deps.Cells, space, references)
	if err != nil {
		return nil, err
	}
	for i := range leaves {
		l := &leaves[i]
		l.depends = identity.OwnersKeys(l.state.Leaf(), registers[l.state.Leaf().Reference], nil)
		also = append(also, l.depends...)
	}
	people, err := s.deps.Graph.View(ctx, space, also, now.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading the owners of leaves: %w", err)
	}
	choices, err := resolve.LoadChoices(ctx, s.deps.Cells, choicesOf(leaves))
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	kernel, err := s.deps.Graph.Kernel(ctx, space)
	if err != nil {
		return nil, err
	}
	for i := range leaves {
		l := &leaves[i]
		l.owner = s.nameOf(space, ownerOf(kernel, l.state, registers[l.state.Leaf().Reference], choices, people, now.Unix()))
	}
	return leaves, nil
}

// listedLeaves lists the leaves that name identifiers, each once.
func (s *Service) listedLeaves(ctx context.Context, space string, keys []identifier.Key) ([]leafRef, error) {
	sets := make([]string, len(keys))
	for i, k := range keys {
		sets[i] = resolve.LeafIndex(space, k)
	}
	indexes, err := s.deps.Cells.Members(ctx, sets)
	if err != nil {
		return nil, fmt.Errorf("reading leaf indexes: %w", err)
	}
	var leaves []leafRef
	seen := map[string]bool{}
	for _, members := range indexes {
		for _, m := range members {
			controller, key, err := resolve.ParseLeafMember(m)
			if err != nil {
				return nil, fmt.Errorf("reading a leaf index: %w", err)
			}
			if !seen[string(key)] {
				seen[string(key)] = true
				leaves = append(leaves, leafRef{controller: controller, key: key})
			}
		}
	}
	return leaves, nil
}

func (s *Service) loadLeaves(ctx context.Context, space string, leaves []leafRef) ([]leafRef, error) {
	cells, said := make([]string, len(leaves)), make([]string, len(leaves))
	for i, l := range leaves {
		cells[i], said[i] = resolve.LeafCell(space, l.controller, l.key), resolve.OwnerValue(space, l.key)
	}
	loaded, err := s.deps.Cells.LoadCells(ctx, append(cells, said...))
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	states, last := loaded[:len(leaves)], loaded[len(leaves):]
	out := make([]leafRef, 0, len(leaves))
	for i, l := range leaves {
		if l.state, err = profile.Decode(states[i].Value); err != nil {
			return nil, fmt.Errorf("reading a leaf: %w", err)
		}
		if l.state.Empty() {
			continue
		}
		if l.last, err = decodeOverride(last[i].Value); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// ownerOf is whom a leaf belongs to.
func ownerOf(k *identity.Kernel, s *profile.State, register identity.Register, choices resolve.Choices, people identity.People, now int64) identity.Owner {
	if l := s.Leaf(); faults.ignoreConsent && l.Device.Value != "" && l.Person.Value != "" {
		return identity.Owner{Key: people.Naming(l.Person)}
	}
	if faults.spaceChoices {
		return k.Owner(s.Leaf(), identity.Span{First: s.First() / 1e6, Last: s.Last() / 1e6}, register, people, now)
	}
	return resolve.OwnerOf(k, s, register, choices, people, now)
}
