package resolver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// drainOutbox publishes what the next entries of the outbox changed, from the state as it is now. Profiles wait in the queue of all
// others, so that a person whom the same events changed goes out once; entries are forgotten once the changelog was whole behind them
// and the queue is out. However much the entries changed, it is read and published in parts of bounded size. When it took so long that
// the lease may have run out meanwhile, it publishes once more: somebody else's newer records may lie before these, and compaction keeps
// the last one.
func (s *Service) drainOutbox(ctx context.Context, space string) (int, error) {
	r := s.runs.run(space)
	if err := s.trimOutbox(ctx, space, r); err != nil || s.pending.full() {
		return 0, err
	}
	entries, err := s.deps.Graph.ReadOutbox(ctx, space, r.after, outboxEntries)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	now := s.deps.Now()
	for attempt := range overtaken {
		if faults.skipOutbox {
			break
		}
		now = s.deps.Now()
		s.oweEntries(space, entries, r, attempt > 0)
		if err := s.publishEntries(ctx, space, entries, r, now); err != nil {
			return 0, err
		}
		if s.deps.Now().Sub(now) < s.cfg.Lease/2 {
			break
		}
	}
	last := entries[len(entries)-1]
	if r.after = last.ID; r.whole(last.Version) {
		return len(entries), s.tellWhole(ctx, space, r, last, now)
	}
	return len(entries), nil
}

func (s *Service) publishEntries(ctx context.Context, space string, entries []resolve.OutboxEntry, r *run, now time.Time) error {
	if err := s.publishTransitions(ctx, space, entries); err != nil {
		return err
	}
	if err := s.publishGraph(ctx, space, entries, r, now); err != nil {
		return err
	}
	changed := changedKeys(entries)
	if err := s.publishMap(ctx, space, linking(changed), now); err != nil {
		return err
	}
	return s.publishOwners(ctx, space, changed, now)
}

// oweEntries has the profiles of entries wait among the others, unless they do already and nothing has to go out again.
func (s *Service) oweEntries(space string, entries []resolve.OutboxEntry, r *run, again bool) {
	if round, ahead := s.express.owed(space, entries); ahead && !again {
		r.owed = round
		return
	}
	r.owed = s.pending.owe(changedProfiles(space, entries))
}

// publishTransitions tells rcu.identity what happened. Most entries hold one transition, so those of many travel together.
func (s *Service) publishTransitions(ctx context.Context, space string, entries []resolve.OutboxEntry) error {
	var records []stream.Record
	for i, e := range entries {
		more, err := s.transitions(space, e)
		if err != nil {
			return err
		}
		if records = append(records, more...); len(records) < publishChunk && i < len(entries)-1 {
			continue
		}
		if err := s.out.PublishAll(ctx, records); err != nil {
			return fmt.Errorf("publishing transitions: %w", err)
		}
		records = records[:0]
	}
	return nil
}

// transitions are the records of an entry.
func (s *Service) transitions(space string, e resolve.OutboxEntry) ([]stream.Record, error) {
	at := time.Unix(e.Now, 0)
	records := make([]stream.Record, 0, len(e.Transitions))
	for n, t := range e.Transitions {
		m := &eventpb.Transition{
			Id: strconv.FormatUint(e.Version, 10) + "-" + strconv.Itoa(n), Space: space, Kind: string(t.Kind), RcuId: s.name(space, t.Profile),
			Before: s.names(space, t.Before), After: s.names(space, t.After), Identifiers: s.names(space, t.Identifiers),
			CauseKind: t.CauseKind, CauseId: causeID(t), Reason: t.Reason, At: at.UnixMicro(), Version: e.Version,
		}
		r, err := stream.Encode(stream.TopicIdentity, []byte(m.GetRcuId()), m, at)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		s.metrics.transitions.WithLabelValues(m.GetKind()).Inc()
	}
	return records, nil
}

// causeID names a cause without showing a source's own text: ids of events, of their decisions and of the acts they carry begin
// with it. The clock and the rules have numbers.
func causeID(t resolve.Transition) string {
	if t.CauseKind == "clock" || t.CauseKind == "rules" {
		return t.CauseID
	}
	sum := sha256.Sum256([]byte(t.CauseID))
	return hex.EncodeToString(sum[:8])
}

func (s *Service) names(space string, keys []identifier.Key) []string {
	out := make([]string, 0, len(keys))
	for _, k := range keys {
		out = append(out, s.name(space, k))
	}
	return out
}

// publishGraph brings the components that were written, as they are now, and tombstones of those that are gone.
func (s *Service) publishGraph(ctx context.Context, space string, entries []resolve.OutboxEntry, r *run, now time.Time) error {
	var keys []resolve.ComponentKey
	seen, gone := map[resolve.ComponentKey]bool{}, map[resolve.ComponentKey]uint64{}
	for _, e := range entries {
		for _, c := range slices.Concat(e.Written, e.Gone) {
			if !seen[c] {
				seen[c] = true
				keys = append(keys, c)
			}
		}
		for _, c := range e.Gone {
			gone[c] = e.Version
		}
	}
	for some := range slices.Chunk(keys, publishChunk) {
		if err := renewLease(ctx); err != nil {
			return err
		}
		records, err := s.graphChangelog(ctx, space, some, gone, r, now)
		if err != nil {
			return err
		}
		if err := s.out.PublishAll(ctx, records); err != nil {
			return fmt.Errorf("publishing components: %w", err)
		}
	}
	return nil
}

// graphChangelog makes the records of components. One that is gone by an entry to come gets its tombstone with that.
func (s *Service) graphChangelog(ctx context.Context, space string, keys []resolve.ComponentKey, gone map[resolve.ComponentKey]uint64, r *run, now time.Time) ([]stream.Record, error) {
	standing, err := s.deps.Graph.Records(ctx, space, keys)
	if err != nil {
		return nil, fmt.Errorf("reading components: %w", err)
	}
	records := make([]stream.Record, 0, len(keys))
	for _, c := range keys {
		key := []byte(space + ":" + hex.EncodeToString(c[:]))
		value, stands := standing[c]
		version, told := gone[c]
		switch {
		case stands:
			r.published(value)
			record, err := stream.Encode(stream.TopicGraph, key, &eventpb.Changelog{Space: space, Key: c[:], Value: []byte(value), Version: resolve.RecordVersion(value)}, now)
			if err != nil {
				return nil, err
			}
			records = append(records, record)
		case told:
			delete(r.ahead, c)
			records = append(records, graphTombstone(key, version, now))
		default:
			r.ahead[c] = struct{}{}
		}
	}
	return records, nil
}

// publishMap says where identifiers stand now.
func (s *Service) publishMap(ctx context.Context, space string, keys []identifier.Key, now time.Time) error {
	for some := range slices.Chunk(keys, publishChunk) {
		if err := renewLease(ctx); err != nil {
			return err
		}
		records, err := s.identityMap(ctx, space, some, now)
		if err != nil {
			return err
		}
		if err := s.out.PublishAll(ctx, records); err != nil {
			return fmt.Errorf("publishing the identity map: %w", err)
		}
	}
	return nil
}

func (s *Service) identityMap(ctx context.Context, space string, keys []identifier.Key, now time.Time) ([]stream.Record, error) {
	entries, err := s.mapEntries(ctx, space, keys, now)
	if err != nil {
		return nil, err
	}
	records := make([]stream.Record, 0, len(entries))
	for i, m := range entries {
		r, err := encodeMapEntry(space, keys[i].Namespace, m, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func linking(keys []identifier.Key) []identifier.Key {
	out := keys[:0:0]
	for _, k := range keys {
		if k.Namespace.Links() {
			out = append(out, k)
		}
	}
	return out
}

// changedKeys lists the identifiers that entries speak of, each once.
func changedKeys(entries []resolve.OutboxEntry) []identifier.Key {
	var out []identifier.Key
	seen := map[identifier.Key]bool{}
	for _, e := range entries {
		for _, c := range e.Changed {
			if !seen[c.Key] {
				seen[c.Key] = true
				out = append(out, c.Key)
			}
		}
	}
	return out
}

// changedProfiles lists the profiles that were before and are after the entries, each once, and which identifiers were in each before.
func changedProfiles(space string, entries []resolve.OutboxEntry) []owedProfile {
	var profiles []owedProfile
	place := map[identifier.Key]int{}
	add := func(k, holder identifier.Key, entered bool) {
		i, known := place[k]
		if !k.Namespace.Links() {
			return
		}
		if !known {
			i = len(profiles)
			place[k] = i
			profiles = append(profiles, owedProfile{person: person{space, k}, everywhere: true})
		}
		profiles[i].holder = holder
		profiles[i].entered = profiles[i].entered || entered
	}
	for _, e := range entries {
		for _, c := range e.Changed {
			before := c.Before
			if before.Value == "" {
				before = c.Key // it had no record: its profile was itself, if it had one
			}
			add(before, c.After, false)
			add(c.After, c.After, c.Before.Value != "" && c.Before != c.After)
			if i, known := place[before]; known && before != c.Key && c.After != before && c.Key.Namespace.Links() {
				profiles[i].left = append(profiles[i].left, c.Key)
			}
		}
	}
	return profiles
}
