package resolver

import (
	"context"
	"encoding/json"
	"errors"
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
}

type leaseValue struct {
	Instance string    `json:"instance"`
	Until    time.Time `json:"until"`
}

func (l *lease) key() string { return "lease:" + l.space }

// held reports whether this process publishes now; it takes a lease that ran out and renews its own in time.
func (l *lease) held(ctx context.Context) (bool, error) {
	now := l.now()
	if l.until.Sub(now) > l.length/2 {
		return true, nil
	}
	cells, err := l.cells.LoadCells(ctx, []string{l.key()})
	if err != nil {
		return false, fmt.Errorf("reading the lease of space %s: %w", l.space, err)
	}
	var v leaseValue
	if len(cells[0].Value) > 0 {
		if err := json.Unmarshal(cells[0].Value, &v); err != nil {
			return false, fmt.Errorf("reading the lease of space %s: %w", l.space, err)
		}
	}
	if v.Instance != l.instance && v.Until.After(now) && !l.abandoned(cells[0].Version, now) {
		l.until = time.Time{}
		return false, nil
	}
	return l.take(ctx, cells[0], now)
}

// abandoned reports whether the lease of another one stood unchanged for as long as one is given for. Its end alone does not say so: where the clock was
// set back since it was taken, the end lies as far ahead.
func (l *lease) abandoned(version uint64, now time.Time) bool {
	if version != l.seen {
		l.seen, l.since = version, now
	}
	return now.Sub(l.since) >= l.length
}

func (l *lease) take(ctx context.Context, c resolve.Cell, now time.Time) (bool, error) {
	v, err := json.Marshal(leaseValue{l.instance, now.Add(l.length)})
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
	cells, err := l.cells.LoadCells(ctx, []string{l.key()})
	if err != nil {
		return fmt.Errorf("releasing the lease of space %s: %w", l.space, err)
	}
	_, err = l.take(ctx, cells[0], l.now().Add(-l.length))
	l.until = time.Time{}
	return err
}

// errTakenOver says that another resolver publishes the space now.
var errTakenOver = errors.New("another one publishes the space")

// leaseKept is the key under which a context holds the lease that is kept while something is done under it.
type leaseKept struct{}

// under is a context under which what is done keeps the lease: see keepLease.
func (l *lease) under(ctx context.Context) context.Context {
	return context.WithValue(ctx, leaseKept{}, l)
}

// keepLease renews the lease that is kept under a context, if there is one, when its time has come. Whoever takes longer than a lease asks between
// the parts of what he does: else another one begins with the same behind him, which takes as long again, and so on in turn.
func keepLease(ctx context.Context) error {
	l, kept := ctx.Value(leaseKept{}).(*lease)
	if !kept || faults.leaseForgotten {
		return nil
	}
	if held, err := l.held(ctx); err != nil || held {
		return err
	}
	return errTakenOver
}

// renewLease is keepLease for what goes on to its end without the lease, too, because what was published has to be published once more then.
func renewLease(ctx context.Context) error {
	if err := keepLease(ctx); !errors.Is(err, errTakenOver) {
		return err
	}
	return nil
}
