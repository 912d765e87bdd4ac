package ingest

import (
	"errors"
	"sync"
	"time"
)

// errResting says that a server failed a moment ago and is not asked again yet.
var errResting = errors.New("resting after a failure")

// breaker spares requests the time-out of a server that is known to be away: after a failure, one request a rest tries.
type breaker struct {
	rest  time.Duration
	now   func() time.Time
	fails func(error) bool // whether an error says that the server is away; nil: each does

	mu   sync.Mutex
	open bool
	next time.Time // of the next try while open
	good time.Time // of the last success
}

// do calls f unless the server is resting. changed reports that the server went away or came back with this call. Whoever began before
// the last success and fails after it says nothing: the server was there meanwhile.
func (b *breaker) do(f func() error) (changed bool, err error) {
	began := b.now()
	if !b.allow(began) {
		return false, errResting
	}
	err = f()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.good = b.now()
	case began.Before(b.good), b.fails != nil && !b.fails(err):
		return false, err
	default:
		b.next = b.now().Add(b.rest)
	}
	changed = b.open != (err != nil)
	b.open = err != nil
	return changed, err
}

func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return true
	}
	if !now.Before(b.next) {
		b.next = now.Add(b.rest)
		return true
	}
	return false
}
