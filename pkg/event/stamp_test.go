package event_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

func decode(t *testing.T, channel, typ, members string) *event.Draft {
	t.Helper()
	return decodeFrom(t, origin(t, channel), typ, members)
}

func decodeFrom(t *testing.T, o *event.Origin, typ, members string) *event.Draft {
	t.Helper()
	draft, r := decoder(t).Decode([]byte(`{"id":"1","type":"`+typ+`","occurred_at":"2026-03-14T23:30:00Z",`+members+`}`), o, received)
	require.Nil(t, r, "%+v", r)
	return draft
}

func stamped(t *testing.T, channel, typ, members string) *eventpb.Event {
	t.Helper()
	e, _, _ := decode(t, channel, typ, members).Stamp(pseudonyms{}, noStamps)
	return e
}

const total = `"data":{"total":{"amount":1}}`

func ids(list ...string) string { return `"identifiers":[` + strings.Join(list, ",") + `]` }

func id(ns, value string) string { return `{"namespace":"` + ns + `","value":"` + value + `"}` }

func provedID(ns, value string) string {
	return `{"namespace":"` + ns + `","value":"` + value + `","proved":true}`
}

func key(ns identifier.Namespace, value string) identifier.Key {
	return identifier.KeyOf(ns, pseudonyms{}.Pseudonym("s1", ns, value))
}

func TestStated(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, channel, typ, members string
		want                        bool
	}{
		{"card typed at the till", "store", "sale", ids(id("card", "9")) + "," + total, true},
		{"card read by the till", "store", "sale", ids(provedID("card", "9")) + "," + total, false},
		{"card read, e-mail typed", "store", "sale", ids(provedID("card", "9"), id("email", "a@b.fr")) + "," + total, true},
		{"card read, family card typed", "store", "sale", ids(provedID("card", "9"), id("household_card", "h")) + "," + total, false},
		{"nobody", "store", "sale", total, false},
		{"ticket only", "store", "sale", ids(id("ticket", "9")) + "," + total, false},
		{"guest's e-mail", "web", "order.placed", ids(id("email", "a@b.fr")) + "," + total, true},
		{"token and cookie of a guest", "web", "order.placed", ids(id("pay", "t"), id("cookie", "c")) + "," + total, false},
		{"session", "web", "order.placed", ids(provedID("customer", "c"), id("cookie", "c")) + "," + total, false},
		{"log-in", "web", "account.logged_in", ids(id("customer", "c"), id("email", "a@b.fr"), id("cookie", "c")), false},
		{"told on the phone", "callcentre", "case.opened", ids(id("customer", "c")) + `,"data":{"kind":"repair"}`, true},
		{"found by the agent's tool", "callcentre", "case.opened", ids(provedID("customer", "c")) + `,"data":{"kind":"repair"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, stamped(t, tt.channel, tt.typ, tt.members).GetStated())
		})
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	require.True(t, decode(t, "web", "basket.updated", ids(id("cookie", "c"))+`,"data":{"state":"open"}`).Behaviour())
	require.False(t, decode(t, "web", "basket.updated", ids(id("cookie", "c"), id("email", "a@b.fr"))+`,"data":{"state":"open"}`).Behaviour())
	require.True(t, decode(t, "web", "basket.updated", ids(id("cookie", "c"), id("email", "nobody"))+`,"data":{"state":"open"}`).Behaviour(), "no identifier is no person")
	require.True(t, decode(t, "web", "page.viewed", ids(id("cookie", "c"), id("email", "a@b.fr"))+`,"data":{"path":"/"}`).Behaviour())
	require.False(t, decode(t, "web", "account.logged_in", ids(id("cookie", "c"))).Behaviour())
}

func TestBestEight(t *testing.T) {
	t.Parallel()
	list := []string{id("cookie", "z")}
	for i := range 9 {
		list = append(list, id("email", fmt.Sprintf("m%d@b.fr", i)))
	}
	list = append(list, id("email", "M3@b.fr"), provedID("card", "9"), id("card", "9"), id("customer", "null"))
	draft := decode(t, "store", "sale", ids(list...)+","+total)
	e, personal, _ := draft.Stamp(pseudonyms{}, noStamps)
	require.Len(t, e.GetIdentifiers(), 8)
	require.Len(t, personal.GetIdentifiers(), 8)
	require.Equal(t, 3, draft.Surplus(), "nine addresses, a card and a cookie: eleven")
	require.Equal(t, []event.NotIdentifier{{Namespace: identifier.Customer, Cause: identifier.CausePlaceholder}}, draft.NotIdentifiers())
	require.Equal(t, "card", e.GetIdentifiers()[0].GetNamespace())
	require.True(t, e.GetIdentifiers()[0].GetProved(), "proved once is proved")
	keys := draft.Keys()
	for i := 1; i < len(keys); i++ {
		require.Negative(t, identifier.Compare(keys[i-1], keys[i]))
	}
}

// A reference is unique within its scope: what the source says, else what the namespace implies.
func TestReferences(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ channel, member, want string }{
		{"store", id("ticket", "17"), "paris-1/till-12/2026-03-15/17"}, // past midnight in Paris
		{"store", `{"namespace":"ticket","value":"17","scope":"lyon-2/till-1/2026-03-01"}`, "lyon-2/till-1/2026-03-01/17"},
		{"web", id("order", "#100"), "acme/100"},
		{"web", id("case", "7"), "acme/7"},
		{"web", id("basket", "7"), "web-fr/7"},
		{"callcentre", id("call", "7"), "callcentre-fr/2026-03-14/7"}, // UTC
	} {
		draft := decode(t, tt.channel, "identifier.provided", ids(tt.member))
		draft.Pseudonymise(pseudonyms{})
		require.Empty(t, draft.Keys())
		ns := draft.References()[0].Namespace
		require.Equal(t, []identifier.Key{key(ns, tt.want)}, draft.References(), tt.member)
	}
}

func TestLeaf(t *testing.T) {
	t.Parallel()
	e := stamped(t, "store", "sale", total)
	require.Empty(t, e.GetLeafKey())
	require.Nil(t, e.GetLeaf())

	e = stamped(t, "store", "return", ids(id("order", "5"))+","+total)
	require.Equal(t, identity.Leaf{Reference: key(identifier.Order, "acme/5")}, event.LeafOf(e.GetLeaf()))
	require.Len(t, e.GetLeafKey(), 16)

	draft := decode(t, "web", "order.placed", ids(id("email", "a@b.fr"), id("cookie", "c"))+","+total)
	draft.Pseudonymise(pseudonyms{})
	device, ok := draft.Device()
	require.True(t, ok)
	require.Equal(t, key(identifier.Cookie, "c"), device)
	require.Equal(t, 1, draft.StripDevices(func(identifier.Key) bool { return false }))
	e, personal, _ := draft.Stamp(pseudonyms{}, noStamps)
	require.Equal(t, identity.Leaf{First: key(identifier.Email, "a@b.fr")}, event.LeafOf(e.GetLeaf()))
	require.Len(t, personal.GetIdentifiers(), 1, "what may not be collected is not sealed either")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", draft, draft, draft), "a@b.fr")

	other := origin(t, "web")
	other.Controller = "c2"
	e2, _, _ := decodeFrom(t, other, "order.placed", ids(id("email", "a@b.fr"))+","+total).Stamp(pseudonyms{}, noStamps)
	require.Equal(t, event.LeafOf(e.GetLeaf()), event.LeafOf(e2.GetLeaf()))
	require.NotEqual(t, e.GetLeafKey(), e2.GetLeafKey(), "contents of two controllers stay apart")
}

// Which devices of an order may be kept depends on when it is collected: its leaf does not, or copies of it would count in two leaves.
func TestTheLeafOfAnOrderIsTheSameWithoutItsDevices(t *testing.T) {
	t.Parallel()
	cookie, order := id("cookie", "c"), id("order", "5")
	for name, tt := range map[string]struct {
		typ  string
		ids  []string
		want identity.Leaf
	}{
		"guest with a cookie alone":    {"order.placed", []string{cookie, order}, identity.Leaf{Reference: key(identifier.Order, "acme/5")}},
		"guest with an e-mail":         {"order.placed", []string{cookie, id("email", "a@b.fr"), order}, identity.Leaf{First: key(identifier.Email, "a@b.fr")}},
		"guest with an e-mail and pay": {"order.placed", []string{cookie, id("email", "a@b.fr"), id("pay", "p")}, identity.Leaf{First: key(identifier.Email, "a@b.fr"), Second: key(identifier.Pay, "p")}},
		"account":                      {"order.placed", []string{cookie, provedID("customer", "u")}, identity.Leaf{First: key(identifier.Customer, "u")}},
		"two devices and nothing else": {"identifier.provided", []string{cookie, id("device", "d")}, identity.Leaf{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := ids(tt.ids...)
			if tt.typ == "order.placed" {
				members += "," + total
			}
			kept := stamped(t, "web", tt.typ, members)
			draft := decode(t, "web", tt.typ, members)
			draft.Pseudonymise(pseudonyms{})
			require.Positive(t, draft.StripDevices(func(identifier.Key) bool { return false }))
			stripped, _, _ := draft.Stamp(pseudonyms{}, noStamps)
			require.Equal(t, tt.want, event.LeafOf(kept.GetLeaf()))
			require.Equal(t, kept.GetLeafKey(), stripped.GetLeafKey())
			require.Greater(t, len(kept.GetIdentifiers()), len(stripped.GetIdentifiers()), "it is evidence all the same")
		})
	}
}

// A retraction shows what the event it takes back showed, so it has the same leaf.
func TestRetractionHasTheLeafOfItsEvent(t *testing.T) {
	t.Parallel()
	shown := ids(id("email", "a@b.fr"), id("phone", "0612345679"), id("ticket", "1"))
	sale := stamped(t, "store", "sale", shown+","+total)
	back := stamped(t, "store", "event.retracted", shown+`,"data":{"id":"1","type":"sale"}`)
	require.Equal(t, sale.GetLeafKey(), back.GetLeafKey())
	require.Empty(t, event.FactsOf(back))
}

func TestTraits(t *testing.T) {
	t.Parallel()
	traits := `"traits":{"given_name":"  Marie ","family_name":"","city":null,"language":"fr","shoe_size":"38"}`
	draft := decode(t, "web", "order.placed", traits+`,"data":{"total":{"amount":1},"recipient":{"given_name":"Paul"},"gift":true,"lines":[{"sku":"A","quantity":1,"amount":1,"category":"for paul@b.fr","colour":"red"}]}`)
	e, personal, _ := draft.Stamp(pseudonyms{}, noStamps)
	require.Equal(t, map[string]string{"language": "fr"}, e.GetTraits())
	require.Equal(t, map[string]string{"given_name": "Marie"}, personal.GetTraits())
	require.Equal(t, map[string]string{"recipient.given_name": "Paul"}, personal.GetTexts())
	require.Empty(t, e.GetOrderPlaced().GetLines()[0].GetCategory(), "an address is no name of a thing")
	require.Equal(t, "EUR", e.GetOrderPlaced().GetTotal().GetCurrency(), "of the source")
	require.ElementsMatch(t, []event.Dropped{{At: "/traits", Count: 1}, {At: "/data", Count: 2}, {At: "/data/lines/*", Count: 1}}, draft.Dropped())
	paul := stamped(t, "web", "order.placed", `"traits":{"given_name":"Paul"},`+total)
	require.NotEqual(t, paul.GetClaim().GetGiven(), e.GetClaim().GetGiven(), "a recipient makes no claim")
	require.Nil(t, stamped(t, "web", "order.placed", `"traits":{"family_name":"Durand"},`+total).GetClaim())
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	said := `{"point":{"namespace":"cookie","value":"c"},"purpose":"unify_behaviour","decision":"grant","act":"banner","notice":{"id":"n"}`
	at := time.Date(2026, 3, 14, 23, 30, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		more    string
		expires time.Time
	}{
		"validity of the purpose": {"", at.AddDate(0, 13, 0)},
		"sooner":                  {`,"expires_at":"2026-06-01T00:00:00Z"`, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
		"capped":                  {`,"expires_at":"2036-06-01T00:00:00Z"`, at.AddDate(0, 13, 0)},
		"carried":                 {`,"method":"carried"`, at.AddDate(0, 13, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, personal, list := decode(t, "web", "consent.decided", `"consent":[`+said+tt.more+`}]`).Stamp(pseudonyms{}, noStamps)
			require.Nil(t, e)
			require.Nil(t, personal)
			require.Len(t, list, 1)
			require.Equal(t, "1#0", list[0].GetId())
			require.Equal(t, at.Unix(), list[0].GetDecidedAt())
			require.Equal(t, tt.expires.Unix(), list[0].GetExpiresAt())
			fact, ok := event.DecisionFact(list[0])
			require.True(t, ok)
			require.Equal(t, key(identifier.Cookie, "c"), fact.(*identity.Decision).Point)
			require.Equal(t, identity.UnifyBehaviour, fact.(*identity.Decision).Purpose)
		})
	}
	_, ok := event.DecisionFact(&eventpb.Decision{Purpose: "marketing"})
	require.False(t, ok)
}

func TestFactsOf(t *testing.T) {
	t.Parallel()
	e := stamped(t, "store", "loyalty.card_replaced", `"data":{"old":"111","new":"222"}`)
	require.Equal(t, []identity.Fact{&identity.Act{
		ID: "till-12/1#0", T: e.GetOccurredAt() / 1e6, Op: identity.Together, A: key(identifier.Card, "111"), B: key(identifier.Card, "222"),
	}}, event.FactsOf(e))
	require.Equal(t, identity.Leaf{First: key(identifier.Card, "222")}, event.LeafOf(e.GetLeaf()))

	e = stamped(t, "store", "customer.recorded", ids(id("customer", "9"), id("order", "7"))+`,"data":{"merged":[{"former":"7","into":"9"},{"former":"0","into":"9"},{"former":"8","into":"9"}]}`)
	facts := event.FactsOf(e)
	require.Len(t, facts, 3)
	first := facts[0].(*identity.Event)
	require.Equal(t, "till-12/1", first.ID)
	require.Equal(t, []identifier.Key{key(identifier.Customer, "9"), key(identifier.Order, "acme/7")}, first.Keys)
	require.True(t, first.Stated)
	require.Equal(t, key(identifier.Customer, "8"), facts[2].(*identity.Act).A)

	stamps := func(k identifier.Key) int64 { return int64(k.Namespace.Rank()) }
	e, _, _ = decode(t, "web", "page.viewed", ids(id("cookie", "c"), provedID("customer", "9"))+`,"traits":{"given_name":"Marie","birth_date":"1980-04-02"},"data":{"path":"/"}`).Stamp(pseudonyms{}, stamps)
	page := event.FactsOf(e)[0].(*identity.Event)
	require.True(t, page.Behaviour)
	require.Equal(t, []int64{0, 6}, page.Stamps)
	require.True(t, page.Claim.Known())
	require.Equal(t, int64(6), event.LeafOf(e.GetLeaf()).Stamp)
}

// Shared sources say so on every event, and pages keep neither query nor address.
func TestOriginAndPaths(t *testing.T) {
	t.Parallel()
	o := origin(t, "web")
	o.SharedDevice, o.Zone = true, nil
	e, _, _ := decodeFrom(t, o, "page.viewed", ids(id("cookie", "c"))+`,"data":{"path":"/a/x%40y.fr;s=1?q=2"}`).Stamp(pseudonyms{}, noStamps)
	require.True(t, e.GetShared())
	require.True(t, event.LeafOf(e.GetLeaf()).Shared)
	require.Equal(t, "UTC", e.GetZone())
	require.Equal(t, "/a/_", e.GetPageViewed().GetPath())

	o = origin(t, "store")
	o.Currency = ""
	_, r := decoder(t).Decode([]byte(`{"id":"1","type":"sale","occurred_at":"2026-03-14T23:30:00Z",`+total+`}`), o, received)
	require.Equal(t, event.ReasonNoCurrency, r.Reason)
	require.Equal(t, "/data/total/currency", r.Field)
	require.Equal(t, "1", r.ID)
	require.Equal(t, "sale", r.Type)
}

// The limits of the clock belong to what is taken.
func TestClockLimits(t *testing.T) {
	t.Parallel()
	d, o := decoder(t), origin(t, "store")
	for at, want := range map[string]event.Reason{
		"2000-01-01T00:00:00Z": "", "1999-12-31T23:59:59.999999Z": event.ReasonBefore2000,
		"2026-03-24T00:00:00Z": "", "2026-03-24T00:00:00.000001Z": event.ReasonInFuture, "2026-03-24T01:00:00+01:00": "",
	} {
		draft, r := d.Decode([]byte(`{"id":"1","type":"sale","occurred_at":"`+at+`",`+total+`}`), o, received)
		if want == "" {
			require.Nil(t, r, at)
			require.Equal(t, received, draft.ReceivedAt())
			continue
		}
		require.Equal(t, want, r.Reason, at)
	}
}

// Patterns of blocked values are matched where values are seen, and stamped by their ids.
func TestPatternsAreStamped(t *testing.T) {
	t.Parallel()
	const till, zeroes = "email:^till@", "customer:^0+$"
	draft := decode(t, "store", "sale", ids(id("email", "Till@shop.fr"), provedID("card", "9"))+","+total)
	draft.Block(identity.PatternsOf([]string{zeroes, till, "email:nothing of this"}))
	e, _, _ := draft.Stamp(pseudonyms{}, noStamps)
	for _, i := range e.GetIdentifiers() {
		want := []uint64(nil)
		if i.GetNamespace() == "email" {
			want = []uint64{uint64(identity.IDOfPattern(till))}
		}
		require.Equal(t, want, i.GetPatterns(), i.GetNamespace())
	}
	facts := event.FactsOf(e)
	require.Len(t, facts, 1)
	seen, ok := facts[0].(*identity.Event)
	require.True(t, ok)
	require.Len(t, seen.Matches, len(seen.Keys))
	for i, k := range seen.Keys {
		require.Equal(t, k.Namespace == identifier.Email, len(seen.Matches[i]) == 1)
	}
}
