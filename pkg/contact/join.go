package contact

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

const (
	// joinTries bounds how often a log is read again that others write meanwhile.
	joinTries = 32
	// joinAtOnce is how many logs are read in one round trip.
	joinAtOnce = 500
)

var errContended = errors.New("the log of contacts kept changing")

// Join counts contacts again in a store that may have lost them: each log joins the one that stands under its key, and is kept for so long behind
// its last contact. Neither order nor repetition matters, contacts that are made meanwhile stay, and what stands already is not written.
func Join(ctx context.Context, store Store, logs map[string]Log, keep time.Duration) error {
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(logs)), joinAtOnce) {
		for try := 0; len(keys) > 0; try++ {
			if try == joinTries {
				return errContended
			}
			stored, err := store.LoadContacts(ctx, keys)
			if err != nil {
				return err //nolint:wrapcheck // says all
			}
			var left []string
			for i, s := range stored {
				written, err := joinInto(ctx, store, s, logs[keys[i]], keep)
				if err != nil {
					return err
				}
				if !written {
					left = append(left, keys[i])
				}
			}
			keys = left
		}
	}
	return nil
}

// joinInto reports whether a log stands in the one that was read: not, when somebody else wrote meanwhile.
func joinInto(ctx context.Context, store Store, s Stored, l Log, keep time.Duration) (bool, error) {
	standing, err := Decode(s.Value)
	if err != nil {
		return false, err
	}
	if standing.covers(l) {
		return true, nil
	}
	joined := standing.Merge(l).Newest()
	s.Value = joined.Encode()
	return store.CommitContacts(ctx, s, joined.Last().Add(keep)) //nolint:wrapcheck // says all
}

// covers reports whether a log has every contact of another, come as far.
func (l Log) covers(o Log) bool {
	return !slices.ContainsFunc(o.contacts, func(c Contact) bool {
		old, found := l.Find(c.ID)
		return !found || further(old, c) < 0
	})
}
