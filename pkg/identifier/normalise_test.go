package identifier_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	fr := identifier.Options{Country: "FR"}
	tests := []struct {
		name  string
		ns    identifier.Namespace
		value string
		o     identifier.Options
		want  string
		cause identifier.Cause
	}{
		{"case and spaces", identifier.Email, "  Marie.Durand@Example.COM ", fr, "marie.durand@example.com", ""},
		{"full width", identifier.Email, "ｍａｒｉｅ＠example.com", fr, "marie@example.com", ""},
		{"idna", identifier.Email, "hans@Müller.de", fr, "hans@xn--mller-kva.de", ""},
		{"sub-address stays", identifier.Email, "a.b+c@gmail.com", fr, "a.b+c@gmail.com", ""},
		{"mailto", identifier.Email, "mailto:a@b.fr", fr, "a@b.fr", ""},
		{"zero-width space", identifier.Email, "marie\u200b@b.fr", fr, "marie@b.fr", ""},
		{"no at", identifier.Email, "marie.example.com", fr, "", identifier.CauseSyntax},
		{"no domain", identifier.Email, "marie@localhost", fr, "", identifier.CauseSyntax},
		{"two ats", identifier.Email, "a@b@c.fr", fr, "", identifier.CauseSyntax},
		{"nobody", identifier.Email, "noreply@shop.fr", fr, "", identifier.CausePlaceholder},
		{"test", identifier.Email, "Test@Example.com", fr, "", identifier.CausePlaceholder},
		{"national", identifier.Phone, "06 12 34 56 79", fr, "+33612345679", ""},
		{"trunk zero kept", identifier.Phone, "+33 (0)6 12 34 56 79", fr, "+33612345679", ""},
		{"trunk zero without brackets", identifier.Phone, "+330612345679", fr, "+33612345679", ""},
		{"00", identifier.Phone, "0033612345679", fr, "+33612345679", ""},
		{"00 from elsewhere", identifier.Phone, "0033612345679", identifier.Options{Country: "US"}, "+33612345679", ""},
		{"british", identifier.Phone, "07400 123456", identifier.Options{Country: "GB"}, "+447400123456", ""},
		{"no country", identifier.Phone, "0612345679", identifier.Options{}, "", identifier.CauseSyntax},
		{"zeros", identifier.Phone, "00 00 00 00 00", fr, "", identifier.CauseZeros},
		{"one digit", identifier.Phone, "0611111111", fr, "", identifier.CausePlaceholder},
		{"too short", identifier.Phone, "12", fr, "", identifier.CauseSyntax},
		{"card with separators", identifier.Card, "2990 0012-34567", fr, "2990001234567", ""},
		{"card of letters", identifier.Card, "ab-12", fr, "AB12", ""},
		{"short card", identifier.Card, "900", fr, "900", ""},
		{"typing error in a card", identifier.Card, "2990001234568", fr, "", identifier.CauseCheckDigit},
		{"read by a machine", identifier.Card, "2990001234568", identifier.Options{Read: true}, "2990001234568", ""},
		{"check off", identifier.Card, "2990001234568", identifier.Options{Card: identifier.CardCheckNone}, "2990001234568", ""},
		{"luhn asked for", identifier.Card, "900", identifier.Options{Card: identifier.CardCheckLuhn}, "", identifier.CauseCheckDigit},
		{"card zeros", identifier.Card, "0000000000000", fr, "", identifier.CauseZeros},
		{"empty", identifier.Customer, "  ", fr, "", identifier.CauseEmpty},
		{"null", identifier.Customer, "NULL", fr, "", identifier.CausePlaceholder},
		{"n/a", identifier.Customer, "n/a", fr, "", identifier.CausePlaceholder},
		{"dashes", identifier.Customer, "---", fr, "", identifier.CausePlaceholder},
		{"zero uuid", identifier.Cookie, "00000000-0000-0000-0000-000000000000", fr, "", identifier.CauseZeros},
		{"device lowered", identifier.Device, "550E8400-E29B-41D4-A716-446655440000", fr, "550e8400-e29b-41d4-a716-446655440000", ""},
		{"order with a hash", identifier.Order, "#W2890441", fr, "W2890441", ""},
		{"customer keeps its case", identifier.Customer, "aB3", fr, "aB3", ""},
		{"too long", identifier.Customer, strings.Repeat("9", 300), fr, "", identifier.CauseSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, cause := identifier.Normalise(tt.ns, tt.value, tt.o)
			require.Equal(t, tt.cause, cause)
			require.Equal(t, tt.want, got)
		})
	}
}

// The fast path must say what the library says.
func TestPhoneFastPathAgrees(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"+33612345679", "+34612345679", "+41791234567", "+31612345678", "+48512345678", "+4520123456"} {
		slow, ok := identifier.NormalisePhone(p[:3]+" "+p[3:], "FR")
		require.True(t, ok, p)
		fast, ok := identifier.NormalisePhone(p, "FR")
		require.True(t, ok, p)
		require.Equal(t, slow, fast)
	}
	for country, numbers := range map[string][]string{
		"FR": {"06 12 34 56 78", "01.40.20.50.50", "0999999990"}, "NL": {"06-12345678", "020 1234567"}, "CH": {"079 123 45 67"}, "GB": {"07400 123456", "020 7946 0018", "0199 999 9990"},
	} {
		for _, p := range numbers {
			slow, ok := identifier.NormalisePhone("("+p[:1]+")"+p[1:], country) // brackets are not of the fast path
			require.True(t, ok, p)
			fast, ok := identifier.NormalisePhone(p, country)
			require.True(t, ok, p)
			require.Equal(t, slow, fast)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, ns := range identifier.Namespaces() {
		for _, v := range []string{"Marie@Exämple.fr", "+33 (0)6 12 34 56 79", "0039 06 1234", "2990-0012-34567", "#1001", "\u200bnull\u00a0", "０６１２３４５６７９", "a@xn--mller-kva.de"} {
			f.Add(string(ns), v, "FR")
		}
	}
	f.Fuzz(func(t *testing.T, ns, value, country string) {
		if len(country) > 2 || len(value) > 512 {
			return
		}
		o := identifier.Options{Country: country}
		once, cause := identifier.Normalise(identifier.Namespace(ns), value, o)
		if cause != identifier.CauseNone {
			return
		}
		twice, cause := identifier.Normalise(identifier.Namespace(ns), once, o)
		require.Equal(t, identifier.CauseNone, cause, "%q of %q", once, value)
		require.Equal(t, once, twice, "of %q", value)
	})
}

func BenchmarkNormalise(b *testing.B) {
	o := identifier.Options{Country: "FR"}
	for _, bb := range []struct {
		name  string
		ns    identifier.Namespace
		value string
	}{
		{"email", identifier.Email, "Marie.Durand@example.com"},
		{"phone_e164", identifier.Phone, "+33612345679"},
		{"phone_national", identifier.Phone, "06 12 34 56 79"},
		{"card", identifier.Card, "2990001234567"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				identifier.Normalise(bb.ns, bb.value, o)
			}
		})
	}
}
