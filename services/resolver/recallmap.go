package resolver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// Headers of a record of rcu.identity.map: of which space and namespace the identifier is that it names.
const (
	MapSpace     = "rcu-space"
	MapNamespace = "rcu-namespace"
)

// toldPlace is where an identifier was told to stand last.
type toldPlace struct {
	*eventpb.MapEntry
	key identifier.Key
}

// recallMap publishes again where identifiers stand of which something else was told. Nothing else would tell it of one that a lost commit
// moved and that the same evidence in another order leaves where it was.
func (s *Service) recallMap(ctx context.Context, space string) error {
	newest := map[string]toldPlace{}
	found := 0
	compare := func() error {
		for names := range slices.Chunk(slices.Sorted(maps.Keys(newest)), publishChunk) {
			n, err := s.recallPlaces(ctx, space, names, newest)
			if err != nil {
				return err
			}
			found += n
		}
		clear(newest)
		return nil
	}
	err := s.toldValues(ctx, stream.TopicIdentityMap, recallOthers, func(r stream.Record) error {
		m := &eventpb.MapEntry{}
		if err := r.Decode(m); err != nil || string(r.Header(MapSpace)) != space {
			return err
		}
		k, ok := s.keyOfOwner(space, m.GetName())
		if held := newest[m.GetName()]; ok && held.GetVersion() <= m.GetVersion() {
			k.Namespace = identifier.Namespace(r.Header(MapNamespace))
			newest[m.GetName()] = toldPlace{m, k}
		}
		if len(newest) < recallRecords {
			return nil
		}
		return compare()
	})
	if err == nil {
		err = compare()
	}
	if err == nil && found > 0 {
		s.deps.Log.Warn("identifiers were told of another state than that of redis", zap.String("space", space), zap.Int("identifiers", found))
	}
	return err
}

// recallPlaces publishes where some identifiers stand that were told to stand elsewhere, under a version above the one that was told: the record of
// the identifier may be older. It returns how many.
func (s *Service) recallPlaces(ctx context.Context, space string, names []string, told map[string]toldPlace) (int, error) {
	if err := keepLease(ctx); err != nil {
		return 0, err
	}
	keys := make([]identifier.Key, len(names))
	for i, name := range names {
		keys[i] = told[name].key
	}
	now := s.deps.Now()
	entries, err := s.mapEntries(ctx, space, keys, now)
	if err != nil {
		return 0, err
	}
	var records []stream.Record
	for i, m := range entries {
		said := told[m.GetName()]
		if said.GetCanonical() == m.GetCanonical() && said.GetStanding() == m.GetStanding() {
			continue
		}
		m.Version = max(m.GetVersion(), said.GetVersion()+1)
		r, err := encodeMapEntry(space, keys[i].Namespace, m, now)
		if err != nil {
			return 0, err
		}
		records = append(records, r)
	}
	if err := s.out.PublishAll(ctx, records); err != nil {
		return 0, fmt.Errorf("publishing the identity map: %w", err)
	}
	return len(records), nil
}

// mapEntries say where identifiers stand now.
func (s *Service) mapEntries(ctx context.Context, space string, keys []identifier.Key, now time.Time) ([]*eventpb.MapEntry, error) {
	view, err := s.deps.Graph.View(ctx, space, keys, now.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading identifiers that changed: %w", err)
	}
	entries := make([]*eventpb.MapEntry, 0, len(keys))
	for _, k := range keys {
		entries = append(entries, &eventpb.MapEntry{
			Name: s.name(space, k), Canonical: s.name(space, view.Naming(k)), Standing: view.Standing(k).String(), Version: view.Version(k),
		})
	}
	return entries, nil
}

func encodeMapEntry(space string, ns identifier.Namespace, m *eventpb.MapEntry, now time.Time) (stream.Record, error) {
	r, err := stream.Encode(stream.TopicIdentityMap, []byte(m.GetName()), m, now)
	r.Headers = append(r.Headers, stream.Header{Key: MapSpace, Value: []byte(space)}, stream.Header{Key: MapNamespace, Value: []byte(ns)})
	return r, err //nolint:wrapcheck // says all
}
