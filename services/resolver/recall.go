package resolver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// What is compared with the store when another server was met: records of the time before the last one. A server loses seconds. Overrides are
// few; of the other topics less is read, since every event may bring a record.
const (
	recallOwners = 15 * time.Minute
	recallOthers = 30 * time.Second
	// recallRecords is the most that is compared of a partition, the newest.
	recallRecords = 100_000
)

// toldRecords gives what was told on a topic lately, in the order of each partition.
type toldRecords func(ctx context.Context, topic string, lately time.Duration, fn func(stream.Record) error) error

// recall puts in order what was told of a state that the store then lost: components, owners, places of identifiers, profiles. Evidence that came before the
// loss comes again, and may come to its end by another way, on which nobody speaks of them.
//
// It is done by whoever publishes a space, when he begins and in each epoch of the store: cut short it is done again, and where nothing
// was lost it finds nothing.
func (s *Service) recall(ctx context.Context, space string) error {
	if faults.forgetTold || s.told == nil {
		return nil
	}
	if err := s.recallGraph(ctx, space); err != nil {
		return fmt.Errorf("comparing what was told of components: %w", err)
	}
	if err := s.recallOwners(ctx, space); err != nil {
		return fmt.Errorf("comparing what was told of owners: %w", err)
	}
	if err := s.recallMap(ctx, space); err != nil {
		return fmt.Errorf("comparing what was told of identifiers: %w", err)
	}
	if err := s.recallProfiles(ctx, space); err != nil {
		return fmt.Errorf("comparing what was told of profiles: %w", err)
	}
	return nil
}

// recallOwners: readers of rcu.owners go on showing the owner of an override of a lost state, while the store has forgotten that it was published,
// and so nothing would ever correct it. What the topic knows of a leaf and the store does not counts as under way: the owner is published again
// under a higher number, with the profiles between which the leaf moved.
func (s *Service) recallOwners(ctx context.Context, space string) error {
	var some []*eventpb.Owner
	found := 0
	flush := func() error {
		n, err := s.recallSome(ctx, space, some)
		some, found = some[:0], found+n
		return err
	}
	err := s.toldValues(ctx, stream.TopicOwners, recallOwners, func(r stream.Record) error {
		o := &eventpb.Owner{}
		if err := r.Decode(o); err != nil || len(o.GetLeafKey()) != resolve.LeafKeySize || o.GetSpace() != space {
			return err
		}
		if some = append(some, o); len(some) < ownerLeaves {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err == nil && found > 0 {
		s.deps.Log.Warn("redis lost that owners were published", zap.String("space", space), zap.Int("leaves", found))
	}
	return err
}

// recallSome publishes the owners once more of those leaves of which an override was told that the store does not know, or knows as under way, and
// returns how many they are.
func (s *Service) recallSome(ctx context.Context, space string, told []*eventpb.Owner) (int, error) {
	if err := keepLease(ctx); err != nil {
		return 0, err
	}
	forgotten, out, err := s.forgotten(ctx, space, told)
	if err != nil || len(forgotten) == 0 {
		return 0, err
	}
	if err := s.announceAgain(ctx, space, forgotten, out); err != nil {
		return 0, err
	}
	return len(forgotten), s.publishOwnersOf(ctx, space, forgotten, s.deps.Now())
}

// forgotten lists the leaves of which the store does not know what was told last, with what that was.
func (s *Service) forgotten(ctx context.Context, space string, told []*eventpb.Owner) (leaves []leafRef, out []published, err error) {
	newest := map[string]*eventpb.Owner{}
	for _, o := range told {
		if held := newest[string(o.GetLeafKey())]; held == nil || held.GetVersion() < o.GetVersion() {
			newest[string(o.GetLeafKey())] = o
		}
	}
	keys := slices.Sorted(maps.Keys(newest))
	values := make([]string, len(keys))
	for i, key := range keys {
		values[i] = resolve.OwnerValue(space, []byte(key))
	}
	cells, err := s.deps.Cells.LoadCells(ctx, values)
	if err != nil {
		return nil, nil, fmt.Errorf("reading published owners: %w", err)
	}
	for i, key := range keys {
		last, err := decodeOverride(cells[i].Value)
		if err != nil {
			return nil, nil, err
		}
		o := newest[key]
		if number := o.GetVersion(); number > last.number || number == last.number && strings.HasPrefix(last.owner, unsure) {
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

// toldValues gives what was told lately, without tombstones, which tell nothing.
func (s *Service) toldValues(ctx context.Context, topic string, lately time.Duration, fn func(stream.Record) error) error {
	return s.toldLately(ctx, topic, lately, func(r stream.Record) error {
		if r.Value == nil {
			return nil
		}
		return fn(r)
	})
}

// toldLately gives what was told lately, and keeps the lease meanwhile.
func (s *Service) toldLately(ctx context.Context, topic string, lately time.Duration, fn func(stream.Record) error) error {
	return s.told(ctx, topic, lately, func(r stream.Record) error {
		if err := keepLease(ctx); err != nil {
			return err
		}
		return fn(r)
	})
}

// toldOn reads the newest records of a broker.
func toldOn(client *stream.Client) toldRecords {
	return func(ctx context.Context, topic string, lately time.Duration, fn func(stream.Record) error) error {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		for p := range n {
			from, err := latest(ctx, client, topic, p, lately)
			if err != nil {
				return err
			}
			if from < 0 {
				continue
			}
			if err := client.ReadFrom(ctx, topic, p, from, fn); err != nil {
				return fmt.Errorf("reading %s: %w", topic, err)
			}
		}
		return nil
	}
}

var errFound = errors.New("found")

// latest is the offset from which on a partition is compared; negative where it is empty.
func latest(ctx context.Context, client *stream.Client, topic string, partition int, lately time.Duration) (int64, error) {
	bounds, err := client.Bounds(ctx, topic, partition)
	if err != nil {
		return 0, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
	}
	b := bounds[partition]
	if b.End <= b.Start {
		return -1, nil
	}
	last := time.Time{}
	err = client.ReadFrom(ctx, topic, partition, b.End-1, func(r stream.Record) error {
		last = r.Time
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return 0, fmt.Errorf("reading the last record of %s: %w", topic, err)
	}
	most := max(b.Start, b.End-recallRecords)
	if last.IsZero() {
		return most, nil // compaction took it away
	}
	from, err := client.OffsetAt(ctx, topic, partition, last.Add(-lately))
	if err != nil {
		return 0, fmt.Errorf("looking for the newest records of %s: %w", topic, err)
	}
	return max(from, most), nil
}
