package contact

import (
	"context"
	"encoding/base64"
	"time"

	"rcu/pkg/identifier"
)

// Stored is the packed log of one contact point with its version.
type Stored struct {
	Key     string
	Version uint64 // of what was read; 0 = absent. A commit gives the version it was planned on and stores a higher one
	Value   []byte
}

// Store is where logs lie. Every key stands alone: no call promises anything over two keys.
type Store interface {
	// LoadContacts reads the values of the keys, in their order and in one round trip; an absent one has version 0 and no value.
	LoadContacts(ctx context.Context, keys []string) ([]Stored, error)
	// CommitContacts writes a value whose Version is still the stored one, under a higher version that was never given before, and reports
	// whether it was written. It is forgotten at the time given, when nothing in it matters any more; without a value it is forgotten at once.
	// After an error nothing is known: read again.
	CommitContacts(ctx context.Context, s Stored, until time.Time) (bool, error)
}

// Key is where the log of a contact point lies.
func Key(space, controller string, point identifier.Key) string {
	return "cc:" + space + ":" + controller + ":" + base64.RawURLEncoding.EncodeToString([]byte(point.Value))
}
