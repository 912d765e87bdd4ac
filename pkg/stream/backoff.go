package stream

import "time"

// backoff doubles its pause from min to max.
type backoff struct{ next, min, max time.Duration }

func newBackoff(min, max time.Duration) *backoff { return &backoff{next: min, min: min, max: max} }

// sleep pauses; false when done closed first.
func (b *backoff) sleep(done <-chan struct{}) bool {
	d := b.next
	b.next = min(2*b.next, b.max)
	return pause(d, done)
}

// reset starts again from the shortest pause.
func (b *backoff) reset() { b.next = b.min }

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
