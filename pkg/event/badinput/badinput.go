// Package badinput owns the table of events that every way into the product must refuse, with the field and the reason each must name.
// It is data for tests: of the decoder, and of the ingestors over HTTP.
package badinput

import (
	"strconv"
	"strings"

	"rcu/pkg/event"
)

// Case is one event that must be refused.
type Case struct {
	Name    string
	Channel string // where it is sent
	Body    []byte
	Field   string // JSON pointer of the answer
	Reason  event.Reason
	Planted string // a value inside that no answer, log or dead letter may show; empty = none
}

const (
	head = `{"id":"bad-1","type":"sale","version":1,"occurred_at":"2026-03-14T10:22:31+01:00"`
	data = `"data":{"total":{"amount":4599,"currency":"EUR"}}`
)

// sale makes a sale whose members behind the head are given.
func sale(members ...string) []byte { return []byte(head + "," + strings.Join(members, ",") + "}") }

func raw(s string) []byte { return []byte(s) }

// with makes a sale with one member, and good data.
func with(member string) []byte { return sale(member, data) }

func total(s string) []byte { return sale(`"data":{"total":` + s + `}`) }

func line(s string) []byte {
	return sale(`"data":{"total":{"amount":1},"lines":[{"sku":"A","quantity":1,"amount":1},` + s + `]}`)
}

func at(time string) []byte {
	return raw(`{"id":"bad-1","type":"sale","occurred_at":` + time + `,` + data + `}`)
}

func said(decision string) []byte { return with(`"consent":[` + decision + `]`) }

// Cases lists the table. Every event of it arrives around 2026-03-14 or later.
func Cases() []Case {
	var out []Case
	for _, part := range [][]Case{bytesCases(), envelopeCases(), timeCases(), identifierCases(), amountCases(), consentCases(), typeCases(), secretCases()} {
		for _, c := range part {
			if c.Channel == "" {
				c.Channel = "store"
			}
			out = append(out, c)
		}
	}
	return out
}

func bytesCases() []Case {
	good := string(sale(data))
	return []Case{
		{Name: "nothing", Body: raw(" "), Reason: event.ReasonEmpty},
		{Name: "no JSON", Body: raw("id=bad-1&type=sale"), Reason: event.ReasonInvalidJSON},
		{Name: "truncated", Body: raw(good[:len(good)-20]), Field: "/data/total", Reason: event.ReasonInvalidJSON},
		{Name: "trailing bytes", Body: raw(good + "x"), Reason: event.ReasonTrailing},
		{Name: "two objects", Body: raw(good + good), Reason: event.ReasonTrailing},
		{Name: "comma too many", Body: raw(strings.TrimSuffix(good, "}") + ",}"), Reason: event.ReasonInvalidJSON},
		{Name: "single quotes", Body: raw("{'id':'bad-1'}"), Reason: event.ReasonInvalidJSON},
		{Name: "comment", Body: raw("/* sale */" + good), Reason: event.ReasonInvalidJSON},
		{Name: "byte order mark", Body: raw("\ufeff" + good), Reason: event.ReasonInvalidJSON},
		{Name: "leading zero", Body: total(`{"amount":007}`), Field: "/data/total", Reason: event.ReasonInvalidJSON},
		{Name: "bare control character", Body: with("\"traits\":{\"city\":\"Pa\nris\"}"), Field: "/traits/city", Reason: event.ReasonInvalidJSON},
		{Name: "no such escape", Body: with(`"traits":{"city":"Pa\x72is"}`), Field: "/traits/city", Reason: event.ReasonInvalidJSON},
		{Name: "duplicate name", Body: with(`"id":"bad-2"`), Field: "/id", Reason: event.ReasonDuplicateKey},
		{Name: "duplicate name, escaped", Body: with(`"\u0069d":"bad-2"`), Field: "/id", Reason: event.ReasonDuplicateKey},
		{Name: "duplicate name, deep", Body: total(`{"amount":1,"currency":"EUR","amount":2}`), Field: "/data/total/amount", Reason: event.ReasonDuplicateKey},
		{Name: "duplicate unknown name", Body: with(`"x":{"planted-name":1,"planted-name":2}`), Field: "/*/*", Reason: event.ReasonDuplicateKey, Planted: "planted-name"},
		{Name: "invalid UTF-8", Body: with("\"traits\":{\"family_name\":\"Ev\xe9\"}"), Field: "/traits/family_name", Reason: event.ReasonInvalidUTF8},
		{Name: "overlong UTF-8", Body: with("\"traits\":{\"family_name\":\"\xc0\xaf\"}"), Field: "/traits/family_name", Reason: event.ReasonInvalidUTF8},
		{Name: "half a surrogate pair", Body: with(`"traits":{"family_name":"\ud83d"}`), Field: "/traits/family_name", Reason: event.ReasonInvalidUTF8},
		{Name: "U+0000 escaped", Body: with(`"traits":{"family_name":"Du\u0000rand"}`), Field: "/traits/family_name", Reason: event.ReasonNUL},
		{Name: "U+0000 bare", Body: with("\"traits\":{\"family_name\":\"Du\x00rand\"}"), Field: "/traits/family_name", Reason: event.ReasonNUL},
		{Name: "U+0000 in an unknown field", Body: with(`"note":"\u0000"`), Field: "/*", Reason: event.ReasonNUL},
		{Name: "too deep", Body: with(`"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40)), Field: "/*" + strings.Repeat("/0", 16), Reason: event.ReasonTooDeep},
		{Name: "too large", Body: with(`"x":"` + strings.Repeat("a", event.MaxBytes) + `"`), Reason: event.ReasonTooLarge},
	}
}

func envelopeCases() []Case {
	return []Case{
		{Name: "array inside an array", Body: raw("[" + string(sale(data)) + "]"), Reason: event.ReasonWrongType},
		{Name: "a number", Body: raw("42"), Reason: event.ReasonWrongType},
		{Name: "null", Body: raw("null"), Reason: event.ReasonWrongType},
		{Name: "no id", Body: raw(`{"type":"sale","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/id", Reason: event.ReasonRequired},
		{Name: "id is a number", Body: raw(`{"id":17,"type":"sale","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/id", Reason: event.ReasonWrongType},
		{Name: "id is empty", Body: raw(`{"id":"","type":"sale","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/id", Reason: event.ReasonTooShort},
		{Name: "id of 129 characters", Body: raw(`{"id":"` + strings.Repeat("i", 129) + `","type":"sale","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/id", Reason: event.ReasonTooLong},
		{Name: "id of 65 characters of two bytes", Body: raw(`{"id":"` + strings.Repeat("é", 65) + `","type":"sale","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/id", Reason: event.ReasonTooLong},
		{Name: "no type", Body: raw(`{"id":"bad-1","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/type", Reason: event.ReasonRequired},
		{Name: "type is an object", Body: raw(`{"id":"bad-1","type":{},"occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/type", Reason: event.ReasonWrongType},
		{Name: "unknown type", Body: raw(`{"id":"bad-1","type":"planted-type","occurred_at":"2026-03-14T10:22:31+01:00"}`), Field: "/type", Reason: event.ReasonUnknownType, Planted: "planted-type"},
		{Name: "type in capitals", Body: raw(`{"id":"bad-1","type":"SALE","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/type", Reason: event.ReasonUnknownType},
		{Name: "type of another channel", Channel: "web", Body: sale(data), Field: "/type", Reason: event.ReasonOtherChannel},
		{Name: "web type in the shop", Body: raw(`{"id":"bad-1","type":"page.viewed","occurred_at":"2026-03-14T10:22:31+01:00","data":{"path":"/"}}`), Field: "/type", Reason: event.ReasonOtherChannel},
		{Name: "version 2", Body: raw(`{"id":"bad-1","type":"sale","version":2,"occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/version", Reason: event.ReasonNotListed},
		{Name: "no data", Body: raw(head + "}"), Field: "/data", Reason: event.ReasonRequired},
		{Name: "data is a list", Body: sale(`"data":[]`), Field: "/data", Reason: event.ReasonWrongType},
		{Name: "traits is a list", Body: with(`"traits":["Marie"]`), Field: "/traits", Reason: event.ReasonWrongType},
		{Name: "trait is a number", Body: with(`"traits":{"given_name":7}`), Field: "/traits/given_name", Reason: event.ReasonWrongType},
		{Name: "trait too long", Body: with(`"traits":{"postal_code":"` + strings.Repeat("7", 40) + `x"}`), Field: "/traits/postal_code", Reason: event.ReasonTooLong},
		{Name: "no such birthday", Body: with(`"traits":{"birth_date":"1981-02-29"}`), Field: "/traits/birth_date", Reason: event.ReasonBadForm, Planted: "1981-02-29"},
	}
}

func timeCases() []Case {
	return []Case{
		{Name: "no time", Body: raw(`{"id":"bad-1","type":"sale",` + data + `}`), Field: "/occurred_at", Reason: event.ReasonRequired},
		{Name: "no zone", Body: at(`"2026-03-14T10:22:31"`), Field: "/occurred_at", Reason: event.ReasonBadForm},
		{Name: "a number of seconds", Body: at(`1773480151`), Field: "/occurred_at", Reason: event.ReasonWrongType},
		{Name: "a space for T", Body: at(`"2026-03-14 10:22:31Z"`), Field: "/occurred_at", Reason: event.ReasonBadForm},
		{Name: "no such day", Body: at(`"2026-02-30T10:22:31Z"`), Field: "/occurred_at", Reason: event.ReasonBadForm},
		{Name: "hour 24", Body: at(`"2026-03-14T24:00:00Z"`), Field: "/occurred_at", Reason: event.ReasonBadForm},
		{Name: "date of another order", Body: at(`"14/03/2026 10:22"`), Field: "/occurred_at", Reason: event.ReasonBadForm},
		{Name: "before 2000", Body: at(`"1999-12-31T23:59:59Z"`), Field: "/occurred_at", Reason: event.ReasonBefore2000},
		{Name: "epoch", Body: at(`"1970-01-01T00:00:00Z"`), Field: "/occurred_at", Reason: event.ReasonBefore2000},
		{Name: "far ahead", Body: at(`"2199-01-01T00:00:00Z"`), Field: "/occurred_at", Reason: event.ReasonInFuture},
		{Name: "sent_at is no time", Body: with(`"sent_at":"yesterday"`), Field: "/sent_at", Reason: event.ReasonBadForm},
	}
}

func identifierCases() []Case {
	list := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`{"namespace":"cookie","value":"` + strconv.Itoa(i) + `"},`)
		}
		return `"identifiers":[` + strings.TrimSuffix(b.String(), ",") + `]`
	}
	return []Case{
		{Name: "identifiers is an object", Body: with(`"identifiers":{"card":"1"}`), Field: "/identifiers", Reason: event.ReasonWrongType},
		{Name: "unknown namespace", Body: with(`"identifiers":[{"namespace":"passport","value":"1"}]`), Field: "/identifiers/0/namespace", Reason: event.ReasonNotListed},
		{Name: "no value", Body: with(`"identifiers":[{"namespace":"card"}]`), Field: "/identifiers/0/value", Reason: event.ReasonRequired},
		{Name: "value is a number", Body: with(`"identifiers":[{"namespace":"card","value":"1"},{"namespace":"card","value":2990001234567}]`), Field: "/identifiers/1/value", Reason: event.ReasonWrongType, Planted: "2990001234567"},
		{Name: "proved is a string", Body: with(`"identifiers":[{"namespace":"card","value":"1","proved":"yes"}]`), Field: "/identifiers/0/proved", Reason: event.ReasonWrongType},
		{Name: "value too long", Body: with(`"identifiers":[{"namespace":"cookie","value":"` + strings.Repeat("c", 257) + `"}]`), Field: "/identifiers/0/value", Reason: event.ReasonTooLong},
		{Name: "65 identifiers", Body: with(list(65)), Field: "/identifiers", Reason: event.ReasonTooMany},
		{Name: "700 identifiers", Body: with(list(700)), Field: "/identifiers", Reason: event.ReasonTooMany},
		{Name: "10,000 identifiers", Body: with(list(10000)), Reason: event.ReasonTooLarge},
		{Name: "replacement by the same card", Body: raw(`{"id":"bad-1","type":"loyalty.card_replaced","occurred_at":"2026-03-14T10:22:31Z","data":{"old":"299-1","new":"2991"}}`), Field: "/data/new", Reason: event.ReasonNotIdentifier},
		{Name: "replacement of no card", Body: raw(`{"id":"bad-1","type":"loyalty.card_replaced","occurred_at":"2026-03-14T10:22:31Z","data":{"old":"0000","new":"2991"}}`), Field: "/data/old", Reason: event.ReasonNotIdentifier},
	}
}
