package identity_test

import (
	"testing"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
)

func keysOf(given, family, birth string) map[string]bool {
	out := map[string]bool{}
	identity.ClaimOf(given, family, birth, func(kind, text string) uint16 { out[kind+"="+text] = true; return 1 })
	return out
}

func TestClaimKeys(t *testing.T) {
	for _, c := range []struct {
		given, family, birth string
		want                 []string
	}{
		{"Marie-Hélène", "de La Tour", "1980-04-02", []string{
			"name/sound=m6", "name/head=mar", "name/tail=rie", "name/sound=d", "name/head=de", "name/tail=de",
			"birth/year+month=1980-04", "birth/year+day=1980-02", "birth/day+month=02-04", "birth/year+{day,month}=1980-02-04",
		}},
		{"Bob", "O'Brien", "", []string{"name/sound=r163", "name/head=rob", "name/tail=ert", "name/sound=o165", "name/head=obr", "name/tail=ien"}},
		{"Philippe", "Zoë", "31/12/1999", []string{"name/sound=f41", "name/head=phi", "name/tail=ppe", "name/sound=z", "name/head=zoe", "name/tail=zoe"}},
		{"Joseph", "Ashcraft", "", []string{"name/sound=j21", "name/head=jos", "name/tail=eph", "name/sound=a226", "name/head=ash", "name/tail=aft"}},
		{"Łukasz", "Œuvrard", "", []string{"name/sound=l22", "name/head=luk", "name/tail=asz", "name/sound=o166", "name/head=oeu", "name/tail=ard"}},
		{"", "Durand", "1980-04-02", nil},
		{"  12 ", "Durand", "", nil},
	} {
		got := keysOf(c.given, c.family, c.birth)
		for _, w := range c.want {
			if !got[w] {
				t.Errorf("%s %s: no key %s in %v", c.given, c.family, w, got)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s %s: %d keys, want %d: %v", c.given, c.family, len(got), len(c.want), got)
		}
	}
}

func TestClaimsThatContradict(t *testing.T) {
	claim := func(given, family, birth string) identity.Claim {
		return identity.ClaimOf(given, family, birth, identitytest.Digest)
	}
	for _, c := range []struct {
		name string
		a, b identity.Claim
		want bool
	}{
		{"two given names", claim("Marie", "Durand", ""), claim("Paul", "Durand", ""), true},
		{"a typing error", claim("Catherine", "Durand", ""), claim("Cahterine", "Durand", ""), false},
		{"a diminutive", claim("Bob", "Martin", ""), claim("Robert", "Martin", ""), false},
		{"a compound", claim("Jean-Pierre", "Martin", ""), claim("Jean", "Martin", ""), false},
		{"an accent", claim("Hélène", "Martin", ""), claim("HELENE", "Martin", ""), false},
		{"another family name", claim("Marie", "Durand", ""), claim("Marie", "Lefevre", ""), false},
		{"swapped names", claim("Marie", "Durand", ""), claim("Durand", "Marie", ""), false},
		{"given names differ, birth is the same", claim("Marie", "Durand", "1980-04-02"), claim("Paulette", "Durand", "1980-04-02"), false},
		{"swapped date", claim("Marie", "Durand", "1980-04-02"), claim("Marie", "Lefevre", "1980-02-04"), false},
		{"birth and family differ", claim("Marie", "Durand", "1980-04-02"), claim("Marie", "Lefevre", "1991-12-30"), true},
		{"birth differs alone", claim("Marie", "Durand", "1980-04-02"), claim("Marie", "Durand", "1991-12-30"), false},
		{"no claim", claim("Marie", "Durand", ""), identity.Claim{}, false},
	} {
		if got := identity.Contradict(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if got := identity.Contradict(c.b, c.a); got != c.want {
			t.Errorf("%s, turned round: %v", c.name, got)
		}
	}
	old := claim("Paul", "Durand", "")
	old.Version++
	if identity.Contradict(claim("Marie", "Durand", ""), old) {
		t.Error("claims of two versions are compared")
	}
}
