package resolver_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

// history is what ingestors put on the log: records by topic and partition.
type history struct {
	ring    *vault.Keyring
	keys    []*eventpb.WrappedKey
	records map[place][]stream.Record
	places  []place
	events  map[string]*eventpb.Event // by id, the first version
}

type place struct {
	topic     string
	partition int
}

const historyPartitions = 2

// maker makes up histories over few identifiers, so that everything meets everything.
type maker struct {
	t       *testing.T
	rng     *rand.Rand
	decoder *event.Decoder
	daily   *vault.Daily
	h       *history
	grants  map[string][]grant
	stamps  map[string]map[identifier.Key]int64
	n       int
	sent    []sent
}

type grant struct {
	at   time.Time
	gave bool
}

type sent struct {
	raw        string
	channel    eventpb.Channel
	controller string
	history    bool
}

// today is the clock at the start of every history.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newHistory(t *testing.T, seed uint64, steps int) *history {
	t.Helper()
	return historyOf(t, seed, func(m *maker) {
		for range steps {
			m.step()
		}
	})
}

func historyOf(t *testing.T, seed uint64, tell func(*maker)) *history {
	t.Helper()
	ring := ringOf(t, seed)
	decoder, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	m := &maker{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), decoder: decoder, grants: map[string][]grant{}, stamps: map[string]map[identifier.Key]int64{},
		h: &history{ring: ring, records: map[place][]stream.Record{}, events: map[string]*eventpb.Event{}},
	}
	m.daily = vault.NewDaily(ring, func(_ context.Context, w *eventpb.WrappedKey) error {
		m.h.keys = append(m.h.keys, proto.CloneOf(w))
		return nil
	})
	tell(m)
	for p := range m.h.records {
		m.h.places = append(m.h.places, p)
	}
	sortPlaces(m.h.places)
	return m.h
}

// ringOf is a keyring of fixed secrets: pseudonyms decide ties, so a seed must give the same ones.
func ringOf(t *testing.T, seed uint64) *vault.Keyring {
	t.Helper()
	secret := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(make([]byte, 24), seed))
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil,
		`{"version":1,"key_encryption_key":%q,"names_secret":%q,"peppers":[{"version":1,"secret":%q}]}`, secret, secret, secret), 0o600))
	ring, err := vault.Load(path)
	require.NoError(t, err)
	return ring
}

func (m *maker) pick(values ...string) string { return values[m.rng.IntN(len(values))] }
func (m *maker) chance(p float64) bool        { return m.rng.Float64() < p }

func (m *maker) card() map[string]any {
	return proved("card", m.pick("2990001234567", "2990001111111", "2990002222222"))
}

func (m *maker) mail() map[string]any {
	mail := is("email", m.pick("a@example.fr", "b@example.fr", "caisse@example.fr"))
	mail["proved"] = m.chance(.4)
	return mail
}
func (m *maker) customer() map[string]any { return proved("customer", m.pick("U1", "U2", "U3")) }
func (m *maker) cookie() string           { return m.pick("c-1", "c-2", "c-3") }
func (m *maker) order() map[string]any    { return is("order", m.pick("W1", "W2", "W3", "W4")) }
func (m *maker) when() time.Time          { return today.Add(-time.Duration(1+m.rng.IntN(60*24)) * time.Hour) }

func (m *maker) step() {
	m.n++
	id, at := fmt.Sprintf("e%d", m.n), m.when()
	when := at.Format(time.RFC3339)
	web, store := eventpb.Channel_CHANNEL_WEB, eventpb.Channel_CHANNEL_STORE
	controller := m.pick(retail, retail, digital)
	amount := euros(100 * (1 + m.rng.IntN(50)))
	ticket := is("ticket", fmt.Sprint(m.rng.IntN(200)))
	switch m.rng.IntN(15) {
	case 0, 1:
		m.send(j(id, "sale", when, list(m.card(), ticket), amount), store, controller)
	case 2:
		m.send(j(id, "sale", when, list(m.card(), m.mail(), ticket), amount), store, controller)
	case 3:
		m.send(j(id, "order.placed", when, list(m.mail(), m.order()), amount), web, controller)
	case 4:
		m.send(j(id, "order.placed", when, list(m.customer(), m.mail(), m.order()), amount), web, controller)
	case 5, 6:
		m.send(j(id, "return", when, list(m.order()), amount), store, controller)
	case 7:
		m.send(j(id, "return", when, list(m.card(), m.order()), amount), store, controller)
	case 8, 9:
		ids := list(is("cookie", m.cookie()))
		if m.chance(.6) {
			ids = append(ids, m.customer())
		}
		m.send(j(id, "page.viewed", when, ids, map[string]any{"path": "/"}), web, controller)
	case 10:
		m.decide(id, at, controller)
	case 11:
		m.again()
	case 13:
		m.record(id, at, controller)
	case 12:
		if m.chance(.1) {
			m.replace(id, when, controller)
		}
		m.retract(id+"x", when, controller)
	case 14:
		m.act(id, at)
	}
}

// act is what a steward decides, of few pairs and values so that acts meet; two may be of one second.
func (m *maker) act(id string, at time.Time) {
	key := func(ns identifier.Namespace, value string) identifier.Key {
		return identifier.KeyOf(ns, m.h.ring.Pseudonym(space, ns, value))
	}
	mail, card, customer := key("email", "a@example.fr"), key("card", "2990001234567"), key("customer", m.pick("U1", "U2"))
	a := &eventpb.Act{Space: space, Id: id, T: at.Truncate(24 * time.Hour).Unix(), Actor: "steward"}
	if m.chance(.4) {
		a.Op, a.A = m.pick("quarantine", "release", "auto"), identifierMessage(mail)
	} else {
		x, y := mail, customer
		if m.chance(.3) {
			x = card
		}
		if identity.Lesser(y, x) {
			x, y = y, x
		}
		a.Op, a.A, a.B = m.pick("ban", "together", "clear"), identifierMessage(x), identifierMessage(y)
	}
	m.append(stream.TopicActs, a.GetA().GetPseudonym(), a, today.Add(-time.Minute))
	if m.chance(.2) { // delivered twice
		m.append(stream.TopicActs, a.GetA().GetPseudonym(), a, today.Add(-time.Minute))
	}
}

func identifierMessage(k identifier.Key) *eventpb.Identifier {
	return &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
}

// again sends something a second time: as it was, to the history lane, or with other content under the same id.
func (m *maker) again() {
	if len(m.sent) == 0 {
		return
	}
	s := m.sent[m.rng.IntN(len(m.sent))]
	if m.chance(.2) {
		s.raw = strings.Replace(s.raw, `"amount":`, `"amount":7`, 2) // a conflict, or a known ticket with another amount
		m.put(s.raw, s.channel, s.controller, s.history)             // which of two was first is the order of one partition
		return
	}
	m.put(s.raw, s.channel, s.controller, m.chance(.3))
}

func (m *maker) retract(id, when, controller string) {
	card, ticket := m.card(), is("ticket", fmt.Sprint(1000+m.n))
	sale := j(id, "sale", when, list(card, ticket), euros(500))
	back := j(id+"r", "event.retracted", when, list(card, ticket), map[string]any{"id": id, "type": "sale"})
	if m.chance(.3) {
		sale, back = back, sale
	}
	m.put(sale, eventpb.Channel_CHANNEL_STORE, controller, false)
	m.put(back, eventpb.Channel_CHANNEL_STORE, controller, false)
}

// record brings a customer in from a master file: with dates of his own, a former number now and then, and what he had agreed to.
func (m *maker) record(id string, at time.Time, controller string) {
	customer, mail := m.customer(), m.mail()
	data := map[string]any{
		"balances":    list(map[string]any{"name": "points", "amount": m.rng.IntN(500)}, map[string]any{"name": "credit", "amount": m.rng.IntN(500), "currency": "EUR"}),
		"trait_dates": map[string]any{"city": at.AddDate(-m.rng.IntN(6), 0, 0).Format(time.RFC3339)},
	}
	if m.chance(.3) {
		data["merged"] = list(map[string]any{"former": m.pick("U7", "U8"), "into": customer["value"]})
	}
	m.send(marshal(map[string]any{
		"id": id, "type": "customer.recorded", "occurred_at": at.Format(time.RFC3339), "identifiers": list(customer, m.card(), mail),
		"traits": map[string]string{"city": m.pick("Paris", "Lyon"), "language": "fr"}, "data": data,
		"consent": list(map[string]any{
			"point": is("email", mail["value"].(string)), "purpose": "marketing", "channel": "email", "decision": "grant", "method": "carried",
			"decided_at": at.AddDate(-1, 0, 0).Format(time.RFC3339),
		}),
	}), eventpb.Channel_CHANNEL_STORE, controller)
}

// replace says that a card took the place of another.
func (m *maker) replace(id, when, controller string) {
	m.send(j(id, "loyalty.card_replaced", when, []map[string]any{}, map[string]any{"old": "2990001111111", "new": "2990002222222"}), eventpb.Channel_CHANNEL_STORE, controller)
}

// decide grants or withdraws; some grants run out while the history is resolved.
func (m *maker) decide(id string, at time.Time, controller string) {
	cookie, gave := m.cookie(), m.chance(.65)
	m.grants[cookie] = append(m.grants[cookie], grant{at, gave})
	d := map[string]any{
		"point": is("cookie", cookie), "purpose": "unify_behaviour", "decision": map[bool]string{true: "grant", false: "withdraw"}[gave],
		"method": "affirmative", "act": "banner", "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
	}
	if gave && m.chance(.3) {
		d["expires_at"] = today.Add(time.Duration(m.rng.IntN(20)) * time.Second).Format(time.RFC3339)
	}
	m.put(marshal(map[string]any{
		"id": id, "type": "consent.decided", "occurred_at": at.Format(time.RFC3339), "identifiers": list(is("cookie", cookie)), "consent": list(d),
	}), eventpb.Channel_CHANNEL_WEB, controller, false)
}

func (m *maker) send(raw string, channel eventpb.Channel, controller string) {
	s := sent{raw, channel, controller, m.chance(.25)} // some come through the history lane, between those that do not
	m.sent = append(m.sent, s)
	m.put(s.raw, s.channel, s.controller, s.history)
}

// stamp is the grant in force at a time, as far as it is known so far.
func (m *maker) stamp(k identifier.Key, t int64) int64 {
	var best grant
	for cookie, gs := range m.grants {
		if identifier.KeyOf("cookie", m.h.ring.Pseudonym(space, "cookie", cookie)) != k {
			continue
		}
		for _, g := range gs {
			if g.at.Unix() <= t && !g.at.Before(best.at) {
				best = g
			}
		}
	}
	if best.gave {
		return best.at.Unix()
	}
	return 0
}

// put stamps, seals and appends an event as an ingestor does.
func (m *maker) put(raw string, channel eventpb.Channel, controller string, history bool) {
	m.t.Helper()
	now := today.Add(-time.Minute)
	d, rejection := m.decoder.Decode([]byte(raw), origin(channel, controller), now)
	require.Nil(m.t, rejection, raw)
	d.Pseudonymise(m.h.ring)
	if m.stamps[raw] == nil { // else it is sent again, and stamped as it was the first time
		m.stamps[raw] = map[identifier.Key]int64{}
	}
	stamps := m.stamps[raw]
	e, personal, decisions := d.Stamp(m.h.ring, func(k identifier.Key) int64 {
		if _, done := stamps[k]; !done {
			stamps[k] = m.stamp(k, d.OccurredAt().Unix())
		}
		return stamps[k]
	})
	for _, x := range decisions {
		m.append(stream.TopicConsents, []byte(m.h.ring.Name(space, identifier.Pseudonym(x.GetPoint().GetPseudonym()))), x, now)
	}
	if e == nil {
		return
	}
	if personal != nil {
		plain, err := proto.Marshal(personal)
		require.NoError(m.t, err)
		e.Personal, err = m.daily.Seal(m.t.Context(), controller, now, plain)
		require.NoError(m.t, err)
	}
	topic := stream.TopicEventsStore
	switch {
	case history:
		topic = stream.TopicEventsHistory
	case channel == eventpb.Channel_CHANNEL_WEB:
		topic = stream.TopicEventsWeb
	}
	if m.h.events[e.GetId()] == nil {
		m.h.events[e.GetId()] = proto.CloneOf(e)
	}
	m.append(topic, e.GetLeafKey(), e, now)
}

func (m *maker) append(topic string, key []byte, msg proto.Message, at time.Time) {
	r, err := stream.Encode(topic, key, msg, at)
	require.NoError(m.t, err)
	p := place{topic, stream.PartitionOf(key, historyPartitions)}
	r.Partition, r.Offset = p.partition, int64(len(m.h.records[p]))
	m.h.records[p] = append(m.h.records[p], r)
}
