package resolver

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// drainOutbox publishes what the next entries of the outbox changed, from the state as it is now, and then forgets them.
func (s *Service) drainOutbox(ctx context.Context, space string) (int, error) {
	entries, err := s.deps.Graph.ReadOutbox(ctx, space, "", outboxEntries)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	now := s.deps.Now()
	records, err := s.transitions(space, entries)
	if err != nil {
		return 0, err
	}
	graph, err := s.graphChangelog(ctx, space, entries, now)
	if err != nil {
		return 0, err
	}
	names, err := s.identityMap(ctx, space, entries, now)
	if err != nil {
		return 0, err
	}
	owners, err := s.ownersOf(ctx, space, changedKeys(entries), now)
	if err != nil {
		return 0, err
	}
	changed, left := changedProfiles(entries)
	profiles, err := s.profileRecords(ctx, space, changed, left, now)
	if err != nil {
		return 0, err
	}
	records = append(append(append(append(records, graph...), names...), owners.records...), profiles...)
	if err := s.deps.Output.PublishAll(ctx, records); err != nil {
		return 0, fmt.Errorf("publishing the outbox: %w", err)
	}
	if err := s.deps.Cells.SetPlain(ctx, owners.published); err != nil {
		return 0, fmt.Errorf("remembering published owners: %w", err)
	}
	s.metrics.owners.Add(float64(len(owners.records)))
	if err := s.deps.Graph.TrimOutbox(ctx, space, entries[len(entries)-1].ID); err != nil {
		return 0, fmt.Errorf("trimming the outbox: %w", err)
	}
	return len(entries), nil
}

// transitions are the records of rcu.identity.
func (s *Service) transitions(space string, entries []resolve.OutboxEntry) ([]stream.Record, error) {
	var records []stream.Record
	for _, e := range entries {
		at := time.Unix(e.Now, 0)
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
	}
	return records, nil
}

// causeID shows the id of a cause only where it was made by us or an operator: an event's id is the source's own text.
func causeID(t resolve.Transition) string {
	if t.CauseKind == "event" {
		return eventDigest(t.CauseID)
	}
	return t.CauseID
}

func (s *Service) names(space string, keys []identifier.Key) []string {
	out := make([]string, 0, len(keys))
	for _, k := range keys {
		out = append(out, s.name(space, k))
	}
	return out
}

// graphChangelog brings the components that were written, as they are now, and tombstones of those that are gone.
func (s *Service) graphChangelog(ctx context.Context, space string, entries []resolve.OutboxEntry, now time.Time) ([]stream.Record, error) {
	wanted := map[resolve.ComponentKey]bool{}
	for _, e := range entries {
		for _, c := range e.Written {
			wanted[c] = true
		}
		for _, c := range e.Gone {
			wanted[c] = true
		}
	}
	keys := make([]resolve.ComponentKey, 0, len(wanted))
	for c := range wanted {
		keys = append(keys, c)
	}
	standing, err := s.deps.Graph.Records(ctx, space, keys)
	if err != nil {
		return nil, fmt.Errorf("reading components: %w", err)
	}
	records := make([]stream.Record, 0, len(keys))
	for _, c := range keys {
		key := []byte(space + ":" + hex.EncodeToString(c[:]))
		value, stands := standing[c]
		if !stands {
			records = append(records, stream.Tombstone(stream.TopicGraph, key, now))
			continue
		}
		r, err := stream.Encode(stream.TopicGraph, key, &eventpb.Changelog{Space: space, Key: c[:], Value: []byte(value), Version: resolve.RecordVersion(value)}, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// identityMap says where the identifiers that changed stand now.
func (s *Service) identityMap(ctx context.Context, space string, entries []resolve.OutboxEntry, now time.Time) ([]stream.Record, error) {
	keys := linking(changedKeys(entries))
	view, err := s.deps.Graph.View(ctx, space, keys, now.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading identifiers that changed: %w", err)
	}
	records := make([]stream.Record, 0, len(keys))
	for _, k := range keys {
		m := &eventpb.MapEntry{
			Name: s.name(space, k), Canonical: s.name(space, view.Naming(k)), Standing: view.Standing(k).String(), Version: view.Version(k),
		}
		r, err := stream.Encode(stream.TopicIdentityMap, []byte(m.GetName()), m, now)
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
func changedProfiles(entries []resolve.OutboxEntry) (profiles []identifier.Key, left map[identifier.Key][]identifier.Key) {
	seen, left := map[identifier.Key]bool{}, map[identifier.Key][]identifier.Key{}
	for _, e := range entries {
		for _, c := range e.Changed {
			before := c.Before
			if before.Value == "" {
				before = c.Key // it had no record: its profile was itself
			}
			for _, k := range [...]identifier.Key{before, c.After} {
				if k.Namespace.Links() && !seen[k] {
					seen[k] = true
					profiles = append(profiles, k)
				}
			}
			if before != c.Key && c.After != before && c.Key.Namespace.Links() {
				left[before] = append(left[before], c.Key)
			}
		}
	}
	return profiles, left
}
