package profile_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

const hour = int64(3_600_000_000)

func fold(t testing.TB, s *profile.State, events ...*eventpb.Event) (outcomes []profile.Outcome) {
	t.Helper()
	for _, e := range events {
		outcomes = append(outcomes, s.Fold(profile.Folding{Event: e, Traits: traits(e)}))
	}
	return outcomes
}

func folded(t testing.TB, events ...*eventpb.Event) *profile.State {
	t.Helper()
	s := &profile.State{}
	fold(t, s, events...)
	return s
}

func TestOutcomes(t *testing.T) {
	first := sale("e1", "17", day0, 4599, "EUR")
	other := proto.CloneOf(first)
	other.ContentDigest = []byte("othercnt")
	again := sale("e2", "17", day0, 4599, "EUR")
	s := &profile.State{}
	assert.Equal(t, []profile.Outcome{profile.Folded, profile.Duplicate, profile.Conflict, profile.Duplicate}, fold(t, s, first, first, other, again))
	assert.Equal(t, profile.Conflict, s.Judge(other))
	assert.Equal(t, profile.Duplicate, s.Judge(again))
	assert.Equal(t, profile.Folded, s.Judge(sale("e9", "18", day0, 1, "EUR")))
	s.Forget()
	assert.Equal(t, []profile.Outcome{profile.Duplicate}, fold(t, s, first), "known from the log after its id is forgotten")
	assert.Equal(t, []profile.Sum{{Currency: "EUR", Month: 202601, Channel: eventpb.Channel_CHANNEL_STORE, Sales: 4599, Tickets: 1}}, s.Sums())
	assert.Equal(t, "conflict", profile.Conflict.String())
}

func TestRowKeyIsTheTicketNotTheID(t *testing.T) {
	a, b := sale("e1", "17", day0, 1, "EUR"), sale("e2", "17", day0, 1, "EUR")
	assert.Equal(t, profile.RowKey(a), profile.RowKey(b))
	assert.NotEqual(t, profile.RowKey(a), profile.RowKey(sale("e1", "18", day0, 1, "EUR")))
	assert.NotEqual(t, profile.RowKey(sale("e1", "", day0, 1, "EUR")), profile.RowKey(sale("e2", "", day0, 1, "EUR")), "without a number")
	assert.NotEqual(t, profile.RowKey(a), profile.RowKey(order("e1", "17", day0, 1, "EUR")))
	b.Controller = "bank"
	assert.NotEqual(t, profile.RowKey(a), profile.RowKey(b))
}

func TestMonthIsTheSourcesOwn(t *testing.T) {
	at := day0 + 26*hour // 2026-02-01 00:00 UTC
	for zone, want := range map[string]int32{"Europe/Paris": 202602, "America/New_York": 202601, "": 202602, "Nowhere/Here": 202602} {
		assert.Equal(t, want, profile.Month(at, zone), zone)
	}
}

func TestReturnEndsOnItsOrder(t *testing.T) {
	placed := order("o1", "77", day0, 10000, "EUR")
	back := giveBack("b1", reference("order", "77"), day0+hour, 2500, "EUR")
	back.Leaf = cardLeaf("2")
	for name, leaves := range map[string][]*profile.State{
		"after":  {folded(t, placed), folded(t, back)},
		"before": {folded(t, back), folded(t, placed)},
		"one":    {folded(t, back, placed)},
	} {
		p := profile.Combine(leaves)
		require.Len(t, p.Orders, 1, name)
		o := p.Orders[0]
		assert.Equal(t, profile.Money{Minor: 10000, Currency: "EUR"}, o.Total, name)
		assert.Equal(t, []profile.Money{{Minor: 2500, Currency: "EUR"}}, o.Returned, name)
		assert.False(t, o.OverReturned, name)
		assert.Equal(t, "placed", o.State, name)
	}
	alone := profile.Combine([]*profile.State{folded(t, back)})
	require.Len(t, alone.Orders, 1)
	assert.Equal(t, "unknown", alone.Orders[0].State)
	assert.False(t, alone.Orders[0].OverReturned, "nothing to compare with yet")
}

func TestOverReturned(t *testing.T) {
	placed := order("o1", "77", day0, 1000, "EUR")
	for name, backs := range map[string][]*eventpb.Event{
		"at once":        {giveBack("b1", reference("order", "77"), day0+1, 1001, "EUR")},
		"in parts":       {giveBack("b1", reference("order", "77"), day0+1, 600, "EUR"), giveBack("b2", reference("order", "77"), day0+2, 600, "EUR")},
		"other currency": {giveBack("b1", reference("order", "77"), day0+1, 1, "USD")},
	} {
		p := profile.Combine([]*profile.State{folded(t, append(backs, placed)...)})
		assert.True(t, p.Orders[0].OverReturned, name)
	}
}

// A return of a ticket that was the payment of an order counts on the order.
func TestTicketOfAnOrder(t *testing.T) {
	paid := sale("s1", "17", day0+hour, 10000, "EUR")
	paid.References = append(paid.References, reference("order", "77"))
	p := profile.Combine([]*profile.State{folded(t,
		giveBack("b1", reference("ticket", "17"), day0+2*hour, 100, "EUR"), paid, order("o1", "77", day0, 10000, "EUR"))})
	require.Len(t, p.Orders, 1)
	assert.Equal(t, int64(10000), p.Orders[0].Total.Minor, "paid once")
	assert.Len(t, p.Orders[0].Returned, 1)
}

func TestRetractionInEitherOrder(t *testing.T) {
	sold := sale("e1", "17", day0, 4599, "EUR")
	sold.Traits = map[string]string{"language": "fr"}
	void := retract("v1", sold)
	for name, events := range map[string][]*eventpb.Event{"after": {sold, void}, "before": {void, sold}, "twice": {void, sold, void}} {
		s := folded(t, events...)
		p := profile.Combine([]*profile.State{s})
		assert.Empty(t, p.Spend, name)
		assert.Empty(t, p.Orders, name)
		assert.Empty(t, p.Counters, name)
		assert.Empty(t, p.Traits, name)
		assert.EqualValues(t, 1, p.Retractions, name)
		assert.True(t, s.EqualContent(folded(t, sold, void)), name)
	}
	other := sale("e2", "17", day0, 4599, "EUR")
	for _, events := range [][]*eventpb.Event{{other, void, sold}, {sold, other, void}, {void, sold, other}} {
		assert.Empty(t, profile.Combine([]*profile.State{folded(t, events...)}).Spend, "the ticket is void under every id")
	}
}

func TestSurvivorship(t *testing.T) {
	give := func(id string, trust eventpb.Trust, at int64, language string) *eventpb.Event {
		e := event(id, profile.TypeLoggedIn, at)
		e.Trust, e.Traits = trust, map[string]string{"language": language}
		return e
	}
	leaves := []*profile.State{
		folded(t, give("a", eventpb.Trust_TRUST_SELF, day0+9*hour, "de"), give("b", eventpb.Trust_TRUST_VERIFIED, day0, "fr")),
		folded(t, give("c", eventpb.Trust_TRUST_VERIFIED, day0+hour, "en"), give("d", eventpb.Trust_TRUST_IMPORTED, day0+20*hour, "it")),
	}
	p := profile.Combine(leaves)
	got, ok := p.Trait("language")
	require.True(t, ok)
	assert.Equal(t, "en", got.Value, "verified first, then recency")
	assert.Equal(t, "till", got.Source)
	var others []string
	for _, o := range p.Traits[0].Others {
		if !o.Sealed {
			others = append(others, o.Value)
		}
	}
	_, ok = p.Trait("no such trait")
	assert.False(t, ok)
	lang := p.Traits[1]
	require.Equal(t, "language", lang.Name)
	assert.Len(t, lang.Others, 3)
	assert.Empty(t, others)
}

func TestTraitHasItsOwnDate(t *testing.T) {
	old := event("r1", profile.TypeRecorded, day0+5*hour)
	old.Traits = map[string]string{"city": "Lyon"}
	old.Data = &eventpb.Event_CustomerRecorded{CustomerRecorded: &eventpb.CustomerRecorded{TraitDates: map[string]int64{"city": day0 - 1000*hour}}}
	now := event("l1", profile.TypeLoggedIn, day0)
	now.Traits = map[string]string{"city": "Paris"}
	p := profile.Combine([]*profile.State{folded(t, old, now)})
	got, _ := p.Trait("city")
	assert.Equal(t, "Paris", got.Value)
}

func TestBasketsReservationsCases(t *testing.T) {
	p := profile.Combine([]*profile.State{folded(t,
		fill(profile.TypeBasket, "k1", "1", day0, 200, "EUR"), fill(profile.TypeBasket, "k2", "2", day0, 200, "EUR"),
		fill(profile.TypeBasket, "k3", "2", day0+1, 201, "EUR"), order("o1", "77", day0, 1000, "EUR"), order("o2", "78", day0, 1000, "EUR"),
		fill(profile.TypeOrderState, "st1", "78", day0+hour, 1, ""), fill(profile.TypeCaseOpened, "c1", "1", day0, 0, ""),
		fill(profile.TypeCaseOpened, "c2", "2", day0, 0, ""), fill(profile.TypeCaseClosed, "c3", "2", day0+hour, 0, ""),
	)})
	require.Len(t, p.Baskets, 1, "the second was converted")
	assert.Len(t, p.Reservations(), 2)
	require.Len(t, p.Orders, 2)
	assert.Equal(t, "ready", p.Orders[0].State)
	assert.Len(t, p.Orders[0].Pieces, 2)
	require.Len(t, p.Cases, 2)
	assert.Equal(t, "closed", p.Cases[0].State)
	assert.Equal(t, "open", p.Cases[1].State)

	m := p.Message(profile.About{Space: "s", Controller: "shop", RCUID: "x", Version: 4})
	assert.EqualValues(t, 1, m.OpenBaskets)
	assert.Len(t, m.Orders, 2)
	assert.Len(t, m.Cases, 2)
	assert.Equal(t, []string{"family_name"}, m.KnownTraits)
	assert.NotContains(t, m.String(), "sealed:", "no personal value leaves")
	assert.EqualValues(t, 2, m.Counters[profile.TypeOrderPlaced])
}

func TestBounds(t *testing.T) {
	s := &profile.State{}
	for i := range 2000 {
		e := sale(fmt.Sprint("e", i), fmt.Sprint(i), day0+int64(i)*hour/10, 1, "EUR")
		e.Trust = eventpb.Trust(1 + i%4)
		e.Traits = map[string]string{fmt.Sprint("t", i): "v"}
		fold(t, s, e, retract(fmt.Sprint("r", i), sale(fmt.Sprint("absent", i), "", day0, 1, "EUR")))
		s.Fold(profile.Folding{Event: e, Offset: profile.SourceOffset{LogID: fmt.Sprint(i / 100), Topic: "t", Partition: i % 40, Offset: int64(i)}})
	}
	limits := profile.DefaultLimits()
	for name, most := range map[string]int{"log": limits.Log, "tail": limits.Tail, "seen": limits.Seen, "pending": limits.Pending, "traits": limits.Traits, "offsets": limits.Offsets} {
		assert.Equal(t, most, s.Sizes()[name], name)
	}
	var tickets int64
	for _, x := range s.Sums() {
		tickets += x.Tickets
	}
	assert.EqualValues(t, 2000, tickets, "sums know no bound")
	assert.Less(t, len(s.Encode()), 64<<10)
}

func TestOffsetsAndOwner(t *testing.T) {
	s := folded(t, sale("e1", "1", day0, 1, "EUR"))
	content := s.Content()
	at := profile.SourceOffset{LogID: "a", Topic: "rcu.events.store", Partition: 2, Offset: 7}
	assert.Equal(t, profile.Folded, s.Fold(profile.Folding{Event: sale("e2", "2", day0, 1, "EUR"), Offset: at}))
	assert.Equal(t, profile.Fenced, s.Fold(profile.Folding{Event: sale("e3", "3", day0, 1, "EUR"), Offset: at}))
	at.LogID = "b"
	assert.Equal(t, profile.Folded, s.Fold(profile.Folding{Event: sale("e3", "3", day0, 1, "EUR"), Offset: at}))
	assert.True(t, s.Wrote("0123456789abcdef0123456789abcdef01"))
	assert.False(t, s.Wrote("0123456789abcdef0123456789abcdef01"))
	again, err := profile.Decode(s.Encode())
	require.NoError(t, err)
	assert.Equal(t, "0123456789abcdef0123456789abcdef01", again.Written())
	assert.True(t, again.Wrote("another"))
	assert.Equal(t, profile.MixedRows, again.Written())
	last, ok := again.FoldedTo("b", "rcu.events.store", 2)
	assert.True(t, ok)
	assert.EqualValues(t, 7, last)
	again.KeepLog("b")
	_, ok = again.FoldedTo("a", "rcu.events.store", 2)
	assert.False(t, ok)
	assert.True(t, again.EqualContent(s), "offsets and owner are no content")
	assert.NotEqual(t, content, s.Content())
	assert.Equal(t, s.Leaf(), profile.LeafOf(cardLeaf("1")))
}

func TestDecodeRefuses(t *testing.T) {
	good := folded(t, sale("e1", "1", day0, 1, "EUR")).Encode()
	for name, b := range map[string][]byte{"version": {99}, "truncated": good[:len(good)-1], "trailing": append(append([]byte{}, good...), 0), "short": {1}} {
		_, err := profile.Decode(b)
		require.ErrorIs(t, err, profile.ErrCorrupt, name)
	}
	s, err := profile.Decode(nil)
	require.NoError(t, err)
	assert.True(t, s.Empty())
}

func FuzzDecode(f *testing.F) {
	gen := histories(true)
	for seed := range 6 {
		h := gen.Example(seed)
		states, err := deliver(h, h.delivery, nil)
		require.NoError(f, err)
		f.Add(states[0].Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := profile.Decode(b)
		if err != nil {
			return
		}
		once := s.Encode()
		again, err := profile.Decode(once)
		require.NoError(t, err)
		require.Equal(t, once, again.Encode())
		again.Fold(profile.Folding{Event: sale("e", "1", day0, 1, "EUR")})
		_ = profile.Combine([]*profile.State{again, s})
	})
}
