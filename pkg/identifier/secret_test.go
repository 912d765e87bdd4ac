package identifier_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
)

func TestFindSecret(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want identifier.Secret
		part string // of the text; empty = all of it
	}{
		{"4111111111111111", identifier.PaymentCard, ""},
		{"4111 1111 1111 1111", identifier.PaymentCard, ""},
		{"4111-1111-1111-1111", identifier.PaymentCard, ""},
		{"4111.1111.1111.1111", identifier.PaymentCard, ""},
		{"4111\u00a01111\u202f1111\u20111111", identifier.PaymentCard, ""},
		{"paid with 5555555555554444, thanks", identifier.PaymentCard, "5555555555554444"},
		{"card4242424242424242", identifier.PaymentCard, "4242424242424242"},
		{"4242424242424242EUR", identifier.PaymentCard, "4242424242424242"},
		{"12 4111111111111111", identifier.PaymentCard, "4111111111111111"},
		{"3782 822463 10005", identifier.PaymentCard, ""},
		{"30569309025904", identifier.PaymentCard, ""},
		{"6011111111111117", identifier.PaymentCard, ""},
		{"3530111333300000", identifier.PaymentCard, ""},
		{"2223003122003222", identifier.PaymentCard, ""},
		{"6759649826438453", identifier.MaybeCard, ""}, // Maestro
		{"4222222222222", identifier.MaybeCard, ""},    // thirteen digits
		{"FR1420041010050500013M02606", identifier.IBAN, ""},
		{"fr14 2004 1010 0505 0001 3M02 606", identifier.IBAN, ""},
		{"IBAN: GB82-WEST-1234-5698-7654-32.", identifier.IBAN, "GB82-WEST-1234-5698-7654-32"},
		{"NO9386011117947", identifier.IBAN, ""},

		{"4111111111111112", identifier.NoSecret, ""},            // Luhn
		{"2990001234567", identifier.NoSecret, ""},               // shop's own card
		{"4006381333931", identifier.NoSecret, ""},               // EAN-13
		{"+5511912345678", identifier.NoSecret, ""},              // phone
		{"GA1.2.1234567890.1620000000", identifier.NoSecret, ""}, // analytics client
		{"41111111-1111-4111-8111-111111111111", identifier.NoSecret, ""},
		{"d3629241-ec83-5b12-be60-06f6fde7b433", identifier.NoSecret, ""}, // BE60 ... is no account
		{"web-1/d3629241-ec83-5b12-be60-06f6fde7b433", identifier.NoSecret, ""},
		{"a4111111111111111f", identifier.NoSecret, ""}, // hexadecimal id
		{"2026-03-14T10:22:31.123456+01:00", identifier.NoSecret, ""},
		{"FR1420041010050500013M02607", identifier.NoSecret, ""},
		{"XFR1420041010050500013M02606", identifier.NoSecret, ""},
		{"411111111111111", identifier.NoSecret, ""},
		{"41111111111111111111", identifier.NoSecret, ""},
		{"", identifier.NoSecret, ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			f := identifier.FindSecret(tt.text, 0)
			require.Equal(t, tt.want, f.Kind)
			if tt.want == identifier.NoSecret {
				return
			}
			want := tt.part
			if want == "" {
				want = tt.text
			}
			require.Equal(t, want, tt.text[f.Start:f.End])
			require.Equal(t, identifier.NoSecret, identifier.FindSecret(tt.text, f.End).Kind)
		})
	}
}

// Clients name their events by UUIDs: one that is taken for a secret would be an event that is refused.
func TestNoUUIDIsASecret(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 97))
	for range 300_000 {
		a, b := r.Uint64(), r.Uint64()
		id := fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
		require.Equal(t, identifier.NoSecret, identifier.FindSecret(id, 0).Kind, id)
	}
}

func FuzzFindSecret(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "FR14 2004 1010 0505 0001 3M02 606", "12-4111111111111111-7", "GB82WEST12345698765432"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for at := 0; ; {
			found := identifier.FindSecret(s, at)
			if found.Kind == identifier.NoSecret {
				return
			}
			require.Greater(t, found.End, found.Start)
			require.GreaterOrEqual(t, found.Start, at)
			require.LessOrEqual(t, found.End, len(s))
			at = found.End
		}
	})
}

func BenchmarkFindSecret(b *testing.B) {
	for name, text := range map[string]string{"uuid": "550e8400-e29b-41d4-a716-446655440000", "words": strings.Repeat("wool jumper, blue ", 8)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				identifier.FindSecret(text, 0)
			}
		})
	}
}
