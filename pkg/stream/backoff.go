package stream

import "time"

// worthALine keeps a long outage from filling the log: of the same failure in a
// row the 1st, 2nd, 4th, 8th ... is logged.
func worthALine(n int) bool { return n&(n-1) == 0 }

// backoff doubles its pause from the shortest to the longest.
type backoff struct{ next, shortest, longest time.Duration }

func newBackoff(shortest, longest time.Duration) *backoff {
	return &backoff{next: shortest, shortest: shortest, longest: longest}
}

// sleep pauses; false when done closed first.
func (b *backoff) sleep(done <-chan struct{}) bool {
	d := b.next
	b.next = min(2*b.next, b.longest)
	return pause(d, done)
}

// reset starts again from the shortest pause.
func (b *backoff) reset() { b.next = b.shortest }

// pause waits for d; false when done closed first.
func pause(d time.Duration, done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
	}
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}
