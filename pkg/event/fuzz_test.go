package event_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/event/badinput"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Any bytes: no panic; accepted means stamped, encodable, and the same once more; refused means a reason, and no secret in what is kept.
func FuzzDecode(f *testing.F) {
	for _, x := range examples(f) {
		f.Add(x.raw, x.channel)
	}
	for _, c := range badinput.Cases() {
		if len(c.Body) < 4096 {
			f.Add(c.Body, c.Channel)
		}
	}
	d := decoder(f)
	origins := map[string]*event.Origin{}
	for _, c := range []string{"store", "web", "mobile", "callcentre"} {
		origins[c] = origin(f, c)
	}
	f.Fuzz(func(t *testing.T, raw []byte, channel string) {
		o := origins[channel]
		if o == nil {
			o = origins["store"]
		}
		draft, r := d.Decode(raw, o, received)
		if r != nil {
			require.Nil(t, draft)
			require.NotEmpty(t, r.Reason)
			require.NotEmpty(t, r.Fix)
			_, again := event.Redact(r.Redacted)
			require.False(t, again)
			return
		}
		require.True(t, json.Valid(raw))
		ev, personal, decisions := draft.Stamp(pseudonyms{}, noStamps)
		second, _ := d.Decode(raw, o, received)
		ev2, _, _ := second.Stamp(pseudonyms{}, noStamps)
		require.Equal(t, encode(t, ev), encode(t, ev2))
		for _, m := range decisions {
			encode(t, m)
		}
		if personal != nil {
			encode(t, personal)
		}
		if ev == nil {
			return
		}
		require.LessOrEqual(t, len(ev.GetIdentifiers()), 8)
		require.NotPanics(t, func() { event.FactsOf(ev) })
		var back eventpb.Event
		require.NoError(t, proto.Unmarshal(encode(t, ev), &back))
		require.True(t, proto.Equal(ev, &back))
	})
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	require.NoError(t, err)
	return raw
}

// beyond are the reasons for which valid JSON is refused.
var beyond = []event.Reason{
	event.ReasonDuplicateKey, event.ReasonInvalidUTF8, event.ReasonNUL, event.ReasonNumberRange, event.ReasonTooDeep,
}

// The scanner takes a text if and only if the standard library does, but for what it refuses by name.
func FuzzScan(f *testing.F) {
	for _, x := range examples(f) {
		f.Add(string(x.raw))
	}
	for _, s := range []string{`[1.5e-3,"\ud83d\ude00",{"a":{}}]`, ` null `, `"\u00e9\n"`, `{"a":1,"a":2}`, "[1,]", "01", "1.", "-", "+1", "\"\x7f\"", "[[[]]]"} {
		f.Add(s)
	}
	d := decoder(f)
	f.Fuzz(func(t *testing.T, s string) {
		reason, _ := d.Scan(s)
		valid := json.Valid([]byte(s))
		switch {
		case reason == "":
			require.True(t, valid)
		case valid:
			require.True(t, slices.Contains(beyond, reason), reason)
		}
	})
}

// The order of members and a new sent_at are no content; anything else is.
func TestDigest(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	sum := func(s string) uint64 {
		reason, h := d.Scan(s)
		require.Empty(t, reason)
		return h
	}
	one := sum(`{"id":"1","sent_at":"2026-01-01T00:00:00Z","data":{"total":{"amount":1,"currency":"EUR"},"lines":[1,2]}}`)
	require.Equal(t, one, sum(` {"data": {"lines":[1, 2],"total":{"currency":"EUR","amount":1}}, "id":"\u0031"}`))
	for _, other := range []string{
		`{"id":"2","data":{"total":{"amount":1,"currency":"EUR"},"lines":[1,2]}}`,
		`{"id":"1","data":{"total":{"amount":1,"currency":"EUR"},"lines":[2,1]}}`,
		`{"id":"1","data":{"total":{"amount":2,"currency":"EUR"},"lines":[1,2]}}`,
		`{"id":"1","data":{"total":{"currency":1,"amount":"EUR"},"lines":[1,2]}}`,
		`{"id":"1","data":{"sent_at":1,"total":{"amount":1,"currency":"EUR"},"lines":[1,2]}}`,
		`{"id":1,"data":{"total":{"amount":1,"currency":"EUR"},"lines":[1,2]}}`,
	} {
		require.NotEqual(t, one, sum(other), other)
	}
}

func BenchmarkDecode(b *testing.B) {
	x := find(b, "store/sale.rich")
	for _, bb := range []example{find(b, "store/sale"), x, find(b, "web/page.viewed"), threeLines(b)} {
		d, o := decoder(b), origin(b, bb.channel)
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, r := d.Decode(bb.raw, o, received); r != nil {
					b.Fatal(r)
				}
			}
		})
	}
}

func BenchmarkDecodeStamp(b *testing.B) {
	for _, bb := range []example{find(b, "store/sale.rich"), find(b, "web/page.viewed"), threeLines(b)} {
		d, o := decoder(b), origin(b, bb.channel)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				draft, r := d.Decode(bb.raw, o, received)
				if r != nil {
					b.Fatal(r)
				}
				draft.Stamp(cheap{}, noStamps)
			}
		})
	}
}

// threeLines is a sale of three lines with a card, an e-mail and a ticket: the event that speed is aimed at.
func threeLines(testing.TB) example {
	return example{"three_lines", "store", "sale", []byte(`{"id":"T12-0017","type":"sale","version":1,"occurred_at":"2026-03-14T10:22:31+01:00","sent_at":"2026-03-14T10:22:32+01:00",` +
		`"identifiers":[{"namespace":"card","value":"2990001234567","proved":true},{"namespace":"email","value":"Marie.Durand@example.com"},{"namespace":"ticket","value":"0017"}],` +
		`"data":{"total":{"amount":4599,"currency":"EUR"},"lines":[{"sku":"JUMPER-M-BLUE","category":"Clothing","quantity":1,"unit_price":3999,"amount":3999},` +
		`{"sku":"4006381333931","category":"Stationery","quantity":2,"unit_price":300,"amount":600},{"sku":"BAG","quantity":1,"unit_price":0,"amount":0}]}}`)}
}

// cheap stands in for the keyed digests, whose cost is the vault's.
type cheap struct{}

func (cheap) Pseudonym(string, identifier.Namespace, string) identifier.Pseudonym {
	return identifier.Pseudonym{1}
}
func (cheap) Digest16(string, string, string) uint16  { return 1 }
func (cheap) Digest64(string, string, string) [8]byte { return [8]byte{1} }
