package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// nobodysRows stands for the owner of rows that were written without an id.
const nobodysRows = "-"

// rowOwner is how the owner of rows is remembered.
func rowOwner(rcuID string) string {
	if rcuID == "" {
		return nobodysRows
	}
	return rcuID
}

// override is the owner of a leaf that was published last, with the number it was published under.
type override struct {
	number uint64
	owner  string // as rowOwner writes it; empty: none was published
}

var errOverride = errors.New("a published owner is damaged")

func decodeOverride(b []byte) (override, error) {
	switch {
	case len(b) == 0:
		return override{}, nil
	case len(b) < 9:
		return override{}, errOverride
	}
	return override{binary.BigEndian.Uint64(b), string(b[8:])}, nil
}

func (o override) encode() []byte {
	return append(binary.BigEndian.AppendUint64(nil, o.number), o.owner...)
}

// unsure stands before what was published last while something else is on its way out: nobody knows then what rows are corrected to.
const unsure = "?"

// published is an override on its way out.
type published struct {
	leaf []byte
	override
	before string // what the rows said until then
}

// announce stores that overrides are about to be published. A publisher that is killed behind the acknowledgement would else leave
// its override standing: when the owner is back to what was published before, nothing would look wrong.
func (s *Service) announce(ctx context.Context, space string, out []published) error {
	return s.storeOverrides(ctx, space, out, func(p published, last override) (override, bool) {
		return override{p.number, unsure + strings.TrimPrefix(p.before, unsure)}, p.number > last.number
	})
}

// remember stores what was published, unless something with a higher number was announced. A publisher that was overtaken would
// else hide from the next one that its own, older override does not count.
func (s *Service) remember(ctx context.Context, space string, out []published) error {
	_, err := s.rememberLast(ctx, space, out)
	return err
}

// rememberLast remembers, and lists the leaves of which something with a higher number was announced meanwhile. The last record of such a leaf is an
// older one than the newest.
func (s *Service) rememberLast(ctx context.Context, space string, out []published) (behind map[string]bool, err error) {
	behind = map[string]bool{}
	err = s.storeOverrides(ctx, space, out, func(p published, last override) (override, bool) {
		behind[string(p.leaf)] = p.number < last.number
		return p.override, p.number >= last.number
	})
	return behind, err
}

func (s *Service) storeOverrides(ctx context.Context, space string, out []published, choose func(published, override) (override, bool)) error {
	keys := make([]string, len(out))
	for i, p := range out {
		keys[i] = resolve.OwnerValue(space, p.leaf)
	}
	return s.writer.update(ctx, "published owners", keys, func(i int, c *resolve.Cell) (bool, error) {
		last, err := decodeOverride(c.Value)
		if err != nil {
			return false, err
		}
		next, write := choose(out[i], last)
		if write {
			c.Value = next.encode()
		}
		return write, nil
	})
}

// keyOfOwner returns the identifier that the owner of rows is named after; false for nobody and for rows of several.
func (s *Service) keyOfOwner(space, owner string) (identifier.Key, bool) {
	p, err := s.deps.Keyring.Identifier(space, strings.TrimPrefix(owner, unsure))
	if err != nil {
		return identifier.Key{}, false
	}
	return identifier.KeyOf("", p), true
}
