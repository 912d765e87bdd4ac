package resolver_test

import (
	"errors"
	"fmt"
	"slices"

	"rcu/pkg/stream"
	"rcu/services/resolver"
)

// read gives a worker the next batch of a partition. What fails is read again.
func (w *world) read(p place) { w.readTogether(p) }

// readTogether gives the worker of the first of some partitions the next batches of those of them that are its own, in one run.
func (w *world) readTogether(places ...place) {
	who := w.positions[places[0]].worker
	by := w.workers[who]
	places = slices.DeleteFunc(places, func(p place) bool { return w.positions[p].worker != who || !w.placed(who, p) })
	var batches []stream.Batch
	var of []place
	for _, p := range places {
		x, all := w.positions[p], w.h.records[p]
		if x.worker != who || w.workers[who] != by || x.next >= int64(len(all)) || by.reading[p] {
			continue
		}
		n := min(int64(len(all))-x.next, int64(1+w.rng.IntN(6)))
		batches = append(batches, stream.Batch{Topic: p.topic, Partition: p.partition, LogID: stream.LogID{1}, Records: all[x.next : x.next+n], HighWater: int64(len(all))})
		of = append(of, p)
		by.busy, by.reading[p] = by.busy+1, true
	}
	if len(batches) == 0 {
		return
	}
	errs := by.service.ResolveTogether(w.t.Context(), batches)
	for i, p := range of {
		by.busy, by.reading[p] = by.busy-1, false
		w.handled(by, who, p, &batches[i], errs[i])
	}
}

// handled takes note of how a batch ended that somebody resolved.
func (w *world) handled(by *worker, who int, p place, b *stream.Batch, err error) {
	x := w.positions[p]
	mine := x.worker == who && w.workers[who] == by // else it is a zombie
	var invalid *stream.InvalidError
	var rewind *stream.Rewind
	switch {
	case errors.As(err, &rewind):
		if mine {
			x.back(rewind.Offset)
		}
		return
	case errors.As(err, &invalid):
		for _, o := range invalid.Offsets {
			w.dead[fmt.Sprintf("%s/%d/%d", p.topic, p.partition, o)] = true
		}
	case errors.Is(err, resolver.ErrLater):
		return
	case err != nil:
		w.try(err)
		if w.rng.IntN(3) == 0 && mine {
			w.kill(who)
		}
		return
	}
	if mine && x.next == b.First() {
		x.next = b.Next()
		x.handled = append(x.handled, handledTo{x.next, w.now})
	}
}

// commit commits what the gate of the partition's worker lets through.
func (w *world) commit(p place) {
	x := w.positions[p]
	through := w.workers[x.worker].service.Through()
	for _, h := range x.handled {
		if !h.at.After(through) {
			x.committed = max(x.committed, h.next)
		}
	}
}
