package resolve

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
)

// recordsOf plans a random history on nothing and returns the packed records.
func recordsOf(t testing.TB, seed uint64) [][]byte {
	t.Helper()
	f := identitytest.History(rand.New(rand.NewPCG(seed, 3)), identitytest.Small)
	k, err := identity.NewKernel(f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	p := newPlanner(nil, "s", k, 0, f.Now)
	for _, fact := range identitytest.All(f) {
		for _, key := range k.Named(fact, nil) {
			p.known[key] = true
		}
	}
	p.fold(identitytest.All(f))
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, c := range p.commits() {
		for _, w := range c.Writes {
			out = append(out, w.Value)
		}
	}
	return out
}

func repack(r *record) []byte { return encodeRecord(r) }

func TestRecordCodec(t *testing.T) {
	n := 0
	for seed := range uint64(200) {
		for _, packed := range recordsOf(t, seed) {
			r, err := decodeRecord(string(packed))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if again := repack(r); !bytes.Equal(again, packed) {
				t.Fatalf("seed %d: a record was read and written differently:\n%x\n%x", seed, packed, again)
			}
			n++
		}
	}
	t.Logf("%d records", n)
}

func FuzzDecodeRecord(f *testing.F) {
	for seed := range uint64(8) {
		for _, packed := range recordsOf(f, seed) {
			f.Add(packed)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(string(b))
		if err != nil {
			return
		}
		again, err := decodeRecord(string(repack(r)))
		if err != nil || len(again.members) != len(r.members) {
			t.Fatalf("a record that was read cannot be written: %v", err)
		}
	})
}

func entryExample() *OutboxEntry {
	k := identitytest.K
	return &OutboxEntry{
		Now: 77,
		Transitions: []Transition{{
			Kind: Merged, Profile: k("U"), Before: []identifier.Key{k("m"), k("U")}, After: []identifier.Key{k("U")},
			Identifiers: []identifier.Key{k("U"), k("m")}, Reason: "why", CauseKind: "event", CauseID: "shop/1",
		}},
		Changed: []IdentifierChange{{Key: k("m"), Before: k("m"), After: k("U"), Standing: identity.Contested}},
	}
}

func TestOutboxCodec(t *testing.T) {
	got, err := decodeOutbox(OutboxItem{ID: "1-0", Version: 9, Value: encodeOutbox(entryExample())})
	if err != nil {
		t.Fatal(err)
	}
	want := *entryExample()
	want.ID, want.Version = "1-0", 9
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodeOutbox(f *testing.F) {
	f.Add(encodeOutbox(entryExample()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := decodeOutbox(OutboxItem{Value: b}); err == nil && !bytes.Equal(encodeOutbox(&e), b) {
			t.Fatalf("%x was read and written as %x", b, encodeOutbox(&e))
		}
	})
}

func TestRulesCodec(t *testing.T) {
	r := identity.DefaultRules()
	r.Blocked = map[string]bool{"\x00\xff\xfe": true}
	packed, err := encodeRules(r)
	if err != nil {
		t.Fatal(err)
	}
	k, err := decodeRules(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, k.Rules()); diff != "" {
		t.Error(diff)
	}
}
