package resolver

import (
	"context"
	"encoding/hex"
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

// recallComponents is how much of rcu.graph is compared, back from the last record of a partition: a publisher that took longer than that until
// the changelog was whole again leaves older records.
const recallComponents = 15 * time.Minute

// toldComponent is the newest version that was told of a component.
type toldComponent struct {
	version uint64
	gone    bool
}

// recallGraph overrules what rcu.graph holds of commits that the store lost, or that a rebuild passed over because they were not out whole. Evidence that
// came before the loss comes again, and may come to its end without touching them. As soon as the changelog were told to be whole up to their versions, the
// next rebuild would take them for what came later: halves of commits, and tombstones of components that stand.
func (s *Service) recallGraph(ctx context.Context, space string) error {
	newest := map[resolve.ComponentKey]toldComponent{}
	found := 0
	compare := func() error {
		for keys := range slices.Chunk(slices.Collect(maps.Keys(newest)), publishChunk) {
			n, err := s.overrule(ctx, space, keys, newest)
			if err != nil {
				return err
			}
			found += n
		}
		clear(newest)
		return nil
	}
	err := s.toldLately(ctx, stream.TopicGraph, recallComponents, func(r stream.Record) error {
		of, x, is, err := GraphRecord(r)
		if err != nil || !is || of != space {
			return err
		}
		if held := newest[x.Component]; held.version <= x.Version {
			newest[x.Component] = toldComponent{x.Version, len(x.Value) == 0}
		}
		if len(newest) < recallRecords {
			return nil
		}
		return compare()
	})
	if err == nil {
		err = compare()
	}
	if err != nil {
		return err
	}
	if found > 0 {
		s.deps.Log.Warn("components were told of another state than that of redis", zap.String("space", space), zap.Int("components", found))
	}
	return s.wholeBehind(ctx, space)
}

// wholeBehind lets the changelog be whole only behind what stands in the outbox now: of a component that was written again since it was told of a lost
// commit, the entry of that says so.
func (s *Service) wholeBehind(ctx context.Context, space string) error {
	_, newest, err := s.deps.Graph.OutboxEnds(ctx, space)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	r := s.runs.run(space)
	r.newest = max(r.newest, newest)
	return nil
}

// overrule publishes those of some components of which something newer was told than the store holds, under versions above it. It returns how many of
// them stand. Of one that is gone nobody knows whether it was lost or is about to be told: it is told to be gone, which is true of both.
func (s *Service) overrule(ctx context.Context, space string, keys []resolve.ComponentKey, told map[resolve.ComponentKey]toldComponent) (int, error) {
	if err := keepLease(ctx); err != nil {
		return 0, err
	}
	standing, err := s.deps.Graph.Records(ctx, space, keys)
	if err != nil {
		return 0, fmt.Errorf("reading components: %w", err)
	}
	lost := slices.DeleteFunc(slices.Clone(keys), func(c resolve.ComponentKey) bool {
		value, stands := standing[c]
		return stands && told[c].version <= resolve.RecordVersion(value) || !stands && told[c].gone
	})
	if len(lost) == 0 {
		return 0, nil
	}
	now := s.deps.Now()
	version, err := s.deps.Graph.Overrule(ctx, space, lost, now.Unix())
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	gone := make(map[resolve.ComponentKey]uint64, len(lost))
	for _, c := range lost {
		gone[c] = version
	}
	records, err := s.graphChangelog(ctx, space, lost, gone, s.runs.run(space), now)
	if err != nil {
		return 0, err
	}
	if err := s.out.PublishAll(ctx, records); err != nil {
		return 0, fmt.Errorf("publishing components: %w", err)
	}
	return len(slices.DeleteFunc(lost, func(c resolve.ComponentKey) bool { return standing[c] == "" })), nil
}

// GraphRecord reads a record of rcu.graph; is says that it tells of a component.
func GraphRecord(r stream.Record) (space string, x resolve.StoredRecord, is bool, err error) {
	if r.Value == nil {
		space, x.Component, is = parseComponent(r.Key)
		x.Version = TombstoneVersion(r)
		return space, x, is, nil
	}
	var c eventpb.Changelog
	if err := r.Decode(&c); err != nil {
		return "", x, false, fmt.Errorf("reading a component: %w", err)
	}
	if len(c.GetKey()) != len(x.Component) || len(c.GetValue()) == 0 {
		return "", x, false, nil
	}
	return c.GetSpace(), resolve.StoredRecord{Component: resolve.ComponentKey(c.GetKey()), Version: c.GetVersion(), Value: c.GetValue()}, true, nil
}

// parseComponent reads the key of a record of rcu.graph.
func parseComponent(key []byte) (space string, c resolve.ComponentKey, ok bool) {
	i := strings.LastIndexByte(string(key), ':')
	if i < 0 {
		return "", c, false
	}
	raw, err := hex.DecodeString(string(key[i+1:]))
	if err != nil || len(raw) != len(c) {
		return "", c, false
	}
	return string(key[:i]), resolve.ComponentKey(raw), true
}
