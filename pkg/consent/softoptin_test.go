package consent_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

var (
	soldTo  = identifier.Key{Namespace: identifier.Email, Value: "m"}
	soldSMS = identifier.Key{Namespace: identifier.Phone, Value: "p"}
	offers  = consent.PurposeChannel{Purpose: consent.Marketing, Channel: consent.ChannelEmail}
)

func joined(t testing.TB, facts ...any) consent.Register {
	t.Helper()
	var r consent.Register
	for i := 0; i < len(facts); i += 2 {
		var changed bool
		r, changed = r.Join(facts[i].(consent.PurposeChannel), facts[i+1].(consent.Decision))
		require.True(t, changed)
	}
	return r
}

func saleOf(family string) consent.PurposeChannel {
	return consent.PurposeChannel{Purpose: consent.SaleOffer(family)}
}

// A sale of the family stands for a consent to offers of it, where nothing was decided on this very point.
func TestSoftOptIn(t *testing.T) {
	day := func(n int) int64 { return time.Date(2026, 1, 1+n, 0, 0, 0, 0, time.UTC).Unix() }
	sale := consent.Decision{Dec: consent.Grant, At: day(10), ID: "sale"}
	decided := func(dec consent.Dec, at int64) consent.Decision {
		return consent.Decision{Dec: dec, At: at, ID: "d"}
	}
	overlay := consent.PurposeChannel{Purpose: consent.Erased.Purpose()}
	minor := consent.PurposeChannel{Purpose: consent.Minor.Purpose()}
	tests := []struct {
		name   string
		point  consent.Point
		family string
		at     int64
		want   bool
	}{
		{"sold", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale)}, "shoes", day(11), true},
		{"at that instant", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale)}, "shoes", day(10), true},
		{"before the sale", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale)}, "shoes", day(9), false},
		{"another family", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale)}, "coats", day(11), false},
		{"no family", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale)}, "", day(11), false},
		{"nothing sold", consent.Point{Key: soldTo}, "shoes", day(11), false},
		{"unreadable", consent.Point{Key: soldTo, Unreadable: true, Register: joined(t, saleOf("shoes"), sale)}, "shoes", day(11), false},
		{"a telephone is no e-mail", consent.Point{Key: soldSMS, Register: joined(t, saleOf("shoes"), sale)}, "shoes", day(11), false},
		{"sale taken back", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, saleOf("shoes"), decided(consent.Withdraw, day(11)))}, "shoes", day(12), false},
		{"objected later", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, offers, decided(consent.Object, day(12)))}, "shoes", day(12), false},
		{"not yet objected", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, offers, decided(consent.Object, day(12)))}, "shoes", day(11), true},
		{"refused before", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, offers, decided(consent.Refuse, day(2)))}, "shoes", day(11), false},
		{"quiet for three years", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale)}, "shoes", consent.AddMonths(day(10), 36), false},
		{"and not, who came", consent.Point{Key: soldTo, LastAct: day(11), Register: joined(t, saleOf("shoes"), sale)}, "shoes", consent.AddMonths(day(10), 36), true},
		{"erasure after", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, overlay, decided(consent.Object, day(11)))}, "shoes", day(12), false},
		{"erased and lifted", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, overlay, decided(consent.Object, day(11)), overlay, decided(consent.Grant, day(12)))}, "shoes", day(13), false},
		{"restricted", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, consent.PurposeChannel{Purpose: consent.Restricted.Purpose()}, decided(consent.Object, day(11)))}, "shoes", day(12), false},
		{"a minor", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, minor, decided(consent.Object, day(1)))}, "shoes", day(11), false},
		{"sold to a minor, grown since", consent.Point{Key: soldTo, Register: joined(t, saleOf("shoes"), sale, minor, consent.Decision{Dec: consent.Object, At: day(1), Expires: day(11), ID: "m"})}, "shoes", day(12), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, end, ok := tt.point.SoftOptIn(consent.Marketing, consent.ChannelEmail, tt.family, tt.at)
			require.Equal(t, tt.want, ok)
			require.False(t, tt.point.AllowedAt(consent.Marketing, consent.ChannelEmail, tt.at), "it is no consent")
			if ok {
				require.Equal(t, "sale", got.ID)
				require.Greater(t, end, tt.at)
			}
			_, _, ok = tt.point.SoftOptIn(consent.Survey, consent.ChannelEmail, tt.family, tt.at)
			require.False(t, ok, "offers alone")
		})
	}
}

func TestSoftOptIn_onItsChannels(t *testing.T) {
	phone := consent.Point{Key: soldSMS, Register: joined(t, saleOf("shoes"), consent.Decision{Dec: consent.Grant, At: 10, ID: "s"})}
	for _, c := range []string{consent.ChannelEmail, consent.ChannelSMS, consent.ChannelPhone, consent.ChannelPost, consent.ChannelMessaging, consent.ChannelPush} {
		_, _, ok := phone.SoftOptIn(consent.Marketing, c, "shoes", 20)
		require.Equal(t, c == consent.ChannelSMS, ok, c)
	}
	info, _ := consent.PurposeOf(consent.Marketing)
	require.Equal(t, info.On[consent.ChannelEmail].Inactivity, info.On[consent.ChannelSMS].Inactivity, "a sale ends on all its channels alike")
}

// A sale that its source takes back permits nothing, in whichever order the two are heard; sales before and after it do as they did.
func TestSoftOptIn_saleTakenBack(t *testing.T) {
	back := consent.PurposeChannel{Purpose: consent.SaleRetracted}
	sale := func(event string, at int64) []any {
		return []any{saleOf("shoes"), consent.Decision{Dec: consent.Grant, At: at, ID: event + "#0"}}
	}
	retracted := func(event string, at int64) []any {
		return []any{back, consent.Decision{Dec: consent.Withdraw, At: at, ID: event}}
	}
	standing := func(facts ...[]any) string {
		t.Helper()
		var ids [2]string
		for i := range ids {
			if i == 1 {
				slices.Reverse(facts)
			}
			var r consent.Register
			for _, f := range facts {
				r, _ = r.Join(f[0].(consent.PurposeChannel), f[1].(consent.Decision))
			}
			got, _, ok := consent.Point{Key: soldTo, Register: r}.SoftOptIn(consent.Marketing, consent.ChannelEmail, "shoes", 100)
			require.Equal(t, ok, got.ID != "")
			ids[i] = got.ID
		}
		require.Equal(t, ids[0], ids[1], "the order does not matter")
		return ids[0]
	}
	require.Equal(t, "b#0", standing(sale("a", 10), sale("b", 20)))
	require.Equal(t, "a#0", standing(sale("a", 10), sale("b", 20), retracted("b", 20)))
	require.Equal(t, "b#0", standing(sale("a", 10), sale("b", 20), retracted("a", 10)))
	require.Empty(t, standing(sale("a", 10), retracted("a", 10)))
	require.Empty(t, standing(sale("a", 10), retracted("a", 99)), "whatever time the source says")
	require.Equal(t, "ab#0", standing(sale("ab", 10), retracted("a", 10), retracted("abc", 10), retracted("#0", 10)))
	require.Empty(t, standing(sale("a#7", 10), retracted("a#7", 10)), "an id is a free text")
	many := [][]any{sale("a", 10), sale("b", 30)}
	for i := range consent.Kept + 1 {
		many = append(many, retracted(fmt.Sprint("r", i), int64(11+i)))
	}
	require.Equal(t, "b#0", standing(many...))
	require.Empty(t, standing(append(many, retracted("b", 30))...), "a retraction of the time of the older sale may be forgotten")

	r := joined(t, slices.Concat(sale("a", 10), retracted("a", 10))...)
	require.Empty(t, r.All(), "it is no decision of the person")
	read, err := consent.DecodeRegister(r.Encode())
	require.NoError(t, err)
	require.Equal(t, r, read)
	require.Zero(t, consent.Point{Key: soldTo, Register: r}.QuietEnd(consent.SaleOffer("shoes"), "", 20))
	_, changed := r.Join(consent.PurposeChannel{Purpose: consent.SaleRetracted, Channel: "email"}, consent.Decision{Dec: consent.Withdraw, At: 10, ID: "x"})
	require.False(t, changed)
	for n := range consent.MaxHistories + 5 {
		r, _ = r.Join(saleOf(fmt.Sprintf("f%02d", n)), consent.Decision{Dec: consent.Grant, At: 10, ID: "a#1"})
	}
	require.Len(t, r.Families(), consent.MaxHistories-1, "sales never push out that one was taken back")
}

// Offers of sales are no decisions: they are not listed as such, never push one out, and come through the codec.
func TestSaleOffer_inRegisters(t *testing.T) {
	var r consent.Register
	for n := range consent.MaxHistories {
		r, _ = r.Join(saleOf(fmt.Sprintf("f%02d", n)), consent.Decision{Dec: consent.Grant, At: 10, ID: "s"})
	}
	require.Len(t, r.Families(), consent.MaxHistories)
	for _, pc := range []consent.PurposeChannel{offers, {Purpose: "share_partner:acme"}, {Purpose: consent.Restricted.Purpose()}} {
		var changed bool
		r, changed = r.Join(pc, consent.Decision{Dec: consent.Object, At: 11, ID: "d"})
		require.True(t, changed)
	}
	require.Len(t, r.Families(), consent.MaxHistories-3)
	require.Len(t, r.All(), 2)
	read, err := consent.DecodeRegister(r.Encode())
	require.NoError(t, err)
	require.Equal(t, r, read)
	for _, bad := range []consent.PurposeChannel{{Purpose: "soft_optin:"}, {Purpose: "soft_optin"}, {Purpose: "soft_optin:A B"}, {Purpose: "soft_optin:shoes", Channel: "email"}} {
		_, changed := r.Join(bad, consent.Decision{Dec: consent.Grant, At: 10, ID: "s"})
		require.False(t, changed, "%s", bad.Purpose)
	}
}

// Whoever keeps what sales permit, with the ends that were told, never permits more than whoever asks.
func TestSoftOptIns_tellWhenTheyEnd(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 9))
	month := func(n int) int64 { return time.Date(2020, time.Month(1+n), 1, 0, 0, 0, 0, time.UTC).Unix() }
	told, ended := 0, 0
	for range 3000 {
		var points []consent.Point
		last := month(rng.IntN(50))
		for _, k := range []identifier.Key{soldTo, soldSMS} {
			var r consent.Register
			for n := range rng.IntN(5) {
				d := consent.Decision{Dec: consent.Grant, At: month(rng.IntN(40)), ID: string(rune('a' + n))}
				pc := saleOf([]string{"shoes", "coats"}[rng.IntN(2)])
				switch rng.IntN(7) {
				case 6:
					pc, d.Dec, d.ID = consent.PurposeChannel{Purpose: consent.SaleRetracted}, consent.Withdraw, string(rune('a'+rng.IntN(5)))
				case 0:
					pc, d.Dec = offers, consent.Dec(1+rng.IntN(4))
				case 1:
					pc, d.Dec = consent.PurposeChannel{Purpose: consent.Restricted.Purpose()}, consent.Object
					d.Expires = d.At + int64(rng.IntN(20))*30*86400
				}
				r, _ = r.Join(pc, d)
			}
			points = append(points, consent.Point{Key: k, Register: r, LastAct: last})
		}
		now := month(rng.IntN(60))
		list := consent.SoftOptIns(points, now)
		for _, x := range list {
			told++
			for n := range 100 {
				at := now + int64(n)*15*86400
				if x.Until != 0 && at >= x.Until {
					ended++
					break
				}
				require.True(t, permittedSomewhere(points, x, at), "%+v at %d", x, at)
			}
		}
		require.Len(t, list, countPermitted(points, now))
	}
	require.Greater(t, told, 500)
	require.Greater(t, ended, 300)
}

func permittedSomewhere(points []consent.Point, x consent.SoftOptIn, at int64) bool {
	if consent.MaskedBy(points, consent.Marketing, x.Channel, at) != "" {
		return false
	}
	for _, p := range points {
		if _, _, ok := p.SoftOptIn(consent.Marketing, x.Channel, x.Family, at); ok {
			return true
		}
	}
	return false
}

func countPermitted(points []consent.Point, at int64) (n int) {
	for _, c := range []string{consent.ChannelEmail, consent.ChannelSMS} {
		for _, f := range []string{"shoes", "coats"} {
			if permittedSomewhere(points, consent.SoftOptIn{Channel: c, Family: f}, at) {
				n++
			}
		}
	}
	return n
}
