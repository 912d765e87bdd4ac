package matcher

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"rcu/pkg/match"
	"rcu/pkg/resolve"
)

// Servers are those that the index lies on; a *stateredis.Markers.
type Servers interface {
	// Epoch grows whenever a server is met that is not one of those known, or that started again.
	Epoch() uint64
	// Tags are hash tags of keys, one of keys on each server; the empty one where any key lies on the only server.
	Tags(ctx context.Context) ([]string, error)
}

// planned binds a call to the servers of now: once another one is met, which may lack what was written last, it fails, and that the index holds
// what the call put there is not said.
func (s *Service) planned(ctx context.Context) context.Context {
	if s.deps.Servers == nil {
		return ctx
	}
	epoch := s.deps.Servers.Epoch()
	if s.doubts.another(epoch) {
		for partition, end := range s.turns.ends() {
			s.doubts.raise(partition, end)
		}
	}
	return resolve.Planned(ctx, epoch)
}

// doubts are up to where in each partition a server may have lost a part of what was taken: the entry of a record and the lists that it stands in lie
// on several. Until there a record is put into the index whatever its entry says.
type doubts struct {
	mu    sync.Mutex
	until map[int]int64
	epoch uint64
}

func newDoubts() *doubts { return &doubts{until: map[int]int64{}} }

// raise doubts what lies before an offset.
func (d *doubts) raise(partition int, until int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until[partition] = max(d.until[partition], until)
}

// of reports whether a record is in doubt.
func (d *doubts) of(partition int, offset int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return offset < d.until[partition]
}

// held reports whether the index holds a record as it is, compared, and nothing of it is in doubt.
func (l *leaf) held(held, e match.Entry) bool {
	return held.Compared && !l.doubted && bytes.Equal(held.Sealed, e.Sealed) && slices.Equal(held.Blocks, e.Blocks)
}

// another reports whether the servers are others than when it was called last.
func (d *doubts) another(epoch uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.epoch
	d.epoch = epoch
	return before != epoch
}

// ends are, by partition, behind the last records that were taken ahead of their turn.
func (t *turns) ends() map[int]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[int]int64{}
	for at, offset := range t.ahead {
		out[at.partition] = max(out[at.partition], offset+1)
	}
	return out
}
