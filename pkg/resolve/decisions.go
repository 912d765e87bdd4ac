package resolve

import (
	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// wishKind begins the keys of cells of wishes.
const wishKind = "wi:"

// WishCell is the key of what was wished about contacts at a point, with a controller.
func WishCell(space, controller string, point identifier.Key) string {
	return wishKind + space + ":" + controller + ":" + point.Value
}

// DecisionCell is the key of the cell that a decision about a point is joined into: that of its wishes, or its consent register.
func DecisionCell(d *eventpb.Decision, point identifier.Key) string {
	if contact.IsWish(d.GetPurpose()) {
		return WishCell(d.GetSpace(), d.GetController(), point)
	}
	return ConsentCell(d.GetSpace(), d.GetController(), point)
}

// JoinDecisions joins decisions into the value of their cell, and reports whether that changed anything. A value that cannot be read is an
// error: what it denied must not be lost.
func JoinDecisions(key string, value []byte, ds []*eventpb.Decision) ([]byte, bool, error) {
	if !isWishCell(key) {
		register, err := consent.DecodeRegister(value)
		if err != nil {
			return value, false, err //nolint:wrapcheck // says all
		}
		joined, changed := register.JoinAll(ds...)
		if !changed {
			return value, false, nil
		}
		return joined.Encode(), true, nil
	}
	book, err := contact.DecodeBook(value)
	if err != nil {
		return value, false, err //nolint:wrapcheck // says all
	}
	changed := false
	for _, d := range ds {
		if w, ok := contact.WishOf(d); ok {
			joined, differs := book.Join(w)
			book, changed = joined, changed || differs
		}
	}
	if !changed {
		return value, false, nil
	}
	return book.Encode(), true, nil
}

// MergeWishes joins two values of one cell of wishes.
func MergeWishes(a, b []byte) ([]byte, error) {
	x, err := contact.DecodeBook(a)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	y, err := contact.DecodeBook(b)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	return x.Merge(y).Encode(), nil
}

func isWishCell(key string) bool { return len(key) > len(wishKind) && key[:len(wishKind)] == wishKind }
