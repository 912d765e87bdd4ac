package resolver

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rcu/pkg/resolve"
)

// lease makes one resolver the publisher of a space. It is advice for economy: two publishers at once repeat each other and
// harm nothing.
type lease struct {
	cells    resolve.Cells
	space    string
	instance string
	length   time.Duration
	now      func() time.Time
	until    time.Time
	seen     uint64    // version of the lease of another one
	since    time.Time // when it was first seen

	// compared is when all that had been told was compared with the store, as the lease says that the store holds; zero: nobody knows. It goes from
	// hand to hand, and falls back with the store. Who has compared everything moves it on whenever he renews.
	compared time.Time
	whole    bool
}

type leaseValue struct {
	Instance string    `json:"instance"`
	Until    time.Time `json:"until"`
	Compared time.Time `json:"compared,omitzero"`
}

func (l *lease) key() string { return "lease:" + l.space }

// held reports whether this process publishes now; it takes a lease that ran out and renews its own in time.
func (l *lease) held(ctx context.Context) (bool, error) {
	now := l.now()
	if l.until.Sub(now) > l.length/2 {
		return true, nil
	}
	c, v, err := l.load(ctx)
	if err != nil {
		return false, err
	}
	if v.Instance != l.instance && v.Until.After(now) && !l.abandoned(c.Version, now) {
		l.until = time.Time{}
		return false, nil
	}
	if l.compared = v.Compared; l.whole {
		l.compared = now
	}
	return l.take(ctx, c, now)
}

// abandoned reports whether the lease of another one stood unchanged for as long as one is given for. Its end alone does not say so: where the clock was
// set back since it was taken, the end lies as far ahead.
func (l *lease) abandoned(version uint64, now time.Time) bool {
	if version != l.seen {
		l.seen, l.since = version, now
	}
	return now.Sub(l.since) >= l.length
}

func (l *lease) load(ctx context.Context) (c resolve.Cell, v leaseValue, err error) {
	cells, err := l.cells.LoadCells(ctx, []string{l.key()})
	if err != nil {
		return c, v, fmt.Errorf("reading the lease of space %s: %w", l.space, err)
	}
	if len(cells[0].Value) > 0 {
		if err := json.Unmarshal(cells[0].Value, &v); err != nil {
			return c, v, fmt.Errorf("reading the lease of space %s: %w", l.space, err)
		}
	}
	return cells[0], v, nil
}

func (l *lease) take(ctx context.Context, c resolve.Cell, now time.Time) (bool, error) {
	v, err := json.Marshal(leaseValue{l.instance, now.Add(l.length), l.compared})
	if err != nil {
		return false, fmt.Errorf("encoding the lease of space %s: %w", l.space, err)
	}
	c.Value = v
	accepted, err := l.cells.CommitCells(ctx, []resolve.Cell{c})
	if err != nil {
		return false, fmt.Errorf("taking the lease of space %s: %w", l.space, err)
	}
	if accepted[0] {
		l.until = now.Add(l.length)
	}
	return accepted[0], nil
}

// release lets another resolver take over at once.
func (l *lease) release(ctx context.Context) error {
	if l.until.IsZero() {
		return nil
	}
	c, v, err := l.load(ctx)
	if err != nil {
		return err
	}
	l.compared = v.Compared
	_, err = l.take(ctx, c, l.now().Add(-l.length))
	l.until = time.Time{}
	return err
}

// renew keeps a lease that is held while something takes long, between its parts: else another one begins with the same behind him, which takes as
// long again, and so on in turn. Who finds it taken over goes on to his end all the same, and has to publish once more then. A nil lease is nobody's.
func (l *lease) renew(ctx context.Context) error {
	if l == nil || faults.leaseForgotten {
		return nil
	}
	_, err := l.held(ctx)
	return err
}
