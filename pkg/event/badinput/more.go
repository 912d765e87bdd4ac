package badinput

import (
	"strings"

	"rcu/pkg/event"
)

func amountCases() []Case {
	amount := "/data/total/amount"
	return []Case{
		{Name: "NaN", Body: total(`{"amount":NaN}`), Field: amount, Reason: event.ReasonNumberRange},
		{Name: "Infinity", Body: total(`{"amount":-Infinity}`), Field: amount, Reason: event.ReasonNumberRange},
		{Name: "1e400", Body: total(`{"amount":1e400}`), Field: amount, Reason: event.ReasonNumberRange},
		{Name: "exponent of ten digits", Body: total(`{"amount":1e-9999999999}`), Field: amount, Reason: event.ReasonNumberRange},
		{Name: "1e400 in an unknown field", Body: with(`"x":1e400`), Field: "/*", Reason: event.ReasonNumberRange},
		{Name: "fraction", Body: total(`{"amount":45.99}`), Field: amount, Reason: event.ReasonWrongType},
		{Name: "text", Body: total(`{"amount":"4599"}`), Field: amount, Reason: event.ReasonWrongType},
		{Name: "beyond 2^53", Body: total(`{"amount":9007199254740993}`), Field: amount, Reason: event.ReasonTooBig},
		{Name: "beyond int64", Body: total(`{"amount":1e30}`), Field: amount, Reason: event.ReasonTooBig},
		{Name: "below -2^53", Body: total(`{"amount":-9007199254740993}`), Field: amount, Reason: event.ReasonTooSmall},
		{Name: "no amount", Body: total(`{"currency":"EUR"}`), Field: amount, Reason: event.ReasonRequired},
		{Name: "total is a number", Body: total(`45`), Field: "/data/total", Reason: event.ReasonWrongType},
		{Name: "total is null", Body: total(`null`), Field: "/data/total", Reason: event.ReasonWrongType},
		{Name: "unknown currency", Body: total(`{"amount":1,"currency":"XXQ"}`), Field: "/data/total/currency", Reason: event.ReasonNotListed},
		{Name: "currency in small letters", Body: total(`{"amount":1,"currency":"eur"}`), Field: "/data/total/currency", Reason: event.ReasonNotListed},
		{Name: "return of less than nothing", Body: raw(`{"id":"bad-1","type":"return","occurred_at":"2026-03-14T10:22:31Z","data":{"total":{"amount":-5}}}`), Field: amount, Reason: event.ReasonTooSmall},
		{Name: "line without article", Body: line(`{"quantity":1,"amount":1}`), Field: "/data/lines/1/sku", Reason: event.ReasonRequired},
		{Name: "quantity is text", Body: line(`{"sku":"B","quantity":"two","amount":1}`), Field: "/data/lines/1/quantity", Reason: event.ReasonWrongType},
		{Name: "1,001 lines", Body: sale(`"data":{"total":{"amount":1},"lines":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1001), ",") + `]}`), Field: "/data/lines", Reason: event.ReasonTooMany},
	}
}

func consentCases() []Case {
	grant := `"purpose":"unify_core","decision":"grant"`
	card := `"point":{"namespace":"card","value":"2991"}`
	return []Case{
		{Name: "unknown purpose", Body: said(`{` + card + `,"purpose":"everything","decision":"grant"}`), Field: "/consent/0/purpose", Reason: event.ReasonBadForm},
		{Name: "purpose nobody decides about", Body: said(`{` + card + `,"purpose":"legal","decision":"object"}`), Field: "/consent/0/purpose", Reason: event.ReasonBadForm},
		{Name: "unknown decision", Body: said(`{` + card + `,"purpose":"unify_core","decision":"maybe"}`), Field: "/consent/0/decision", Reason: event.ReasonNotListed},
		{Name: "no point", Body: said(`{` + grant + `}`), Field: "/consent/0/point", Reason: event.ReasonRequired},
		{Name: "point is an order", Body: said(`{"point":{"namespace":"order","value":"1"},` + grant + `}`), Field: "/consent/0/point/namespace", Reason: event.ReasonNotListed},
		{Name: "point is nobody", Body: said(`{"point":{"namespace":"email","value":"planted.mail"},` + grant + `}`), Field: "/consent/0/point/value", Reason: event.ReasonNotIdentifier, Planted: "planted.mail"},
		{Name: "grant without an act", Body: said(`{` + card + `,` + grant + `}`), Field: "/consent/0/act", Reason: event.ReasonNoNotice},
		{Name: "grant without a notice", Body: said(`{` + card + `,` + grant + `,"act":"paper"}`), Field: "/consent/0/notice", Reason: event.ReasonNoNotice},
		{Name: "marketing without a channel", Body: said(`{` + card + `,"purpose":"marketing","decision":"refuse"}`), Field: "/consent/0/channel", Reason: event.ReasonNoChannel},
		{Name: "channel not of the purpose", Body: said(`{` + card + `,"purpose":"clienteling_contact","channel":"post","decision":"refuse"}`), Field: "/consent/0/channel", Reason: event.ReasonChannelUnknown},
		{Name: "decided before 2000", Body: said(`{` + card + `,"purpose":"unify_core","decision":"object","decided_at":"1980-01-01T00:00:00Z"}`), Field: "/consent/0/decided_at", Reason: event.ReasonBefore2000},
		{Name: "decisions without any", Body: raw(`{"id":"bad-1","type":"consent.decided","occurred_at":"2026-03-14T10:22:31Z","consent":[]}`), Field: "/consent", Reason: event.ReasonTooFew},
	}
}

func typeCases() []Case {
	retract := func(typ, identifiers string) []byte {
		return raw(`{"id":"bad-1","type":"event.retracted","occurred_at":"2026-03-14T10:22:31Z","identifiers":` + identifiers + `,"data":{"id":"x","type":"` + typ + `"}}`)
	}
	return []Case{
		{Name: "browsing taken back", Channel: "web", Body: retract("page.viewed", "[]"), Field: "/data/type", Reason: event.ReasonNotListed},
		{Name: "basket of nobody taken back", Channel: "web", Body: retract("basket.updated", `[{"namespace":"cookie","value":"c1"}]`), Field: "/data/type", Reason: event.ReasonBehaviour},
		{Name: "unknown state of an order", Body: raw(`{"id":"bad-1","type":"order.state_changed","occurred_at":"2026-03-14T10:22:31Z","data":{"state":"lost"}}`), Field: "/data/state", Reason: event.ReasonNotListed},
		{Name: "free text for a reason", Body: raw(`{"id":"bad-1","type":"return","occurred_at":"2026-03-14T10:22:31Z","data":{"total":{"amount":1},"reason":"Mrs Planted was unhappy"}}`), Field: "/data/reason", Reason: event.ReasonBadForm, Planted: "Planted"},
		{Name: "call of minus one second", Channel: "callcentre", Body: raw(`{"id":"bad-1","type":"call.ended","occurred_at":"2026-03-14T10:22:31Z","data":{"duration_seconds":-1,"outcome":"answered"}}`), Field: "/data/duration_seconds", Reason: event.ReasonTooSmall},
		{Name: "screen without a name", Channel: "mobile", Body: raw(`{"id":"bad-1","type":"screen.viewed","occurred_at":"2026-03-14T10:22:31Z","data":{}}`), Field: "/data/name", Reason: event.ReasonRequired},
		{Name: "nobody recorded", Body: raw(`{"id":"bad-1","type":"customer.recorded","occurred_at":"2026-03-14T10:22:31Z","identifiers":[]}`), Field: "/identifiers", Reason: event.ReasonTooFew},
	}
}

func secretCases() []Case {
	return []Case{
		{Name: "card number as a payment token", Body: with(`"identifiers":[{"namespace":"pay","value":"4111111111111111"}]`), Field: "/identifiers/0/value", Reason: event.ReasonCardNumber, Planted: "4111111111111111"},
		{Name: "card number as a loyalty card", Body: with(`"identifiers":[{"namespace":"card","value":"5555 5555 5555 4444"}]`), Field: "/identifiers/0/value", Reason: event.ReasonCardNumber, Planted: "5555 5555 5555 4444"},
		{Name: "card number in a trait", Body: with(`"traits":{"address_line":"CB 4111-1111-1111-1111"}`), Field: "/traits/address_line", Reason: event.ReasonCardNumber, Planted: "4111-1111-1111-1111"},
		{Name: "card number in an unknown field", Body: with(`"note":{"text":"card4242424242424242"}`), Field: "/*/*", Reason: event.ReasonCardNumber, Planted: "4242424242424242"},
		{Name: "card number as a name of a field", Body: with(`"4111111111111111":1`), Field: "/*", Reason: event.ReasonCardNumber, Planted: "4111111111111111"},
		{Name: "card number as a number", Body: with(`"x":4111111111111111`), Field: "/*", Reason: event.ReasonCardNumber, Planted: "4111111111111111"},
		{Name: "card number escaped", Body: with(`"x":"\u0034111111111111111"`), Field: "/*", Reason: event.ReasonCardNumber, Planted: "111111111111111"},
		{Name: "card number as the id", Body: raw(`{"id":"378282246310005","type":"sale","occurred_at":"2026-03-14T10:22:31+01:00",` + data + `}`), Field: "/id", Reason: event.ReasonCardNumber, Planted: "378282246310005"},
		{Name: "card number in an article", Body: line(`{"sku":"4111111111111111","quantity":1,"amount":1}`), Field: "/data/lines/1/sku", Reason: event.ReasonCardNumber, Planted: "4111111111111111"},
		{Name: "IBAN in a trait", Body: with(`"traits":{"given_name":"FR14 2004 1010 0505 0001 3M02 606"}`), Field: "/traits/given_name", Reason: event.ReasonIBAN, Planted: "2004 1010 0505"},
		{Name: "IBAN as a customer", Body: with(`"identifiers":[{"namespace":"customer","value":"de89370400440532013000"}]`), Field: "/identifiers/0/value", Reason: event.ReasonIBAN, Planted: "370400440532013000"},
		{Name: "IBAN in a recipient", Channel: "web", Body: raw(`{"id":"bad-1","type":"order.placed","occurred_at":"2026-03-14T10:22:31Z","data":{"total":{"amount":1},"recipient":{"city":"GB82WEST12345698765432"}}}`), Field: "/data/recipient/city", Reason: event.ReasonIBAN, Planted: "WEST12345698765432"},
		{Name: "card number in a truncated event", Body: raw(`{"id":"bad-1","traits":{"city":"4111111111111111"`), Field: "/traits", Reason: event.ReasonInvalidJSON, Planted: "4111111111111111"},
	}
}
