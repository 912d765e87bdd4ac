package resolve

import (
	"testing"

	"rcu/pkg/identifier"
)

// Of a reference the number is kept, and what was kept with its scope is shown as the same number; all other values are kept whole.
func TestKeptValue(t *testing.T) {
	for _, x := range []struct {
		namespace         identifier.Namespace
		value, kept, read string
	}{
		{identifier.Ticket, "paris-1/till-12/2026-03-10/0017", "0017", "0017"},
		{identifier.Order, "shop-fr/W-7", "W-7", "W-7"},
		{identifier.Call, "K1", "K1", "K1"},
		{identifier.Email, "a/b@example.com", "a/b@example.com", ""},
		{identifier.Cookie, "x/y", "x/y", ""},
	} {
		kept := KeptValue(identifier.Key{Namespace: x.namespace, Value: "v"}, x.value)
		if kept != x.kept {
			t.Errorf("%s: kept %q, want %q", x.namespace, kept, x.kept)
		}
		if x.read != "" && (NumberOf(kept) != x.read || NumberOf(x.value) != x.read) {
			t.Errorf("%s: read as %q, before as %q", x.namespace, NumberOf(kept), NumberOf(x.value))
		}
	}
}
