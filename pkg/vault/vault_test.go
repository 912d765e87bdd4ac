package vault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"rcu/pkg/identifier"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

func ring(t testing.TB) *vault.Keyring {
	t.Helper()
	k, created, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys", "rcu.key"))
	if err != nil || !created {
		t.Fatalf("creating a key file: created %v, %v", created, err)
	}
	return k
}

func TestLoadOrCreate_second_start_reads_the_same_secrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rcu.key")
	a, _, err := vault.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	b, created, err := vault.LoadOrCreate(path)
	if err != nil || created {
		t.Fatalf("created %v, %v", created, err)
	}
	if a.Pseudonym("s", identifier.Email, "a@b.fr") != b.Pseudonym("s", identifier.Email, "a@b.fr") || a.Fingerprint() != b.Fingerprint() {
		t.Fatal("the second start has other secrets")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if err := vault.Create(path); err == nil {
		t.Fatal("an existing key file was overwritten")
	}
	if other := ring(t); other.Fingerprint() == a.Fingerprint() {
		t.Fatal("two key files have one fingerprint")
	}
}

func TestLoadOrCreate_services_that_start_at_once_share_one_file(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "rcu.key")
	fingerprints, created := make([]string, 20), atomic.Int32{}
	var all sync.WaitGroup
	for i := range fingerprints {
		all.Go(func() {
			k, made, err := vault.LoadOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			if made {
				created.Add(1)
			}
			fingerprints[i] = k.Fingerprint()
		})
	}
	all.Wait()
	if slices.Sort(fingerprints); fingerprints[0] == "" || len(slices.Compact(fingerprints)) != 1 || created.Load() != 1 {
		t.Fatalf("%d key files were made, not one", created.Load())
	}
}

func TestLoad_names_every_problem_and_no_secret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rcu.key")
	secret := "c2VjcmV0LXNlY3JldA=="
	if err := os.WriteFile(path, fmt.Appendf(nil, `{"version":7,"key_encryption_key":%q,"peppers":[{"version":0,"secret":%q}]}`, secret, secret), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := vault.Load(path)
	if err == nil {
		t.Fatal("a bad key file was accepted")
	}
	for _, want := range []string{"version: is 7", "key_encryption_key", "names_secret", "peppers[0].secret", "peppers[0].version"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Error("the error shows a secret")
	}
}

func TestPseudonym_depends_on_each_part(t *testing.T) {
	k := ring(t)
	seen := map[identifier.Pseudonym]string{}
	for _, p := range [][3]string{{"s", "email", "x"}, {"t", "email", "x"}, {"s", "phone", "x"}, {"s", "email", "y"}, {"s", "emailx", ""}, {"se", "mail", "x"}} {
		got := k.Pseudonym(p[0], identifier.Namespace(p[1]), p[2])
		if before, ok := seen[got]; ok {
			t.Errorf("%v and %s have one pseudonym", p, before)
		}
		seen[got] = fmt.Sprint(p)
		if got[0] != 1 {
			t.Errorf("version byte is %d", got[0])
		}
	}
}

func TestName_is_one_to_one(t *testing.T) {
	k := ring(t)
	rapid.Check(t, func(t *rapid.T) {
		space := rapid.SampledFrom([]string{"main", "other"}).Draw(t, "space")
		p := k.Pseudonym(space, identifier.Card, rapid.String().Draw(t, "value"))
		name := k.Name(space, p)
		if len(name) != 34 || strings.Contains(name, fmt.Sprintf("%x", p[1:])) {
			t.Fatalf("name %s", name)
		}
		if of := k.NameOf(space, identifier.KeyOf(identifier.Card, p)); of != name {
			t.Fatalf("name %s of the identifier, %s of its pseudonym", of, name)
		}
		if back, err := k.Identifier(space, name); err != nil || back != p {
			t.Fatalf("back %v, %v", back, err)
		}
	})
	if name := k.NameOf("main", identifier.Key{Namespace: identifier.Card, Value: "2990001234567"}); name != "" {
		t.Errorf("a value that is no pseudonym has the name %s", name)
	}
	for _, bad := range []string{"", "01", strings.Repeat("0", 33), strings.Repeat("A", 34), strings.Repeat("g", 34)} {
		if _, err := k.Identifier("main", bad); !errors.Is(err, vault.ErrBadName) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestDaily_opens_in_another_process_only_with_the_key(t *testing.T) {
	k, published := ring(t), []*eventpb.WrappedKey(nil)
	sealer := vault.NewDaily(k, func(_ context.Context, w *eventpb.WrappedKey) error {
		published = append(published, proto.CloneOf(w))
		return nil
	})
	at := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)
	sealed, err := sealer.Seal(t.Context(), "acme", at, []byte("marie@example.fr"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = sealer.Seal(t.Context(), "acme", at.Add(time.Hour), []byte("x")); err != nil || len(published) != 1 {
		t.Fatalf("%d keys for one day, %v", len(published), err)
	}
	if _, err = sealer.Seal(t.Context(), "acme", at.AddDate(0, 0, 1), []byte("x")); err != nil || len(published) != 2 {
		t.Fatalf("%d keys for two days, %v", len(published), err)
	}
	opener := vault.NewDaily(k, nil)
	if _, err := opener.Open(sealed); !errors.Is(err, vault.ErrUnknownKey) {
		t.Fatalf("before learning: %v", err)
	}
	if err := opener.Learn(published[0]); err != nil {
		t.Fatal(err)
	}
	if got, err := opener.Open(sealed); err != nil || string(got) != "marie@example.fr" {
		t.Fatalf("%q, %v", got, err)
	}
	opener.Forget(published[0].GetId())
	if _, err := opener.Open(sealed); !errors.Is(err, vault.ErrUnknownKey) {
		t.Fatalf("after forgetting: %v", err)
	}
	if err := vault.NewDaily(ring(t), nil).Learn(published[0]); err == nil {
		t.Fatal("another key file unwrapped the key")
	}
	sealed.Ciphertext[len(sealed.Ciphertext)-1] ^= 1
	if _, err := sealer.Open(sealed); err == nil {
		t.Fatal("changed bytes were opened")
	}
}

func TestDaily_no_key_without_storing_it(t *testing.T) {
	broken := errors.New("broker away")
	d := vault.NewDaily(ring(t), func(context.Context, *eventpb.WrappedKey) error { return broken })
	if _, err := d.Seal(t.Context(), "acme", time.Unix(0, 0), nil); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}

func TestSubjectKey_equal_within_a_trait_only(t *testing.T) {
	k := ring(t)
	a, wrapped, err := k.NewSubjectKey("acme", "s1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := k.SubjectKey("acme", "s1", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	b, _, _ := k.NewSubjectKey("acme", "s2")
	seal := func(key vault.SubjectKey, trait string) string {
		sealed, err := key.Seal(trait, "Marie")
		if err != nil {
			t.Fatal(err)
		}
		return string(sealed)
	}
	if seal(a, "given_name") != seal(again, "given_name") {
		t.Error("one value has two seals")
	}
	if seal(a, "given_name") == seal(a, "family_name") || seal(a, "given_name") == seal(b, "given_name") {
		t.Error("seals can be compared across traits or subjects")
	}
	if got, err := again.Open("given_name", []byte(seal(a, "given_name"))); err != nil || got != "Marie" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := k.SubjectKey("acme", "s2", wrapped); err == nil {
		t.Error("a key was unwrapped for another subject")
	}
}

func BenchmarkPseudonym(b *testing.B) {
	k := ring(b)
	b.ReportAllocs()
	for b.Loop() {
		k.Pseudonym("main", identifier.Email, "marie.durand@example.fr")
	}
}

func BenchmarkDailySeal(b *testing.B) {
	d := vault.NewDaily(ring(b), func(context.Context, *eventpb.WrappedKey) error { return nil })
	at, plain := time.Now(), make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Seal(b.Context(), "acme", at, plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubjectSeal(b *testing.B) {
	key, _, _ := ring(b).NewSubjectKey("acme", "s")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = key.Seal("given_name", "Marie")
	}
}
