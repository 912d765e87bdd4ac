package profile_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

var (
	day0     = time.Date(2026, 1, 30, 22, 0, 0, 0, time.UTC).UnixMicro() // near the end of a month, so that zones matter
	zones    = []string{"Europe/Paris", "America/New_York", "UTC"}
	types    = []string{profile.TypeSale, profile.TypeReturn, profile.TypeOrderPlaced, profile.TypeOrderState, profile.TypeBasket, profile.TypeCaseOpened, profile.TypeCaseClosed, profile.TypeCall, profile.TypeRecorded, profile.TypeLoggedIn, profile.TypeProvided}
	channels = []eventpb.Channel{eventpb.Channel_CHANNEL_STORE, eventpb.Channel_CHANNEL_WEB, eventpb.Channel_CHANNEL_MOBILE, eventpb.Channel_CHANNEL_CALLCENTRE}
)

// pseudo makes 17 bytes that look like a pseudonym.
func pseudo(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return append([]byte{1}, h[:16]...)
}

func reference(ns, number string) *eventpb.Identifier {
	return &eventpb.Identifier{Namespace: ns, Pseudonym: pseudo(ns + number)}
}

func cardLeaf(number string) *eventpb.Leaf {
	return &eventpb.Leaf{Identifiers: []*eventpb.Identifier{{Namespace: "card", Pseudonym: pseudo("card" + number)}}}
}

// event makes a bare event of a card's leaf.
func event(id, typ string, at int64) *eventpb.Event {
	digest := sha256.Sum256([]byte(id + typ))
	return &eventpb.Event{
		Space: "s", Controller: "shop", Source: "till", Channel: eventpb.Channel_CHANNEL_STORE, Store: "paris-1", Zone: "Europe/Paris",
		Trust: eventpb.Trust_TRUST_STATED, Id: id, Type: typ, OccurredAt: at, ReceivedAt: at, ContentDigest: digest[:8], Leaf: cardLeaf("1"),
	}
}

func sale(id, ticket string, at, minor int64, currency string) *eventpb.Event {
	e := event(id, profile.TypeSale, at)
	if ticket != "" {
		e.References = []*eventpb.Identifier{reference("ticket", ticket)}
	}
	e.Data = &eventpb.Event_Sale{Sale: &eventpb.Sale{Total: &eventpb.Money{Minor: minor, Currency: currency}}}
	return e
}

func order(id, number string, at, minor int64, currency string) *eventpb.Event {
	e := event(id, profile.TypeOrderPlaced, at)
	e.Channel, e.References = eventpb.Channel_CHANNEL_WEB, []*eventpb.Identifier{reference("order", number)}
	e.Data = &eventpb.Event_OrderPlaced{OrderPlaced: &eventpb.OrderPlaced{Total: &eventpb.Money{Minor: minor, Currency: currency}, Fulfilment: "collect", CollectStore: "lyon-2"}}
	return e
}

func giveBack(id string, ref *eventpb.Identifier, at, minor int64, currency string) *eventpb.Event {
	e := event(id, profile.TypeReturn, at)
	if ref != nil {
		e.References = []*eventpb.Identifier{ref}
	}
	e.Data = &eventpb.Event_Return{Return: &eventpb.Return{Total: &eventpb.Money{Minor: minor, Currency: currency}}}
	return e
}

func retract(id string, of *eventpb.Event) *eventpb.Event {
	e := event(id, profile.TypeRetracted, of.OccurredAt)
	e.Channel, e.Leaf, e.ReceivedAt = of.Channel, of.Leaf, of.ReceivedAt+1
	e.Data = &eventpb.Event_EventRetracted{EventRetracted: &eventpb.EventRetracted{RetractedId: of.Id, RetractedType: of.Type}}
	return e
}

// history is a set of events and one way to deliver them.
type history struct {
	events   []*eventpb.Event
	delivery []int // indices into events: every one at least once, any order, some again
	cuts     []int // places in delivery where the state is packed and read again
	leaves   int   // events are spread over so many leaves
	profiles []int // profile of each leaf
}

func traits(e *eventpb.Event) map[string]profile.SealedTrait {
	if e.Type == profile.TypeRetracted || e.GetIdentifierProvided().GetEmptied() != nil {
		return nil
	}
	return map[string]profile.SealedTrait{"family_name": []byte("sealed:" + e.Id)}
}

func histories(versions bool) *rapid.Generator[history] {
	return rapid.Custom(func(t *rapid.T) history {
		h := history{leaves: rapid.IntRange(1, 3).Draw(t, "leaves")}
		uses := map[string]int{}
		for i := range rapid.IntRange(1, 24).Draw(t, "events") {
			e := drawEvent(t, i, uses, versions)
			e.Leaf = cardLeaf(fmt.Sprint(leafOf(e, i, h.leaves)))
			h.events = append(h.events, e)
		}
		for i, e := range slices.Clone(h.events) {
			if money(e) && rapid.IntRange(0, 3).Draw(t, "retracted") == 0 {
				h.events = append(h.events, retract(fmt.Sprint("r", i), e))
			}
		}
		for i := range h.events {
			h.delivery = append(h.delivery, slices.Repeat([]int{i}, rapid.IntRange(1, 2).Draw(t, "times"))...)
		}
		h.delivery = rapid.Permutation(h.delivery).Draw(t, "order")
		h.cuts = rapid.SliceOfN(rapid.IntRange(0, len(h.delivery)), 0, 4).Draw(t, "cuts")
		for range h.leaves {
			h.profiles = append(h.profiles, rapid.IntRange(0, 1).Draw(t, "profile"))
		}
		return h
	})
}

func money(e *eventpb.Event) bool {
	return e.Type == profile.TypeSale || e.Type == profile.TypeReturn || e.Type == profile.TypeOrderPlaced
}

// leafOf keeps events of one ticket or order on one leaf.
func leafOf(e *eventpb.Event, i, leaves int) int {
	if len(e.References) > 0 {
		return int(e.References[0].Pseudonym[3]) % leaves
	}
	return i % leaves
}

func drawEvent(t *rapid.T, i int, uses map[string]int, versions bool) *eventpb.Event {
	id := fmt.Sprint("e", i)
	at := day0 + int64(rapid.IntRange(0, 40).Draw(t, "hour"))*3_600_000_000
	number := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "number"))
	minor := int64(rapid.IntRange(1, 500).Draw(t, "minor"))
	currency := rapid.SampledFrom([]string{"EUR", "USD", "JPY"}).Draw(t, "currency")
	typ := rapid.SampledFrom(types).Draw(t, "type")
	if typ == profile.TypeSale || typ == profile.TypeOrderPlaced {
		if uses[typ+number]++; uses[typ+number] > 2 { // two ids of one ticket are remembered
			number = id
		}
		if !versions { // the same ticket has the same content under every id
			at, minor, currency = day0+int64(len(number)+int(number[0]))*7_200_000_000, int64(number[0])*10, []string{"EUR", "USD"}[number[len(number)-1]%2]
		}
	}
	e := fill(typ, id, number, at, minor, currency)
	e.ReceivedAt = day0 + int64(rapid.IntRange(0, 60).Draw(t, "received"))*3_600_000_000
	if e.Type != profile.TypeSale && e.Type != profile.TypeOrderPlaced || versions {
		e.Channel = rapid.SampledFrom(channels).Draw(t, "channel")
		e.Zone = rapid.SampledFrom(zones).Draw(t, "zone")
	}
	e.Trust = eventpb.Trust(rapid.IntRange(1, 4).Draw(t, "trust"))
	if typ == profile.TypeSale || typ == profile.TypeOrderPlaced || typ == profile.TypeRecorded {
		for n := range int(number[0]) % 3 { // the same under every id of a ticket
			e.Offered = append(e.Offered, &eventpb.Identifier{Namespace: "email", Pseudonym: pseudo(fmt.Sprint("mail", number, n))})
		}
	}
	if rapid.Bool().Draw(t, "traits") && e.GetIdentifierProvided().GetEmptied() == nil {
		e.Traits = map[string]string{"language": rapid.SampledFrom([]string{"fr", "en"}).Draw(t, "language")}
	}
	return e
}

func fill(typ, id, number string, at, minor int64, currency string) *eventpb.Event {
	switch typ {
	case profile.TypeSale:
		return sale(id, number, at, minor, currency)
	case profile.TypeOrderPlaced:
		return order(id, number, at, minor, currency)
	case profile.TypeReturn:
		return giveBack(id, reference("order", number), at, minor, currency)
	}
	e := event(id, typ, at)
	switch typ {
	case profile.TypeOrderState:
		e.References = []*eventpb.Identifier{reference("order", number)}
		e.Data = &eventpb.Event_OrderStateChanged{OrderStateChanged: &eventpb.OrderStateChanged{
			State: "ready", Store: "lyon-2", Pieces: []*eventpb.Piece{{Sku: "A", Number: 1, State: "ready"}, {Sku: "A", Number: 2, State: fmt.Sprint(minor % 3)}},
		}}
	case profile.TypeBasket:
		e.References = []*eventpb.Identifier{reference("basket", number)}
		e.Data = &eventpb.Event_BasketUpdated{BasketUpdated: &eventpb.BasketUpdated{State: []string{"open", "converted"}[minor%2], Total: &eventpb.Money{Minor: minor, Currency: currency}}}
	case profile.TypeCaseOpened:
		e.References = []*eventpb.Identifier{reference("case", number)}
		e.Data = &eventpb.Event_CaseOpened{CaseOpened: &eventpb.CaseOpened{Kind: "complaint", Priority: "high"}}
	case profile.TypeCaseClosed:
		e.References = []*eventpb.Identifier{reference("case", number)}
		e.Data = &eventpb.Event_CaseClosed{CaseClosed: &eventpb.CaseClosed{Resolution: "refund"}}
	case profile.TypeProvided:
		e.Data = &eventpb.Event_IdentifierProvided{IdentifierProvided: &eventpb.IdentifierProvided{
			Emptied: [][]string{nil, {"language"}, {"family_name"}, {"family_name", "language"}}[minor%4],
		}}
	case profile.TypeCall:
		e.Data = &eventpb.Event_CallEnded{CallEnded: &eventpb.CallEnded{Outcome: "answered", DurationSeconds: minor}}
	case profile.TypeRecorded:
		e.Data = &eventpb.Event_CustomerRecorded{CustomerRecorded: &eventpb.CustomerRecorded{
			Balances: []*eventpb.Balance{{Name: "points", Minor: minor}}, TraitDates: map[string]int64{"family_name": at - minor},
		}}
	}
	return e
}

// deliver folds events by index into one state per leaf, packing and reading all states at the cuts.
func deliver(h history, order, cuts []int) ([]*profile.State, error) {
	byLeaf := map[string]*profile.State{}
	for n, i := range order {
		if slices.Contains(cuts, n) {
			for k, s := range byLeaf {
				b := s.Encode()
				again, err := profile.Decode(b)
				if err != nil {
					return nil, err
				}
				if !bytes.Equal(b, again.Encode()) {
					return nil, fmt.Errorf("packing twice gives other bytes")
				}
				byLeaf[k] = again
			}
		}
		e := h.events[i]
		k := string(e.Leaf.Identifiers[0].Pseudonym)
		if byLeaf[k] == nil {
			byLeaf[k] = &profile.State{}
		}
		byLeaf[k].Fold(profile.Folding{Event: e, Traits: traits(e)})
	}
	out := make([]*profile.State, 0, h.leaves)
	for _, k := range slices.Sorted(maps.Keys(byLeaf)) {
		out = append(out, byLeaf[k])
	}
	return out, nil
}
