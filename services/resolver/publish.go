package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// publishChunk is how many values are read and published together.
const publishChunk = 500

// profileChunk is how many profiles are combined together.
const profileChunk = 400

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

// flush publishes everything pending. What could not be published stays pending, and offsets wait for it. Flushes come one after
// the other: the time up to which everything is out belongs to one of them. Within one, several publications are under way: a flush
// holds each key once, so none of them passes another of its key.
func (s *Service) flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	t := s.pending.take()
	f := &flushed{s: s}
	keys, cells := keysFirst(t.cells)
	err := s.together(f.cells(ctx, keys))
	if err == nil {
		err = s.together(append(f.cells(ctx, cells), f.profiles(ctx, t.profiles)...))
	} else {
		f.again, f.owed = append(f.again, cells...), t.profiles
	}
	s.pending.add(f.again, nil)
	s.pending.owe(f.owed)
	if err != nil {
		return err
	}
	s.pending.done(t)
	return s.mark(ctx, t.at)
}

// keysFirst parts the keys of subjects from what they seal: values of a leaf that is out while its key is not would be lost with Redis.
func keysFirst(cells []cellRef) (keys, rest []cellRef) {
	for _, c := range cells {
		if c.topic == stream.TopicKeys {
			keys = append(keys, c)
		} else {
			rest = append(rest, c)
		}
	}
	return keys, rest
}

// flushed is what a flush leaves for the next one.
type flushed struct {
	s     *Service
	mu    sync.Mutex
	again []cellRef
	owed  []owedProfile
}

// cells are jobs that publish cells.
func (f *flushed) cells(ctx context.Context, cells []cellRef) (jobs []func() error) {
	for some := range slices.Chunk(cells, publishChunk) {
		jobs = append(jobs, func() error {
			left, err := f.s.publishAllCells(ctx, some)
			f.mu.Lock()
			defer f.mu.Unlock()
			f.again = append(f.again, left...)
			return err
		})
	}
	return jobs
}

// profiles are jobs that publish profiles.
func (f *flushed) profiles(ctx context.Context, profiles []owedProfile) (jobs []func() error) {
	for some := range slices.Chunk(bySpace(profiles), profileChunk) {
		jobs = append(jobs, func() error {
			err := f.s.publishOwed(ctx, some)
			if err != nil {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.owed = append(f.owed, some...)
			}
			return err
		})
	}
	return jobs
}

// together does jobs, as many at once as there are publishers, and all of them whatever becomes of the others.
func (s *Service) together(jobs []func() error) error {
	errs := make([]error, len(jobs))
	if s.cfg.Publishers == 1 {
		for i, job := range jobs {
			errs[i] = job()
		}
		return errors.Join(errs...)
	}
	var group errgroup.Group
	group.SetLimit(s.cfg.Publishers)
	for i, job := range jobs {
		group.Go(func() error {
			errs[i] = job()
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	return errors.Join(errs...)
}

// bySpace sorts profiles by space.
func bySpace(profiles []owedProfile) []owedProfile {
	slices.SortFunc(profiles, func(a, b owedProfile) int { return cmp.Compare(a.space, b.space) })
	return profiles
}

// publishOwed publishes profiles, space by space.
func (s *Service) publishOwed(ctx context.Context, profiles []owedProfile) error {
	for len(profiles) > 0 {
		space, n := profiles[0].space, 0
		keys, left := make([]identifier.Key, 0, len(profiles)), map[identifier.Key][]identifier.Key{}
		for ; n < len(profiles) && profiles[n].space == space; n++ {
			keys = append(keys, profiles[n].key)
			if len(profiles[n].left) > 0 {
				left[profiles[n].key] = profiles[n].left
			}
		}
		if err := s.publishProfiles(ctx, space, keys, left, nil); err != nil {
			return err
		}
		profiles = profiles[n:]
	}
	return nil
}

// overtaken is how often a value that moved while it was published is published again at once.
const overtaken = 3

// publishAllCells publishes cells and returns those whose last record may be an older value: after an error those not reached.
func (s *Service) publishAllCells(ctx context.Context, cells []cellRef) ([]cellRef, error) {
	for range overtaken {
		var moved []cellRef
		for len(cells) > 0 {
			n := min(len(cells), publishChunk)
			some, err := s.publishCells(ctx, cells[:n])
			if err != nil {
				return append(moved, cells...), err
			}
			moved, cells = append(moved, some...), cells[n:]
		}
		if cells = moved; len(cells) == 0 {
			break
		}
	}
	return cells, nil
}

// publishCells puts the current value of cells on their changelogs and returns those that moved meanwhile: another worker may have
// published the newer value before this one, and the last record of a key is the one that compaction keeps.
func (s *Service) publishCells(ctx context.Context, refs []cellRef) (moved []cellRef, err error) {
	before, err := s.loadCells(ctx, refs)
	if err != nil {
		return nil, err
	}
	now := s.deps.Now()
	records := make([]stream.Record, 0, len(refs))
	for i, ref := range refs {
		if before[i].Version == 0 {
			continue // it was never written: a register that nothing was said into
		}
		r, err := s.changelog(ref, before[i], now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	if err := s.out.PublishAll(ctx, records); err != nil {
		return nil, fmt.Errorf("publishing changelogs: %w", err)
	}
	after, err := s.loadCells(ctx, refs)
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		if after[i].Version != before[i].Version && !faults.keepOvertaken {
			moved = append(moved, ref)
		}
	}
	return moved, nil
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

// publishProfiles publishes the profiles that hold keys. left and at say where else they may have been published: see profileRecords.
func (s *Service) publishProfiles(ctx context.Context, space string, keys []identifier.Key, left map[identifier.Key][]identifier.Key, at map[identifier.Key][]string) error {
	for some := range slices.Chunk(keys, profileChunk) {
		records, err := s.profileRecords(ctx, space, some, left, at, s.deps.Now())
		if err != nil {
			return err
		}
		if err := s.out.PublishAll(ctx, records); err != nil {
			return fmt.Errorf("publishing profiles: %w", err)
		}
	}
	return nil
}

// profileRecords combines the profiles that hold keys, one record a controller, and says of an id that is no longer canonical, or
// owns nothing any more, that it is gone. left lists identifiers that were in the profile of a key before: where their leaves lie, it
// may have been published; and so it may at the controllers in at. The number of the records is drawn before anything is read: the higher of two has read later.
func (s *Service) profileRecords(ctx context.Context, space string, keys []identifier.Key, left map[identifier.Key][]identifier.Key, at map[identifier.Key][]string, now time.Time) ([]stream.Record, error) {
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
		lost := slices.Clone(at[key])
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
	if p.Standing != identity.Clean { // its leaves are not read, and they all name its only member
		return slices.Collect(maps.Keys(p.Controllers()))
	}
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
