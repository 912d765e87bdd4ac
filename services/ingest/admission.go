package ingest

import (
	"context"
	"sync/atomic"
	"time"
)

// admission bounds the requests at work and those that wait for them.
type admission struct {
	slots   chan struct{}
	waiting atomic.Int64
	most    int64
	wait    time.Duration
	gauge   interface{ Set(float64) }
}

// enter takes a slot of the service and one of the source, or reports that there is none in time.
func (a *admission) enter(ctx context.Context, source chan struct{}) (leave func(), ok bool) {
	if take(source) {
		if take(a.slots) {
			return func() { <-a.slots; <-source }, true
		}
		<-source
	}
	if a.waiting.Add(1) > a.most {
		a.waiting.Add(-1)
		return nil, false
	}
	defer func() { a.gauge.Set(float64(a.waiting.Add(-1))) }()
	a.gauge.Set(float64(a.waiting.Load()))
	timer := time.NewTimer(a.wait)
	defer timer.Stop()
	if !await(ctx, source, timer.C) {
		return nil, false
	}
	if !await(ctx, a.slots, timer.C) {
		<-source
		return nil, false
	}
	return func() { <-a.slots; <-source }, true
}

func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func await(ctx context.Context, slots chan struct{}, late <-chan time.Time) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-late:
		return false
	case <-ctx.Done():
		return false
	}
}
