package resolver

import (
	"context"
	"encoding/binary"
	"errors"

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

// published is an override that is out.
type published struct {
	leaf []byte
	override
}

// remember stores what was published, the highest number of each leaf. A publisher that was overtaken would else hide from the
// next one that its own, older override does not count.
func (s *Service) remember(ctx context.Context, space string, out []published) error {
	keys := make([]string, len(out))
	for i, p := range out {
		keys[i] = resolve.OwnerValue(space, p.leaf)
	}
	return s.writer.update(ctx, "published owners", keys, func(i int, c *resolve.Cell) (bool, error) {
		last, err := decodeOverride(c.Value)
		if err != nil || last.number >= out[i].number {
			return false, err
		}
		c.Value = out[i].encode()
		return true, nil
	})
}

// keyOfOwner returns the identifier that the owner of rows is named after; false for nobody and for rows of several.
func (s *Service) keyOfOwner(space, owner string) (identifier.Key, bool) {
	p, err := s.deps.Keyring.Identifier(space, owner)
	if err != nil {
		return identifier.Key{}, false
	}
	return identifier.KeyOf("", p), true
}
