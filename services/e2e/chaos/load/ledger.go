package load

import (
	"sync"
	"time"

	"rcu/services/internal/demo"
)

// Key names an event for ever.
type Key struct{ Source, ID string }

// Entry is what is known of an event that was sent.
type Entry struct {
	Event    demo.Event
	SentAt   time.Time // first
	Accepted time.Time // when the first 200 that accepts it was read; zero: never
	Held     bool      // an answer said that it is judged later
	Dropped  bool      // an answer said that consent refuses it
	Tries    int
}

// Ledger is what was sent. Safe for concurrent use.
type Ledger struct {
	mu       sync.Mutex
	entries  map[Key]*Entry
	accepted int
	dropped  int
	choices  Choices
}

// NewLedger is an empty ledger.
func NewLedger() *Ledger { return &Ledger{entries: map[Key]*Entry{}} }

func keyOf(e *demo.Event) Key { return Key{e.Source, e.ID} }

func (l *Ledger) sent(events []demo.Event) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range events {
		k := keyOf(&events[i])
		x := l.entries[k]
		if x == nil {
			x = &Entry{Event: events[i], SentAt: now}
			l.entries[k] = x
		}
		x.Tries++
	}
}

func (l *Ledger) answered(e *demo.Event, accepted, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.entries[keyOf(e)]
	x.Held = x.Held || held
	switch {
	case !accepted && !x.Dropped:
		x.Dropped = true
		l.dropped++
	case accepted && x.Accepted.IsZero():
		x.Accepted = time.Now()
		l.accepted++
	}
}

// Accepted is how many events got their 200; Dropped how many were refused by consent.
func (l *Ledger) Accepted() (accepted, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted, l.dropped
}

// Choices are what people decided beside the events.
func (l *Ledger) Choices() *Choices { return &l.choices }

// Entries gives everything that was sent. Nothing is sent any more.
func (l *Ledger) Entries() map[Key]*Entry { return l.entries }
