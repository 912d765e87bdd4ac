package resolver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// publishChunk is how many values are read and published together.
const publishChunk = 500

// publishPending publishes what is pending, again and again, each thing at most once per PublishEvery.
func (s *Service) publishPending(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.PublishEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.flush(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("publishing changelogs", zap.Error(err))
		}
	}
}

// flush publishes everything pending. What could not be published stays pending, and offsets wait for it.
func (s *Service) flush(ctx context.Context) error {
	cells, profiles, at := s.pending.take()
	for len(cells) > 0 {
		n := min(len(cells), publishChunk)
		if err := s.publishCells(ctx, cells[:n]); err != nil {
			s.pending.add(cells, profiles)
			return err
		}
		cells = cells[n:]
	}
	bySpace := map[string][]identifier.Key{}
	for _, p := range profiles {
		bySpace[p.space] = append(bySpace[p.space], p.key)
	}
	for space, keys := range bySpace {
		if err := s.publishProfiles(ctx, space, keys); err != nil {
			s.pending.add(nil, profiles)
			return err
		}
	}
	s.pending.done(at)
	return nil
}

// publishCells puts the current value of cells on their changelogs. A value that moved meanwhile goes out once more, so that the
// last record of a key is never the older one of two workers'.
func (s *Service) publishCells(ctx context.Context, refs []cellRef) error {
	before, err := s.loadCells(ctx, refs)
	if err != nil {
		return err
	}
	now := s.deps.Now()
	records := make([]stream.Record, 0, len(refs))
	for i, ref := range refs {
		r, err := s.changelog(ref, before[i], now)
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	if err := s.deps.Output.PublishAll(ctx, records); err != nil {
		return fmt.Errorf("publishing changelogs: %w", err)
	}
	after, err := s.loadCells(ctx, refs)
	if err != nil {
		return err
	}
	var moved []cellRef
	for i, ref := range refs {
		if after[i].Version != before[i].Version {
			moved = append(moved, ref)
		}
	}
	s.pending.add(moved, nil)
	return nil
}

func (s *Service) loadCells(ctx context.Context, refs []cellRef) ([]resolve.Cell, error) {
	keys := make([]string, len(refs))
	for i, r := range refs {
		keys[i] = r.key
	}
	cells, err := s.deps.Cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading values to publish: %w", err)
	}
	return cells, nil
}

func (s *Service) changelog(ref cellRef, c resolve.Cell, now time.Time) (stream.Record, error) {
	if ref.topic == stream.TopicKeys {
		return s.subjectKeyRecord(ref, c, now)
	}
	return stream.Encode(ref.topic, []byte(ref.key), &eventpb.Changelog{
		Space: ref.space, Key: []byte(ref.key), Value: c.Value, Version: c.Version,
	}, now)
}

// subjectKeyRecord keeps the wrapped keys of subjects off the partition of the daily keys, which every process reads whole.
func (s *Service) subjectKeyRecord(ref cellRef, c resolve.Cell, now time.Time) (stream.Record, error) {
	r, err := stream.Encode(ref.topic, []byte(ref.key), &eventpb.WrappedKey{
		Controller: ref.about.controller, Subject: ref.about.subject, Wrapped: c.Value,
	}, now)
	if err != nil {
		return stream.Record{}, err
	}
	if s.keyPartitions > 1 {
		r.Pinned, r.Partition = true, 1+stream.PartitionOf(r.Key, s.keyPartitions-1)
	}
	return r, nil
}

func (s *Service) publishProfiles(ctx context.Context, space string, keys []identifier.Key) error {
	for len(keys) > 0 {
		n := min(len(keys), publishChunk)
		records, err := s.profileRecords(ctx, space, keys[:n], nil, s.deps.Now())
		if err != nil {
			return err
		}
		if err := s.deps.Output.PublishAll(ctx, records); err != nil {
			return fmt.Errorf("publishing profiles: %w", err)
		}
		keys = keys[n:]
	}
	return nil
}

// profileRecords combines the profiles that hold keys, one record a controller, and says of an id that is no longer canonical, or
// owns nothing any more, that it is gone. left lists identifiers that were in the profile of a key before: where their leaves lie, it
// may have been published. The number of the records is drawn before anything is read: the higher of two has read later.
func (s *Service) profileRecords(ctx context.Context, space string, keys []identifier.Key, left map[identifier.Key][]identifier.Key, now time.Time) ([]stream.Record, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	number, err := s.deps.Cells.Count(ctx, "pv:"+space, 1)
	if err != nil {
		return nil, fmt.Errorf("numbering profiles: %w", err)
	}
	asked, place := withLeft(keys, left)
	people, err := s.reader.People(ctx, space, asked, now.Unix())
	if err != nil {
		return nil, err
	}
	permissions, err := s.permissionsOf(ctx, space, people[:len(keys)], now)
	if err != nil {
		return nil, err
	}
	var messages []*eventpb.Profile
	done := map[identifier.Key]bool{}
	for i, key := range keys {
		p := people[i]
		var lost []string
		for _, k := range left[key] {
			lost = append(lost, controllersUnder(people[place[k]], k)...)
		}
		about := profile.About{Space: space, Version: uint64(number), RCUID: s.name(space, key)} //nolint:gosec // G115: the counter starts at 1
		if key.Value != p.Canonical.Value {
			for _, about.Controller = range distinct(append(lost, controllersUnder(p, key)...)) {
				messages = append(messages, profile.Gone(about))
			}
			lost = nil
		}
		if !done[p.Canonical] {
			done[p.Canonical] = true
			lost = slices.AppendSeq(lost, maps.Keys(p.Controllers()))
		}
		about.RCUID = s.name(space, p.Canonical)
		for _, about.Controller = range distinct(lost) {
			about.Permissions = permissions[controllerPerson{about.Controller, p.Canonical}]
			messages = append(messages, combine(p, about))
		}
	}
	return encodeProfiles(messages, now)
}

// withLeft lists keys and behind them what left them, each once, and says where each stands.
func withLeft(keys []identifier.Key, left map[identifier.Key][]identifier.Key) ([]identifier.Key, map[identifier.Key]int) {
	place := make(map[identifier.Key]int, len(keys))
	all := slices.Clone(keys)
	for i, k := range keys {
		place[k] = i
	}
	for _, key := range keys {
		for _, k := range left[key] {
			if _, there := place[k]; !there {
				place[k] = len(all)
				all = append(all, k)
			}
		}
	}
	return all, place
}

// controllersUnder lists the controllers of the leaves that name an identifier. Leaves never lose a name: where there is none, the
// profile of the identifier alone was never published.
func controllersUnder(p *resolve.Person, k identifier.Key) []string {
	var out []string
	for _, l := range p.Leaves {
		if slices.ContainsFunc(l.Under, func(m identifier.Key) bool { return m.Value == k.Value }) {
			out = append(out, l.Controller)
		}
	}
	return out
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// combine is the message of a person's profile at one controller.
func combine(p *resolve.Person, about profile.About) *eventpb.Profile {
	leaves := p.Owned(about.Controller)
	if len(leaves) == 0 {
		return profile.Gone(about)
	}
	for _, m := range p.Members {
		about.Identifiers = append(about.Identifiers, &eventpb.Identifier{Namespace: string(m.Namespace), Pseudonym: []byte(m.Value)})
	}
	combined := profile.Combine(leaves)
	return combined.Message(about)
}

func encodeProfiles(messages []*eventpb.Profile, now time.Time) ([]stream.Record, error) {
	records := make([]stream.Record, 0, len(messages))
	for _, m := range messages {
		r, err := stream.Encode(stream.TopicProfiles, []byte(m.GetSpace()+":"+m.GetController()+":"+m.GetRcuId()), m, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func microTime(micros int64) time.Time { return time.UnixMicro(micros) }
