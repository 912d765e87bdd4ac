package resolver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// ErrStateMissing says that Redis does not hold the state that the group's offsets stand for, and that the markers cannot say from where
// to read again.
var ErrStateMissing = errors.New("redis does not hold the state of the events that were read (wiped, or another server): stop the resolvers and run `rcu rebuild redis`")

// errBehind says that a batch found Redis behind what its markers have to say: it is resolved again after a look at all of them.
var errBehind = errors.New("redis lacks what was written before this batch")

// watchEvery is how often a process looks for another server while no batch comes.
const watchEvery = 200 * time.Millisecond

// seeker lets partitions be read again; a *stream.Consumer.
type seeker interface {
	SeekBack(topic string, partition int, offset int64) bool
}

// keeper compares what this process wrote with what the store still holds, by the markers of the partitions it reads, and has read again what
// was lost.
//
// A batch runs within one epoch of the store: its calls fail once another server is met. Between two epochs no batch runs, so that nothing
// that was kept of the store before a loss is used behind it.
type keeper struct {
	marks  resolve.Markers // nil: a store that loses nothing
	group  string
	log    *zap.Logger
	forget func()                              // drops everything that mirrors the store
	worked func(context.Context) (bool, error) // whether the group has read or published anything
	seek   seeker

	running sync.RWMutex  // batches hold it shared, a look at the markers alone
	epoch   atomic.Uint64 // the one in which the markers were looked at last; changed by a look alone
	parts   map[resolve.MarkerKey]*kept

	mu    sync.Mutex
	doubt bool  // look at the markers, whatever the epoch
	fatal error // why nothing is resolved any more
	stop  func()
}

// kept is what this process knows of a partition that it reads.
type kept struct {
	logID  [16]byte
	start  int64 // of the log
	next   int64 // behind what it wrote
	behind bool  // what was read beyond next has to be read again
}

// begin binds a batch to the epoch of the store and makes sure that the store holds everything before it. When the batch has ended, the
// caller calls done.
func (k *keeper) begin(ctx context.Context, b stream.Batch) (bound context.Context, done func(), err error) {
	if k.marks == nil {
		return ctx, func() {}, nil
	}
	for {
		k.running.RLock()
		epoch := k.marks.Epoch()
		if epoch == k.epoch.Load() && !k.doubted() {
			if bound = resolve.Planned(ctx, epoch); faults.unbound {
				bound = ctx
			}
			break
		}
		k.running.RUnlock()
		if err := k.look(ctx); err != nil {
			return nil, nil, err
		}
	}
	if err := k.check(bound, b); err != nil {
		k.running.RUnlock()
		return nil, nil, err
	}
	return bound, k.running.RUnlock, nil
}

// check fails when the store does not hold everything before a batch.
func (k *keeper) check(ctx context.Context, b stream.Batch) error {
	key := resolve.MarkerKey{Group: k.group, Topic: b.Topic, Partition: b.Partition}
	p := k.parts[key]
	if p == nil {
		return nil // taken away meanwhile: whoever has it now looks for himself
	}
	if behind := p.behind; behind {
		p.behind = false
		if p.next < b.First() {
			return &stream.Rewind{Offset: p.next}
		}
	}
	if faults.skipMarks {
		return nil
	}
	nodes, err := k.marks.LoadMarkers(ctx, []resolve.MarkerKey{key})
	if err != nil {
		return fmt.Errorf("reading markers: %w", err)
	}
	for i := range nodes {
		if m, known := nodes[i].Of(0, p.logID); !known || m < min(b.First(), p.next) {
			k.setDoubt(true)
			return errBehind
		}
	}
	return nil
}

// finish leaves the marker of a batch on every node, behind everything that the batch wrote there.
func (k *keeper) finish(ctx context.Context, b stream.Batch) error {
	if k.marks == nil {
		return nil
	}
	key := resolve.MarkerKey{Group: k.group, Topic: b.Topic, Partition: b.Partition}
	p := k.parts[key]
	if p == nil {
		return nil
	}
	held, err := k.marks.Advance(ctx, key, min(b.First(), p.next), resolve.Marker{LogID: p.logID, Next: b.Next()})
	if err != nil {
		return fmt.Errorf("leaving a marker: %w", err)
	}
	if !held && !faults.skipMarks {
		k.setDoubt(true)
		return errBehind
	}
	p.next = b.Next()
	return nil
}

// assigned lowers the offsets of partitions to where the store stands.
func (k *keeper) assigned(ctx context.Context, parts []stream.Assignment) error {
	if k.marks == nil {
		return nil
	}
	k.running.Lock()
	defer k.running.Unlock()
	epoch := k.marks.Epoch()
	if epoch != k.epoch.Load() || k.doubted() {
		k.drop()
	}
	ctx = resolve.Planned(ctx, epoch)
	keys := make([]resolve.MarkerKey, len(parts))
	for i, a := range parts {
		keys[i] = resolve.MarkerKey{Group: k.group, Topic: a.Topic, Partition: a.Partition}
	}
	nodes, err := k.load(ctx, keys)
	if err != nil {
		return err
	}
	markers := make([]resolve.Marker, len(parts))
	own := make(map[resolve.MarkerKey]*kept, len(parts))
	for i := range parts {
		a := &parts[i]
		from := lowest(nodes, i, a.LogID, a.Offset, a.Start)
		if from < a.Start {
			return k.fail(fmt.Errorf("%s/%d was read to %d, redis stands at %d and the log begins at %d: %w", a.Topic, a.Partition, a.Offset, from, a.Start, ErrStateMissing))
		}
		if from < a.Offset {
			k.log.Warn("redis lost what was written; reading again", zap.String("topic", a.Topic), zap.Int("partition", a.Partition),
				zap.Int64("committed", a.Offset), zap.Int64("from", from))
			if !faults.skipMarks {
				a.Offset = from
			}
		}
		markers[i] = resolve.Marker{LogID: a.LogID, Next: a.Offset}
		own[keys[i]] = &kept{logID: a.LogID, start: a.Start, next: a.Offset}
	}
	if err := k.marks.Settle(ctx, keys, markers); err != nil {
		return fmt.Errorf("leaving first markers: %w", err)
	}
	k.parts = own
	k.epoch.Store(epoch)
	k.setDoubt(false)
	return nil
}

// lowest is the offset up to which every node holds a partition, at most at. A node that is marked as holding state and knows nothing of the
// partition holds nothing of it; one that is not marked holds as much as was committed (load has looked at it).
func lowest(nodes []resolve.NodeMarkers, i int, logID [16]byte, at, start int64) int64 {
	from := at
	for n := range nodes {
		m, known := nodes[n].Of(i, logID)
		switch {
		case known:
			from = min(from, m)
		case nodes[n].Holds:
			from = min(from, start)
		}
	}
	return from
}

// load reads markers. It fails for good when a node has none and holds nothing, although events were read.
func (k *keeper) load(ctx context.Context, keys []resolve.MarkerKey) ([]resolve.NodeMarkers, error) {
	nodes, err := k.marks.LoadMarkers(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading markers: %w", err)
	}
	for i := range nodes {
		if nodes[i].Holds {
			continue
		}
		leaves, err := k.marks.HoldsLeaves(ctx)
		if err != nil {
			return nil, fmt.Errorf("looking for state without markers: %w", err)
		}
		if leaves { // of a version before the markers, or moved to a new node
			break
		}
		worked, err := k.worked(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking what the group has read and published: %w", err)
		}
		if worked {
			return nil, k.fail(fmt.Errorf("redis node %s: %w", nodes[i].Node, ErrStateMissing))
		}
		return allHold(nodes), nil
	}
	return nodes, nil
}

// allHold marks the nodes of an installation that has read nothing for good: what they do not know of, they do not hold.
func allHold(nodes []resolve.NodeMarkers) []resolve.NodeMarkers {
	for i := range nodes {
		nodes[i].Holds = true
	}
	return nodes
}

// look compares the markers with what was written, and has read again what is missing. No batch runs meanwhile.
func (k *keeper) look(ctx context.Context) error {
	k.running.Lock()
	defer k.running.Unlock()
	epoch := k.marks.Epoch()
	if epoch == k.epoch.Load() && !k.doubted() {
		return nil
	}
	k.drop()
	ctx = resolve.Planned(ctx, epoch)
	keys := make([]resolve.MarkerKey, 0, len(k.parts))
	for key := range k.parts {
		keys = append(keys, key)
	}
	nodes, err := k.load(ctx, keys)
	if err != nil {
		return err
	}
	markers := make([]resolve.Marker, len(keys))
	for i, key := range keys {
		p := k.parts[key]
		from := lowest(nodes, i, p.logID, p.next, p.start)
		markers[i] = resolve.Marker{LogID: p.logID, Next: from}
		if from == p.next || faults.skipMarks {
			continue
		}
		k.log.Warn("redis lost what was written; reading again", zap.String("topic", key.Topic), zap.Int("partition", key.Partition),
			zap.Int64("written", p.next), zap.Int64("from", from))
		p.next, p.behind = from, true
		k.seek.SeekBack(key.Topic, key.Partition, from)
	}
	if err := k.marks.Settle(ctx, keys, markers); err != nil {
		return fmt.Errorf("leaving markers again: %w", err)
	}
	k.epoch.Store(epoch)
	k.setDoubt(false)
	return nil
}

// watch looks at the markers when another server was met, also while no batch comes.
func (k *keeper) watch(ctx context.Context) error {
	if k.marks == nil {
		return nil
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		k.greet(ctx)
		if err := k.lookAnew(ctx); err != nil && ctx.Err() == nil && k.err() == nil {
			k.log.Warn("looking at the markers of redis", zap.Error(err))
		}
	}
}

// greet speaks to every server: of a cluster in which nothing happens, one that started again or took over would else be met with the next batch only.
func (k *keeper) greet(ctx context.Context) {
	_, _ = k.marks.LoadMarkers(ctx, nil) // a server that is away says so to the look
}

// lookAnew looks at the markers if those of this epoch were not looked at yet, or something speaks for another look: a look has every batch
// wait for the longest one.
func (k *keeper) lookAnew(ctx context.Context) error {
	if k.marks.Epoch() == k.epoch.Load() && !k.doubted() && !faults.barrier {
		return nil
	}
	return k.look(ctx)
}

// now is the epoch of the store.
func (k *keeper) now() uint64 {
	if k.marks == nil {
		return 0
	}
	return k.marks.Epoch()
}

// planned binds work that is no batch to the epoch of now.
func (k *keeper) planned(ctx context.Context) context.Context {
	if k.marks == nil {
		return ctx
	}
	return resolve.Planned(ctx, k.marks.Epoch())
}

// onFailure sets what ends the resolver.
func (k *keeper) onFailure(stop func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stop = stop
}

func (k *keeper) revoked() {
	k.running.Lock()
	defer k.running.Unlock()
	k.parts = nil
}

func (k *keeper) drop() {
	if !faults.keepCaches {
		k.forget()
	}
}

func (k *keeper) doubted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.doubt
}

func (k *keeper) setDoubt(doubt bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.doubt = doubt
}

// fail ends the resolver.
func (k *keeper) fail(err error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fatal = err
	if k.stop != nil {
		k.stop()
	}
	return err
}

// err is why the resolver ended by itself.
func (k *keeper) err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fatal
}
