package reveal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/services/internal/reveal"
)

func TestHint(t *testing.T) {
	for _, c := range []struct {
		ns          identifier.Namespace
		value, want string
	}{
		{identifier.Email, "marie.durand@example.fr", "m•••@e•••.fr"},
		{identifier.Email, "élise@shop.example.co.uk", "é•••@s•••.uk"},
		{identifier.Email, "a@b.fr", "•••@•••.fr"},
		{identifier.Email, "al@sf.fr", "•••@•••.fr"},
		{identifier.Email, "no address", "•••@•••"},
		{identifier.Phone, "+33612345642", "•• •• •• •• 42"},
		{identifier.Landline, "+33145678910", "•• •• •• •• 10"},
		{identifier.Card, "2990001234567", "•••• 67"},
		{identifier.Customer, "E1", "••••"},
		{identifier.Cookie, "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11", ""},
		{identifier.Pay, "tok_1234567", ""},
		{"", "Élise", ""},
	} {
		require.Equal(t, c.want, reveal.Hint(c.ns, c.value), c.value)
	}
}

// A hint tells neither more than two characters beside the end of a domain, nor how long a value is.
func FuzzHint(f *testing.F) {
	f.Add("marie@example.fr")
	f.Add("+33612345642")
	f.Add("@.")
	f.Fuzz(func(t *testing.T, value string) {
		for _, ns := range []identifier.Namespace{identifier.Email, identifier.Phone, identifier.Card, identifier.Customer, identifier.Cookie, identifier.Pay} {
			hint := reveal.Hint(ns, value)
			if ns == identifier.Email {
				hint = hint[:max(0, strings.LastIndexByte(hint, '.'))]
			}
			told := len([]rune(strings.NewReplacer("•", "", " ", "", "@", "").Replace(hint)))
			require.LessOrEqual(t, told, 2, "%s %q", ns, hint)
		}
	})
}
