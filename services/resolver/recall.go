package resolver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// recallWindow is how much of rcu.owners is compared with the store when another server was met: overrides of the minutes before its last
// record. A server loses seconds.
const recallWindow = 15 * time.Minute

// toldOwners gives what was told of the owners of leaves lately, in the order of each partition.
type toldOwners func(ctx context.Context, fn func(*eventpb.Owner) error) error

// recall puts in order what was told of a state that the store then lost. Readers of rcu.owners go on showing the owner of such an override, while
// the store has forgotten that it was published, and so nothing would ever correct it. What the topic knows of a leaf and the store does
// not is remembered, and where it is not the owner by the state, the owner is published again under a higher number.
//
// It is done by whoever publishes a space, when he begins and in each epoch of the store: cut short it is done again, and where nothing
// was lost it finds nothing.
func (s *Service) recall(ctx context.Context, space string) error {
	if faults.forgetTold || s.told == nil {
		return nil
	}
	var some []*eventpb.Owner
	found := 0
	flush := func() error {
		n, err := s.recallSome(ctx, space, some)
		some, found = some[:0], found+n
		return err
	}
	err := s.told(ctx, func(o *eventpb.Owner) error {
		if o.GetSpace() != space {
			return nil
		}
		if some = append(some, o); len(some) < ownerLeaves {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return fmt.Errorf("comparing what was told of owners: %w", err)
	}
	if found > 0 {
		s.deps.Log.Warn("redis lost that owners were published", zap.String("space", space), zap.Int("leaves", found))
	}
	return nil
}

// recallSome remembers what the store does not know of some overrides, and publishes the owners that are others.
func (s *Service) recallSome(ctx context.Context, space string, told []*eventpb.Owner) (int, error) {
	newest := map[string]*eventpb.Owner{}
	for _, o := range told {
		if held := newest[string(o.GetLeafKey())]; held == nil || held.GetVersion() < o.GetVersion() {
			newest[string(o.GetLeafKey())] = o
		}
	}
	var out []published
	var leaves []leafRef
	for key, o := range newest {
		out = append(out, published{leaf: []byte(key), override: override{o.GetVersion(), rowOwner(o.GetRcuId())}})
		leaves = append(leaves, leafRef{controller: o.GetController(), key: []byte(key)})
	}
	lost := make([]bool, len(out))
	at := map[string]int{}
	for i := range out {
		at[string(out[i].leaf)] = i
	}
	err := s.storeOverrides(ctx, space, out, func(p published, last override) (override, bool) {
		lost[at[string(p.leaf)]] = p.number > last.number
		return p.override, p.number > last.number
	})
	if err != nil {
		return 0, err
	}
	var forgotten []leafRef
	for i := range leaves {
		if lost[i] {
			forgotten = append(forgotten, leaves[i])
		}
	}
	if len(forgotten) == 0 {
		return 0, nil
	}
	return len(forgotten), s.publishOwnersOf(ctx, space, forgotten, s.deps.Now())
}

// toldOn reads the newest overrides of a broker.
func toldOn(client *stream.Client) toldOwners {
	return func(ctx context.Context, fn func(*eventpb.Owner) error) error {
		n, err := client.Partitions(ctx, stream.TopicOwners)
		if err != nil {
			return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicOwners, err)
		}
		for p := range n {
			from, err := lastMinutes(ctx, client, p)
			if err != nil {
				return err
			}
			if from < 0 {
				continue
			}
			err = client.ReadFrom(ctx, stream.TopicOwners, p, from, func(r stream.Record) error {
				o := &eventpb.Owner{}
				if r.Value == nil {
					return nil
				}
				if err := r.Decode(o); err != nil || len(o.GetLeafKey()) != resolve.LeafKeySize {
					return err
				}
				return fn(o)
			})
			if err != nil {
				return fmt.Errorf("reading %s: %w", stream.TopicOwners, err)
			}
		}
		return nil
	}
}

var errFound = errors.New("found")

// lastMinutes is the offset from which on a partition of rcu.owners is compared; negative where it is empty.
func lastMinutes(ctx context.Context, client *stream.Client, partition int) (int64, error) {
	bounds, err := client.Bounds(ctx, stream.TopicOwners, partition)
	if err != nil {
		return 0, fmt.Errorf("asking for the bounds of %s: %w", stream.TopicOwners, err)
	}
	b := bounds[partition]
	if b.End <= b.Start {
		return -1, nil
	}
	last := time.Time{}
	err = client.ReadFrom(ctx, stream.TopicOwners, partition, b.End-1, func(r stream.Record) error {
		last = r.Time
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return 0, fmt.Errorf("reading the last record of %s: %w", stream.TopicOwners, err)
	}
	if last.IsZero() {
		return b.Start, nil // compaction took it away
	}
	from, err := client.OffsetAt(ctx, stream.TopicOwners, partition, last.Add(-recallWindow))
	if err != nil {
		return 0, fmt.Errorf("looking for the last minutes of %s: %w", stream.TopicOwners, err)
	}
	return from, nil
}
