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
	rest time.Duration
	now  func() time.Time

	mu   sync.Mutex
	open bool
	next time.Time // of the next try while open
}

// do calls f unless the server is resting. changed reports that the server went away or came back with this call.
func (b *breaker) do(f func() error) (changed bool, err error) {
	if !b.allow() {
		return false, errResting
	}
	err = f()
	b.mu.Lock()
	defer b.mu.Unlock()
	changed = b.open != (err != nil)
	b.open = err != nil
	if b.open {
		b.next = b.now().Add(b.rest)
	}
	return changed, err
}

func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return true
	}
	if now := b.now(); !now.Before(b.next) {
		b.next = now.Add(b.rest)
		return true
	}
	return false
}
