package identity_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
)

func leaves() []identity.Leaf {
	return []identity.Leaf{
		{},
		{First: K("U")},
		{First: K("m"), Second: K("y")},
		{Reference: K("o")},
		{Device: K("c"), Month: 655},
		{Device: K("d"), Stamp: 1_700_000_000, Month: 656, Person: K("U"), Shared: true},
	}
}

func TestLeafCodec(t *testing.T) {
	for _, l := range leaves() {
		got, err := identity.DecodeLeaf(l.Encode())
		if err != nil || got != l {
			t.Errorf("%+v became %+v, %v", l, got, err)
		}
	}
	if _, err := identity.DecodeLeaf(append(leaves()[1].Encode(), 0)); err == nil {
		t.Error("trailing bytes are read over")
	}
}

func FuzzDecodeLeaf(f *testing.F) {
	for _, l := range leaves() {
		f.Add(l.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := identity.DecodeLeaf(b); err == nil {
			if again, err := identity.DecodeLeaf(l.Encode()); err != nil || again != l {
				t.Fatalf("%+v became %+v, %v", l, again, err)
			}
		}
	})
}

func register() identity.Register {
	r, _ := identity.Register(nil).Join(
		identity.Shown{Key: K("m1"), T: 5, Event: "e1"}, identity.Shown{Key: K("K"), Stated: true, T: 1, Event: "e2"},
		identity.Shown{Key: K("m2"), T: 4, Event: "e9"},
	)
	return r
}

func TestRegister(t *testing.T) {
	r := register()
	want := identity.Register{{Key: K("K"), Stated: true, T: 1, Event: "e2"}, {Key: K("m2"), T: 4, Event: "e9"}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if _, changed := r.Join(r...); changed {
		t.Error("known sightings change the register")
	}
	got, err := identity.DecodeRegister(r.Encode())
	if diff := cmp.Diff(r, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	refs, shown := identity.ShownBy(&identity.Event{ID: "e", T: 3, Keys: []identifier.Key{K("o1"), K("c"), K("m"), K("o2"), K("m")}})
	if len(refs) != 2 || len(shown) != 1 || shown[0].Key != K("m") {
		t.Errorf("%v %v", refs, shown)
	}
}

func FuzzDecodeRegister(f *testing.F) {
	f.Add(register().Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := identity.DecodeRegister(b)
		if err == nil && len(b) > 0 && !bytes.Equal(r.Encode(), b) {
			t.Fatalf("%x was read and written as %x", b, r.Encode())
		}
	})
}

func TestDefaultRules(t *testing.T) {
	r := identity.DefaultRules()
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if n := r.Namespaces[identifier.Customer]; n != (identity.NamespaceRule{Strength: 4, Rank: 0, Unique: true, Owners: 8}) {
		t.Errorf("customer: %+v", n)
	}
	if n := r.Namespaces[identifier.Cookie]; n != (identity.NamespaceRule{Strength: 1, Rank: 6, Device: true, Limit: 5, Window: 30 * 86400, Owners: 1}) {
		t.Errorf("cookie: %+v", n)
	}
	if _, known := r.Namespaces[identifier.CompanyCard]; known {
		t.Error("a shared kind links")
	}
	if n := r.Namespaces[identifier.Call]; n != (identity.NamespaceRule{Rank: 13, Ref: true}) {
		t.Errorf("call: %+v", n)
	}
}
