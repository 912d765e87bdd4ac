package privacy

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// turnKey is the key of a record that says nothing: behind it a broker begins a new segment, and compacts the one before.
const turnKey = "turn"

// compactedTopics are those that hold something of a person under keys of their own.
func compactedTopics() []string {
	return []string{stream.TopicLeaves, stream.TopicRegisters, stream.TopicOwners, stream.TopicProfiles, stream.TopicIdentityMap, stream.TopicGraph}
}

// tellGone tells changelogs that values are gone: as values without content, above all that were told before, since a rebuild takes the newest whatever
// order it reads them in. The last time tombstones follow, behind which nothing of the keys is left either.
func (s *Service) tellGone(ctx context.Context, r *removal, last bool) error {
	now := s.deps.Now()
	var out []stream.Record
	for _, tell := range []func(context.Context, *removal, bool, time.Time) ([]stream.Record, error){s.leavesGone, s.referencesGone, s.profilesGone} {
		records, err := tell(ctx, r, last, now)
		if err != nil {
			return err
		}
		out = append(out, records...)
	}
	if err := s.publish(ctx, out); err != nil || !last {
		return err
	}
	turns, err := s.turns(ctx, now)
	if err != nil {
		return err
	}
	return s.publish(ctx, turns) // behind what was told, not in one batch with it
}

func (s *Service) publish(ctx context.Context, out []stream.Record) error {
	for part := range slices.Chunk(out, together) {
		if err := s.deps.Output.Publish(ctx, part); err != nil {
			return fmt.Errorf("publishing that values are gone: %w", err)
		}
		if err := s.at("told"); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) leavesGone(ctx context.Context, r *removal, last bool, now time.Time) (out []stream.Record, err error) {
	numbers := map[string]int64{}
	for _, l := range r.Leaves {
		if numbers[l.Space] == 0 {
			if numbers[l.Space], err = s.deps.Cells.Count(ctx, "ov:"+l.Space, 1); err != nil {
				return nil, fmt.Errorf("numbering owners: %w", err)
			}
		}
		key := resolve.LeafCell(l.Space, l.Controller, l.key())
		value, err := gone(stream.TopicLeaves, l.Space, key, l.Version+1, now)
		if err != nil {
			return nil, err
		}
		of := []byte(l.Space + ":" + hex.EncodeToString(l.key()))
		if out = append(out, value); last { // ClickHouse takes in no row of it any more
			out = append(out, stream.Tombstone(stream.TopicLeaves, []byte(key), now), stream.Tombstone(stream.TopicOwners, of, now))
			continue
		}
		owner, err := stream.Encode(stream.TopicOwners, of, &eventpb.Owner{
			Space: l.Space, Controller: l.Controller, LeafKey: l.key(), Version: uint64(numbers[l.Space]), //nolint:gosec // G115: the counter starts at 1
		}, now)
		if err != nil {
			return nil, err //nolint:wrapcheck // says all
		}
		out = append(out, owner)
	}
	return out, nil
}

// gone is a value without content.
func gone(topic, space, key string, version uint64, now time.Time) (stream.Record, error) {
	return stream.Encode(topic, []byte(key), &eventpb.Changelog{Space: space, Key: []byte(key), Version: version}, now) //nolint:wrapcheck // says all
}

// referencesGone tells how registers of references are now: those that name somebody else stay.
func (s *Service) referencesGone(ctx context.Context, r *removal, last bool, now time.Time) (out []stream.Record, err error) {
	for part := range slices.Chunk(r.References, together) {
		names := make([]string, len(part))
		for i, p := range part {
			names[i] = resolve.ReferenceCell(p.Space, p.key())
		}
		cells, err := s.deps.Cells.LoadCells(ctx, names)
		if err != nil {
			return nil, fmt.Errorf("reading reference registers: %w", err)
		}
		for i, c := range cells {
			if c.Version == 0 {
				continue // there never was one
			}
			record, err := stream.Encode(stream.TopicRegisters, []byte(c.Key), &eventpb.Changelog{
				Space: part[i].Space, Key: []byte(c.Key), Value: c.Value, Version: c.Version,
			}, now)
			if err != nil {
				return nil, err //nolint:wrapcheck // says all
			}
			if out = append(out, record); last && len(c.Value) == 0 {
				out = append(out, stream.Tombstone(stream.TopicRegisters, []byte(c.Key), now))
			}
		}
	}
	return out, nil
}

// profilesGone tells readers that profiles are gone, and the last time takes away what was told of them, and of identifiers on the map.
func (s *Service) profilesGone(ctx context.Context, r *removal, last bool, now time.Time) (out []stream.Record, err error) {
	numbers := map[string]int64{}
	for _, p := range r.Profiles {
		key := []byte(p.Space + ":" + p.Controller + ":" + s.name(p.pointGone))
		if last {
			out = append(out, stream.Tombstone(stream.TopicProfiles, key, now))
			continue
		}
		if !p.Canonical {
			continue
		}
		if numbers[p.Space] == 0 {
			if numbers[p.Space], err = s.deps.Cells.Count(ctx, "pv:"+p.Space, 1); err != nil {
				return nil, fmt.Errorf("numbering profiles: %w", err)
			}
		}
		record, err := stream.Encode(stream.TopicProfiles, key, profile.Gone(profile.About{
			Space: p.Space, Controller: p.Controller, RCUID: s.name(p.pointGone), Version: uint64(numbers[p.Space]), //nolint:gosec // G115: the counter starts at 1
		}), now)
		if err != nil {
			return nil, err //nolint:wrapcheck // says all
		}
		out = append(out, record)
	}
	for _, p := range r.Points {
		if last {
			out = append(out, stream.Tombstone(stream.TopicIdentityMap, []byte(s.name(p)), now))
		}
	}
	return out, nil
}

// turns are records that say nothing, one on each partition of each changelog.
func (s *Service) turns(ctx context.Context, now time.Time) (out []stream.Record, err error) {
	for _, topic := range compactedTopics() {
		n, err := s.deps.Stream.Partitions(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		for p := range n {
			r := stream.Tombstone(topic, []byte(turnKey), now)
			r.Pinned, r.Partition = true, p
			out = append(out, r)
		}
	}
	return out, nil
}
