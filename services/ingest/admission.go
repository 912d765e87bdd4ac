package ingest

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// admission bounds the requests at work, the bytes of their bodies, and the requests that wait for them.
type admission struct {
	slots   chan struct{}
	room    *semaphore.Weighted // bytes
	waiting atomic.Int64
	most    int64
	wait    time.Duration
	refused atomic.Int64
	queue   gauge // requests that wait
	bytes   gauge // at work
}

type gauge interface {
	Set(v float64)
	Add(v float64)
}

// pass is a request at work.
type pass struct {
	a      *admission
	source chan struct{}
	bytes  int64
}

// enter takes a slot of the service, one of the source and room for the body, or reports that they did not come free in time.
func (a *admission) enter(ctx context.Context, source chan struct{}, bytes int64) (*pass, bool) {
	p := &pass{a: a, source: source, bytes: bytes}
	if p.try() {
		return p, true
	}
	if a.waiting.Add(1) > a.most {
		a.waiting.Add(-1)
		return nil, false
	}
	defer func() { a.queue.Set(float64(a.waiting.Add(-1))) }()
	a.queue.Set(float64(a.waiting.Load()))
	ctx, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	return p, p.await(ctx)
}

// try takes what is free now, or nothing.
func (p *pass) try() bool {
	if !take(p.source) {
		return false
	}
	if !take(p.a.slots) {
		<-p.source
		return false
	}
	if !p.a.room.TryAcquire(p.bytes) {
		<-p.a.slots
		<-p.source
		return false
	}
	p.a.bytes.Add(float64(p.bytes))
	return true
}

// await takes one after the other as they come free, or nothing.
func (p *pass) await(ctx context.Context) bool {
	if !await(ctx, p.source) {
		return false
	}
	if !await(ctx, p.a.slots) {
		<-p.source
		return false
	}
	if p.a.room.Acquire(ctx, p.bytes) != nil {
		<-p.a.slots
		<-p.source
		return false
	}
	p.a.bytes.Add(float64(p.bytes))
	return true
}

// keep gives back the room that the body turned out not to need.
func (p *pass) keep(bytes int64) {
	if spare := p.bytes - bytes; spare > 0 {
		p.a.room.Release(spare)
		p.a.bytes.Add(float64(-spare))
		p.bytes = bytes
	}
}

// leave ends the work of the request.
func (p *pass) leave() {
	p.keep(0)
	<-p.a.slots
	<-p.source
}

// spread is how many seconds apart the senders of a full service are told to come back, so that they do not all come at once.
const spread = 3

// after is the time of Retry-After for the next request that is refused: 1 to 3 seconds in turn.
func (a *admission) after() time.Duration {
	return time.Duration(1+(a.refused.Add(1)-1)%spread) * time.Second
}

// bytesOf is the room that a request needs: what it declares, or the most it may have where it declares nothing or is compressed.
func bytesOf(r *http.Request, most int64) int64 {
	if r.ContentLength < 0 || r.Header.Get("Content-Encoding") != "" {
		return most
	}
	return min(r.ContentLength, most)
}

func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func await(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
