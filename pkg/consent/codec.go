package consent

import (
	"errors"
	"fmt"
	"slices"

	"rcu/pkg/internal/pack"
)

// registerVersion is the first byte of every packed register.
const registerVersion = 1

// ErrCorrupt says that packed bytes are no register: nothing optional is allowed on its point.
var ErrCorrupt = errors.New("packed consent register is corrupt")

// Encode returns the packed register; nil where nothing was decided.
//
// version, number of histories, each: purpose, channel, number said, number carried, each decision: dec, time since the one before, expiry
// (0 = never), id. The highest bit of dec is set where it is joint.
func (r Register) Encode() []byte {
	if r.Empty() {
		return nil
	}
	b := make([]byte, 0, 32+len(r.entries)*64)
	b = append(b, registerVersion)
	b = pack.Uint(b, uint64(len(r.entries)))
	for _, e := range r.entries {
		b = pack.Text(b, e.Purpose)
		b = pack.Text(b, e.Channel)
		b = append(b, byte(len(e.Said)), byte(len(e.Carried))) //nolint:gosec // at most Kept
		b = appendDecisions(b, e.Said)
		b = appendDecisions(b, e.Carried)
	}
	return b
}

// jointBit marks the dec of a decision that is joint.
const jointBit = 0x80

func appendDecisions(b []byte, ds []Decision) []byte {
	at := int64(0)
	for _, d := range ds {
		b = append(b, byte(d.Dec)|jointBit*byte(1-alone(d))) //nolint:gosec // 0 or 1
		b = pack.Int(b, d.At-at)
		b = pack.Int(b, d.Expires)
		b = pack.Text(b, d.ID)
		at = d.At
	}
	return b
}

// DecodeRegister reads a packed register; no bytes are an empty one. It refuses whatever Encode would not have written.
func DecodeRegister(b []byte) (Register, error) {
	if len(b) == 0 {
		return Register{}, nil
	}
	u := pack.Read(string(b[1:]))
	n := u.Uint()
	if b[0] != registerVersion || n == 0 || n > MaxHistories {
		return Register{}, fmt.Errorf("reading %d bytes of version %d: %w", len(b), b[0], ErrCorrupt)
	}
	r := Register{entries: make([]entry, 0, n)}
	for range n {
		e := entry{PurposeChannel: PurposeChannel{Purpose(u.Text()), u.Text()}}
		said, carried := u.Byte(), u.Byte()
		e.Said, e.Carried = readDecisions(&u, said, false), readDecisions(&u, carried, true)
		if !u.OK() || !r.follows(e) {
			return Register{}, fmt.Errorf("reading %d bytes: %w", len(b), ErrCorrupt)
		}
		r.entries = append(r.entries, e)
	}
	if u.Left() > 0 {
		return Register{}, fmt.Errorf("reading %d bytes, %d too many: %w", len(b), u.Left(), ErrCorrupt)
	}
	return r, nil
}

// follows reports whether e may stand after the entries read so far.
func (r Register) follows(e entry) bool {
	_, overlay := OverlayOf(e.Purpose)
	if !keeps(e.PurposeChannel) || e.Empty() || overlay && len(e.Carried) > 0 {
		return false
	}
	n := len(r.entries)
	return n == 0 || comparePurposes(r.entries[n-1].PurposeChannel, e.PurposeChannel) < 0
}

// readDecisions reads n decisions, which have to ascend.
func readDecisions(u *pack.Reader, n byte, carried bool) []Decision {
	if n == 0 {
		return nil
	}
	if n > Kept {
		u.Fail()
		return nil
	}
	out := make([]Decision, 0, n)
	at := int64(0)
	for range n {
		dec := u.Byte()
		d := Decision{Dec: Dec(dec &^ jointBit), Joint: dec&jointBit != 0, At: at + u.Int(), Expires: u.Int(), ID: u.Text(), Carried: carried}
		at = d.At
		out = append(out, d)
	}
	ok := slices.IsSortedFunc(out, CompareDecisions) && !slices.ContainsFunc(out, func(d Decision) bool {
		return d.Dec == None || d.Dec > Object || carried && d.Dec != Grant
	})
	if !ok {
		u.Fail()
	}
	return out
}
