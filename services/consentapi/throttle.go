package consentapi

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// throttle counts requests by name within one minute of the clock. It remembers a bounded number of names, and refuses others once it is full.
type throttle struct {
	most, names int
	mu          sync.Mutex
	minute      int64
	counts      map[string]int
}

func newThrottle(most, names int) *throttle {
	return &throttle{most: most, names: names, counts: map[string]int{}}
}

// allow counts a request and reports whether it may go on.
func (t *throttle) allow(name string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if minute := now.Unix() / 60; minute != t.minute {
		t.minute = minute
		clear(t.counts)
	}
	n, known := t.counts[name]
	if !known && len(t.counts) >= t.names || n >= t.most {
		return false
	}
	t.counts[name] = n + 1
	return true
}

// origin is the address that a request came from.
func origin(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Limits of the preference centre: whoever reads and decides stays far below them.
const (
	visitsAMinute  = 240    // of one person
	visitorsKept   = 50_000 // within a minute
	guessesAMinute = 60     // links that open nothing, from one address
	guessersKept   = 10_000
)
