package stateredis

import (
	"context"
	_ "embed" // the function
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/contact"
)

//go:embed contacts.lua
var contactFunctions string

const putContactsFunction = "rcu_contact_put_v1"

// Contacts is contact.Store on Redis. Safe for concurrent use.
type Contacts struct {
	c     *Client
	cells *Cells // reads strings
}

var _ contact.Store = (*Contacts)(nil)

// NewContacts returns the logs of contacts of a client.
func NewContacts(c *Client) *Contacts { return &Contacts{c, NewCells(c)} }

// LoadContacts implements contact.Store.
func (s *Contacts) LoadContacts(ctx context.Context, keys []string) ([]contact.Stored, error) {
	values, err := s.cells.get(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("loading contacts of %d points: %w", len(keys), err)
	}
	out := make([]contact.Stored, len(keys))
	for i, v := range values {
		out[i].Key = keys[i]
		if v == nil {
			continue
		}
		if len(v) <= versionSize {
			return nil, fmt.Errorf("loading contacts of %d bytes: %w", len(v), ErrCorrupt)
		}
		out[i].Version, out[i].Value = binary.BigEndian.Uint64(v), v[versionSize:]
	}
	return out, nil
}

// CommitContacts implements contact.Store.
func (s *Contacts) CommitContacts(ctx context.Context, x contact.Stored, until time.Time) (bool, error) {
	n, err := s.c.rdb.FCall(ctx, putContactsFunction, []string{x.Key}, version(x.Version), version(s.c.after(x.Version)), x.Value, until.UnixMilli()).Int64()
	if isFunctionMissing(err) {
		err = errors.Join(err, s.c.loadFunctions(ctx))
	}
	if err != nil {
		return false, fmt.Errorf("committing contacts: %w", withoutKey(err))
	}
	return n == 1, nil
}
