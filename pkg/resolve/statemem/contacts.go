package statemem

import (
	"context"
	"slices"
	"sync"
	"time"

	"rcu/pkg/contact"
)

// Contacts is contact.Store in memory, for tests. Safe for concurrent use; values are copied in and out, and forgotten by a clock.
type Contacts struct {
	mu    sync.Mutex
	now   func() time.Time
	logs  map[string]contact.Stored
	until map[string]time.Time
	last  uint64
}

var _ contact.Store = (*Contacts)(nil)

// NewContacts returns an empty store that forgets by a clock.
func NewContacts(now func() time.Time) *Contacts {
	return &Contacts{now: now, logs: map[string]contact.Stored{}, until: map[string]time.Time{}}
}

// LoadContacts implements contact.Store.
func (c *Contacts) LoadContacts(ctx context.Context, keys []string) ([]contact.Stored, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]contact.Stored, len(keys))
	for i, k := range keys {
		out[i] = c.stored(k)
		out[i].Value = cloned(out[i].Value)
	}
	return out, nil
}

// stored is what stands under a key now.
func (c *Contacts) stored(key string) contact.Stored {
	if x, ok := c.logs[key]; ok && c.now().Before(c.until[key]) {
		return x
	}
	delete(c.logs, key)
	delete(c.until, key)
	return contact.Stored{Key: key}
}

// CommitContacts implements contact.Store.
func (c *Contacts) CommitContacts(ctx context.Context, s contact.Stored, until time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stored(s.Key).Version != s.Version {
		return false, nil
	}
	if len(s.Value) == 0 {
		delete(c.logs, s.Key)
		return true, nil
	}
	c.last = max(c.last, s.Version) + 1
	c.logs[s.Key], c.until[s.Key] = contact.Stored{Key: s.Key, Version: c.last, Value: slices.Clone(s.Value)}, until
	return true, nil
}
