package resolve

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
)

var updateMatches = flag.Bool("update-matches", false, "write the golden record with matches anew: only where the format got another version")

// goldenMatches is a record with probable matches as version 1 stores it, in hexadecimal.
const goldenMatches = "record-matches-v1.hex"

// matchFacts are two people whom a rule links, one of them with a second record that is like the other no more, and one whom it does not link.
func matchFacts() []identity.Fact {
	card, email, phone, landline := identitytest.Key(identifier.Card, 1), identitytest.Key(identifier.Email, 1), identitytest.Key(identifier.Phone, 1), identitytest.Key(identifier.Phone, 2)
	compared := func(a, b identifier.Key, first, second string, at int64, millionths uint32) identity.Fact {
		m := &identity.Match{ID: first + second, A: a, B: b, Compared: identity.Compared{Records: [2]string{first, second}, At: at, Millionths: millionths}}
		if identity.Lesser(b, a) {
			m.A, m.B, m.Records = b, a, [2]string{second, first}
		}
		return m
	}
	return []identity.Fact{
		&identity.Event{ID: "till/1", T: 1_700_000_000, Keys: []identifier.Key{card, email}},
		compared(card, phone, "record of a card", "record of a call", 1_700_000_100_000_001, 999_500),
		compared(email, phone, "record of a mail", "record of a call", 1_700_000_100_000_002, 0),
		compared(card, landline, "record of a card", "record of a home", 1_700_000_100_000_003, 930_000),
	}
}

// packedMatches plans those facts on nothing.
func packedMatches(t *testing.T) []byte {
	t.Helper()
	rules := identity.DefaultRules()
	rules.AutoLink = .99
	k, err := identity.NewKernel(rules)
	require.NoError(t, err)
	p := newPlanner(nil, "s", k, 0, 1_700_000_200)
	facts := matchFacts()
	for _, fact := range facts {
		for _, key := range k.Named(fact, nil) {
			p.known[key] = true
		}
	}
	p.fold(facts)
	require.NoError(t, p.run(t.Context()))
	var linked []byte
	for _, c := range p.commits() {
		for _, w := range c.Writes {
			r, err := decodeRecord(string(w.Value))
			require.NoError(t, err)
			if len(r.members) > 1 {
				require.Nil(t, linked)
				linked = w.Value
			}
		}
	}
	return linked
}

// TestGoldenRecord_withMatches: what was stored of probable matches is read for ever, and is written the same.
func TestGoldenRecord_withMatches(t *testing.T) {
	file := filepath.Join("testdata", goldenMatches)
	if *updateMatches {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, []byte(hex.EncodeToString(packedMatches(t))+"\n"), 0o600))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	stored, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Equal(t, stored, packedMatches(t), "the same facts are packed the same")

	r, err := decodeRecord(string(stored))
	require.NoError(t, err)
	require.Equal(t, stored, repack(r))
	require.Len(t, r.members, 3, "card, e-mail and phone are one person; the second phone is not likely enough")
	var got []identity.Compared
	seen := map[*identity.Edge]bool{}
	for _, m := range r.members {
		for _, e := range m.Edges {
			if !seen[e] {
				seen[e] = true
				got = append(got, e.Compared...)
			}
		}
	}
	var want []identity.Compared
	for _, f := range matchFacts() {
		if m, is := f.(*identity.Match); is {
			want = append(want, m.Compared)
		}
	}
	require.ElementsMatch(t, want, got, "also what is taken back, and what is not likely enough")
}
