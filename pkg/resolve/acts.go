package resolve

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// MaxActs is the number of acts that a register keeps.
const MaxActs = 32

// Acts are the latest acts of stewards on one pair of identifiers, or on one identifier: the latest first.
type Acts []*eventpb.Act

// ActsCell is the key of the register of the acts on a pair, or on one identifier when b is zero. a is the lesser end.
func ActsCell(space string, a, b identifier.Key) string {
	return "ar:" + space + ":" + a.Value + b.Value
}

// ActsCellOf is the key of the register that an act belongs to.
func ActsCellOf(m *eventpb.Act) string {
	return "ar:" + m.GetSpace() + ":" + string(m.GetA().GetPseudonym()) + string(m.GetB().GetPseudonym())
}

// DecodeActs reads what Encode wrote.
func DecodeActs(b []byte) (Acts, error) {
	var m eventpb.ActRegister
	if err := proto.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("reading a register of acts: %w", err)
	}
	return m.GetActs(), nil
}

// Encode packs the register.
func (x Acts) Encode() ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&eventpb.ActRegister{Acts: x})
	if err != nil {
		return nil, fmt.Errorf("packing a register of acts: %w", err)
	}
	return b, nil
}

// Join takes acts in and reports whether that changed anything. The order in which registers meet acts makes no difference: they are
// ordered as the kernel orders them, and the latest are kept.
func (x Acts) Join(acts ...*eventpb.Act) (Acts, bool) {
	changed := false
	for _, m := range acts {
		i, known := slices.BinarySearchFunc(x, m, laterAct)
		switch {
		case known && wordier(m, x[i]):
			x = slices.Clone(x)
			x[i], changed = m, true
			continue
		case known || i >= MaxActs:
			continue
		}
		x = slices.Insert(slices.Clone(x), i, m)
		x = x[:min(len(x), MaxActs)]
		changed = true
	}
	return x, changed
}

// wordier decides between two tellings of one act, which differ in what is said of it alone: by who said it, or why.
func wordier(a, b *eventpb.Act) bool {
	if proto.Equal(a, b) {
		return false
	}
	o := proto.MarshalOptions{Deterministic: true}
	x, errX := o.Marshal(a)
	y, errY := o.Marshal(b)
	return errX == nil && errY == nil && bytes.Compare(x, y) > 0
}

// Latest is the act that holds; nil without one.
func (x Acts) Latest() *eventpb.Act {
	if len(x) == 0 {
		return nil
	}
	return x[0]
}

// Find returns the act with an id; nil without one.
func (x Acts) Find(id string) *eventpb.Act {
	i := slices.IndexFunc(x, func(m *eventpb.Act) bool { return m.GetId() == id })
	if i < 0 {
		return nil
	}
	return x[i]
}

// laterAct orders acts as identity.LastAct joins them, the latest first.
func laterAct(a, b *eventpb.Act) int {
	return cmp.Or(cmp.Compare(b.GetT(), a.GetT()), cmp.Compare(b.GetId(), a.GetId()), cmp.Compare(event.OpOf(b.GetOp()), event.OpOf(a.GetOp())))
}
