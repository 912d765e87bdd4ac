package rebuild

import (
	"context"
	"errors"
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// place is where the resolver goes on in a partition.
type place struct {
	topic      string
	partition  int
	at         int64 // committed, which is on changelogs; negative: nothing is
	next, end  int64
	unfinished bool // the group never committed there: it begins by itself
}

var errFound = errors.New("found")

// places says of every partition that the resolver reads where it goes on: at its offset, set back by the margin.
func (w *work) places(ctx context.Context) ([]place, error) {
	topics := resolver.Topics()
	committed, err := w.deps.Stream.Committed(ctx, w.cfg.Group, topics...)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	var out []place
	for _, topic := range topics {
		for p, at := range committed[topic] {
			bounds, err := w.deps.Stream.Bounds(ctx, topic, p)
			if err != nil {
				return nil, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
			}
			x := place{topic: topic, partition: p, at: at, next: bounds[p].Start, end: bounds[p].End, unfinished: at < 0}
			if at >= 0 {
				if x.next, err = w.before(ctx, topic, p, at, bounds[p]); err != nil {
					return nil, err
				}
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// before is the offset that lies the margin before another one, by the time of the last record that was read: who is behind by a day
// is set back from there, not from now.
func (w *work) before(ctx context.Context, topic string, partition int, at int64, b stream.Bounds) (int64, error) {
	if w.cfg.Margin < 0 || at <= b.Start {
		return max(at, b.Start), nil
	}
	last := w.deps.now()
	err := w.deps.Stream.ReadFrom(ctx, topic, partition, at-1, func(r stream.Record) error {
		if r.Time.Before(last) {
			last = r.Time
		}
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return 0, fmt.Errorf("reading the last record of %s that was resolved: %w", topic, err)
	}
	back, err := w.deps.Stream.OffsetAt(ctx, topic, partition, last.Add(-w.cfg.Margin))
	if err != nil {
		return 0, err //nolint:wrapcheck // says all
	}
	return max(b.Start, min(at, back)), nil
}

// joinDecisions joins into the consent registers every decision that lies on Kafka behind the resolver: a denial that was answered must
// hold before anybody reads a profile.
func (w *work) joinDecisions(ctx context.Context) error {
	places, err := w.places(ctx)
	if err != nil {
		return err
	}
	var sources []source
	total := int64(0)
	for _, x := range places {
		if x.topic == stream.TopicConsents && x.next < x.end {
			sources = append(sources, source{x.topic, x.partition, x.next, x.end})
			total += x.end - x.next
		}
	}
	w.stage("joining consent decisions", total)
	return w.load(ctx, sources, 1, w.putDecisions)
}

// byRegister sorts decisions by the registers that they belong to.
func byRegister(records []stream.Record) (keys []string, byCell map[string][]*eventpb.Decision) {
	byCell = map[string][]*eventpb.Decision{}
	for _, r := range records {
		d := new(eventpb.Decision)
		if r.Value == nil || r.Decode(d) != nil || d.GetSpace() == "" || d.GetController() == "" || len(d.GetPoint().GetPseudonym()) != identifier.PseudonymSize {
			continue // the resolver puts it aside
		}
		k := identifier.Key{Namespace: identifier.Namespace(d.GetPoint().GetNamespace()), Value: string(d.GetPoint().GetPseudonym())}
		cell := resolve.DecisionCell(d, k)
		if byCell[cell] == nil {
			keys = append(keys, cell)
		}
		byCell[cell] = append(byCell[cell], d)
	}
	return keys, byCell
}

func (w *work) putDecisions(ctx context.Context, records []stream.Record) error {
	keys, byCell := byRegister(records)
	w.mu.Lock()
	w.report.Decisions += int64(len(records))
	w.mu.Unlock()
	for len(keys) > 0 {
		cells, err := w.cells.LoadCells(ctx, keys)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		var changed []resolve.Cell
		for _, c := range cells {
			joined, news, err := resolve.JoinDecisions(c.Key, c.Value, byCell[c.Key])
			if err != nil {
				return fmt.Errorf("reading a consent register: %w", err)
			}
			if news {
				c.Value = joined
				changed = append(changed, c)
			}
		}
		written, err := w.cells.CommitCells(ctx, changed)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		keys = keys[:0]
		for i, ok := range written {
			if !ok { // an ingestor was faster
				keys = append(keys, changed[i].Key)
			}
		}
	}
	return nil
}

// commit remembers a version of a space.
func (w *work) commit(space string, version uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.high[space] = max(w.high[space], version)
}

// raiseNumbers makes sure that numbers of commits, overrides and profiles come behind those that were published, also where the clock went back.
func (w *work) raiseNumbers(ctx context.Context) error {
	for space, version := range w.high {
		if err := w.graph.PutGraphMeta(ctx, space, resolve.GraphMeta{Version: version}); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	told, err := w.lastProfiles(ctx)
	if err != nil {
		return err
	}
	for space, seen := range w.spaces() {
		overrides, profiles := resolver.Counters(space)
		for key, least := range map[string]uint64{overrides: seen, profiles: told[space]} {
			if least == 0 {
				continue
			}
			n, err := w.cells.Count(ctx, key, 1)
			if err == nil && uint64(n) <= least { //nolint:gosec // G115: a count
				_, err = w.cells.Count(ctx, key, int64(least)-n+1) //nolint:gosec // G115: a count
			}
			if err != nil {
				return err //nolint:wrapcheck // says all
			}
		}
	}
	return nil
}

// lastRecords is how many of the last records of a partition are looked at for the highest number of a profile: several publish side by side, so the last
// one does not always have it.
const lastRecords = 1000

// lastProfiles finds, by space, the highest number under which a profile was told. Below it nothing that is told of a profile would count any more.
func (w *work) lastProfiles(ctx context.Context) (map[string]uint64, error) {
	out := map[string]uint64{}
	n, err := w.deps.Stream.Partitions(ctx, stream.TopicProfiles)
	if err != nil {
		return nil, fmt.Errorf("asking for the partitions of %s: %w", stream.TopicProfiles, err)
	}
	for p := range n {
		bounds, err := w.deps.Stream.Bounds(ctx, stream.TopicProfiles, p)
		if err != nil {
			return nil, fmt.Errorf("asking for the bounds of %s: %w", stream.TopicProfiles, err)
		}
		err = w.deps.Stream.ReadFrom(ctx, stream.TopicProfiles, p, bounds[p].End-lastRecords, func(r stream.Record) error {
			var told eventpb.Profile
			if len(r.Value) == 0 {
				return nil
			}
			if err := r.Decode(&told); err != nil {
				return err //nolint:wrapcheck // the caller says what
			}
			out[told.GetSpace()] = max(out[told.GetSpace()], told.GetVersion())
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading the last profiles: %w", err)
		}
	}
	return out, nil
}

// setBack sets the group back, and then says in Redis from where on it may lack something. A rebuild that is cut short between the two
// is done again.
func (w *work) setBack(ctx context.Context) error {
	places, err := w.places(ctx)
	if err != nil {
		return err
	}
	offsets := map[string]map[int]int64{}
	var keys []resolve.MarkerKey
	var markers []resolve.Marker
	for _, x := range places {
		w.report.Again += x.end - x.next
		if x.unfinished {
			continue
		}
		if offsets[x.topic] == nil {
			offsets[x.topic] = map[int]int64{}
		}
		offsets[x.topic][x.partition] = x.next
		log, err := w.deps.Stream.TopicLogID(ctx, x.topic)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		keys = append(keys, resolve.MarkerKey{Group: w.cfg.Group, Topic: x.topic, Partition: x.partition})
		markers = append(markers, resolve.Marker{LogID: log, Next: x.next})
	}
	if err := w.deps.Stream.SetOffsets(ctx, w.cfg.Group, offsets); err != nil {
		if errors.Is(err, stream.ErrGroupInUse) {
			return ErrResolverRuns
		}
		return err //nolint:wrapcheck // says all
	}
	return stateredis.NewMarkers(w.deps.Redis).Settle(ctx, keys, markers) //nolint:wrapcheck // says all
}
