package contacts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/contacts"
)

const (
	marie  = "marie@example.org"
	phone  = "+33612345678"
	ofIsle = "+262692123456"
)

func TestReserve_thenConfirm(t *testing.T) {
	r := newRig(t, nil)
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	a := r.ask("reserve", mail("m1", marie))
	require.True(t, a.Allowed)
	require.Equal(t, "reserved", a.State)
	require.Equal(t, monday.Add(15*time.Minute), *a.ExpiresAt)
	require.Len(t, a.Proof, 1)
	require.Equal(t, monday.AddDate(0, 0, -1), a.Proof[0].DecidedAt)
	require.Equal(t, a, r.ask("reserve", mail("m1", marie)), "asked again: the same place")
	a = r.ask("confirm", mail("m1", marie))
	require.Equal(t, "made", a.State)
	require.NotEmpty(t, a.Proof)
	for _, step := range []string{"reserve", "confirm", "release"} {
		require.Equal(t, "already_made", r.ask(step, mail("m1", marie)).Reason, "a message goes out once")
	}
	a = r.ask("reserve", mail("m2", marie))
	require.Equal(t, "cap", a.Reason)
	require.NotEmpty(t, a.Source)
	require.Equal(t, monday.AddDate(0, 0, 1), *a.NextAt)
	require.True(t, r.ask("release", mail("m3", marie)).Allowed, "what was never reserved needs no release")
}

func TestRelease_givesThePlaceBack(t *testing.T) {
	r := newRig(t, nil)
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	require.False(t, r.ask("reserve", mail("m2", marie)).Allowed)
	require.Equal(t, "released", r.ask("release", mail("m1", marie)).State)
	require.True(t, r.ask("reserve", mail("m2", marie)).Allowed)
	require.Equal(t, "reservation_expired", r.ask("confirm", mail("m1", marie)).Reason)
	r.now = r.now.Add(15 * time.Minute)
	require.Equal(t, "reservation_expired", r.ask("confirm", mail("m2", marie)).Reason)
}

func TestPermission_isAskedAtBothStepsOfTheVeryPoint(t *testing.T) {
	r := newRig(t, nil)
	email, other := r.key(identifier.Email, marie), r.key(identifier.Email, "other@example.org")
	r.together(email, other, r.key(identifier.Customer, "4711"))
	require.Equal(t, "no_permission", r.ask("reserve", mail("m1", marie)).Reason, "never asked")
	r.decide(other, consent.Marketing, "email", consent.Grant)
	require.Equal(t, "no_permission", r.ask("reserve", mail("m1", marie)).Reason, "another address of the person is not this one")
	r.decide(email, consent.Marketing, "sms", consent.Grant)
	r.decide(email, consent.ClientelingContact, "email", consent.Grant)
	require.Equal(t, "no_permission", r.ask("reserve", mail("m1", marie)).Reason, "another channel and purpose")
	r.decide(email, consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	r.decide(email, consent.Marketing, "email", consent.Withdraw, r.now)
	a := r.ask("confirm", mail("m1", marie))
	require.Equal(t, "no_permission", a.Reason, "withdrawn between the steps")
	require.Nil(t, a.NextAt)
	require.Empty(t, a.Proof)
	r.decide(email, consent.Marketing, "email", consent.Grant, r.now.Add(time.Second))
	r.now = r.now.Add(time.Minute)
	require.Equal(t, "reservation_expired", r.ask("confirm", mail("m1", marie)).Reason, "the refusal gave the place back")
}

// Row 38 of consent.md (L38): a seller's own message needs the consent of its channel too.
func TestClienteling_needsBothPermissions(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Phone, phone)
	f := fields{"id": "x", "point": fields{"namespace": "phone", "value": phone}, "channel": "sms", "purpose": "clienteling_contact"}
	r.decide(k, consent.ClientelingContact, "sms", consent.Grant)
	require.Equal(t, "no_permission", r.ask("reserve", f).Reason)
	r.decide(k, consent.Marketing, "sms", consent.Grant)
	a := r.ask("reserve", f)
	require.True(t, a.Allowed)
	require.Len(t, a.Proof, 2)
}

// A contact that rests on two grants is as old as the older one.
func TestPermission_isAsOldAsItsOldestGrant(t *testing.T) {
	r := newRig(t, func(c *contacts.Config) { c.Rules.Ages = []contact.Figure{{Channel: "sms", Days: 10, Source: "test"}} })
	k := r.key(identifier.Phone, phone)
	f := fields{"id": "x", "point": fields{"namespace": "phone", "value": phone}, "channel": "sms", "purpose": "clienteling_contact"}
	r.decide(k, consent.ClientelingContact, "sms", consent.Grant)
	r.decide(k, consent.Marketing, "sms", consent.Grant, r.now.AddDate(0, 0, -10))
	require.Equal(t, "permission_too_old", r.ask("reserve", f).Reason)
	r.decide(k, consent.Marketing, "sms", consent.Grant, r.now.AddDate(0, 0, -9))
	require.True(t, r.ask("reserve", f).Allowed)
}

// Row 31: an SMS near a store needs geoloc, push and sms: with any of them missing it is refused.
func TestRow31_nearTheStoreNeedsAllThree(t *testing.T) {
	type grant struct {
		device  bool
		purpose consent.Purpose
		channel string
	}
	all := []grant{{true, consent.Geoloc, ""}, {true, consent.Marketing, "push"}, {false, consent.Marketing, "sms"}}
	f := fields{
		"id": "x", "point": fields{"namespace": "phone", "value": phone}, "channel": "sms", "purpose": "marketing",
		"also": []fields{{"purpose": "geoloc"}, {"purpose": "marketing", "channel": "push"}},
	}
	for missing := range len(all) + 1 {
		r := newRig(t, nil)
		point, device := r.key(identifier.Phone, phone), r.key(identifier.Device, "dev-1")
		r.decide(device, consent.UnifyBehaviour, "", consent.Grant)
		r.together(point, device, r.key(identifier.Customer, "4711"))
		for i, g := range all {
			if i == missing {
				continue
			}
			k := point
			if g.device {
				k = device
			}
			r.decide(k, g.purpose, g.channel, consent.Grant)
		}
		require.Equal(t, missing == len(all), r.ask("reserve", f).Allowed, "without %d", missing)
	}
}

// Row 24: a reminder reaches who refused advertising, at night, uncounted, and with Redis away.
func TestRow24_reminderGoesOut(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Phone, phone)
	r.decide(k, consent.Marketing, "sms", consent.Refuse)
	r.now = r.now.Add(15 * time.Hour)
	reminder := fields{"id": "r1", "point": fields{"namespace": "phone", "value": phone}, "channel": "sms", "purpose": "contract"}
	for _, away := range []error{nil, errAway} {
		r.away(away)
		for _, step := range []string{"reserve", "confirm", "release"} {
			a := r.ask(step, reminder)
			require.True(t, a.Allowed)
			require.Equal(t, "uncounted", a.State)
		}
	}
	require.False(t, r.ask("reserve", reminder.with("purpose", "marketing")).Allowed)
}

func TestCalls_ownClock(t *testing.T) {
	r := newRig(t, nil)
	for _, number := range []string{phone, ofIsle} {
		r.decide(r.key(identifier.Phone, number), consent.Marketing, "phone", consent.Grant)
	}
	require.True(t, r.ask("reserve", call("c1", phone)).Allowed)
	a := r.ask("reserve", call("c2", ofIsle)) // 13:00 there
	require.Equal(t, "hours", a.Reason)
	require.Contains(t, a.Source, "D.223-9")
	require.Equal(t, monday.Add(time.Hour), *a.NextAt)
	r.now = *a.NextAt
	require.True(t, r.ask("reserve", call("c2", ofIsle)).Allowed)
	r.now = time.Date(2026, 4, 3, 9, 0, 0, 0, time.UTC) // Good Friday
	require.Equal(t, "no_permission", r.ask("reserve", call("c3", phone)).Reason, "granted later")
	const strasbourg = "+33388140725"
	require.Equal(t, "hours", r.ask("reserve", r.callTo(strasbourg).with("places", []string{"FR-67"})).Reason)
	require.True(t, r.ask("reserve", call("c4", strasbourg)).Allowed, "nobody said that it is in Alsace")
	require.Equal(t, "place_unknown", r.ask("reserve", r.callTo("+881631074921")).Reason, "a satellite telephone")
}

// callTo is a call to a number that agreed.
func (r *rig) callTo(number string) fields {
	r.t.Helper()
	r.decide(r.key(identifier.Phone, number), consent.Marketing, "phone", consent.Grant, r.now.AddDate(0, -1, 0))
	return call("x", number)
}

func TestCalls_refusalSilencesForSixtyDays(t *testing.T) {
	r := newRig(t, nil)
	r.decide(r.key(identifier.Phone, phone), consent.Marketing, "phone", consent.Grant)
	require.True(t, r.ask("reserve", call("c1", phone)).Allowed)
	require.True(t, r.ask("confirm", call("c1", phone)).Allowed)
	require.Equal(t, "refused", r.ask("refused", call("c1", phone)).State)
	r.now = r.now.AddDate(0, 0, 45)
	a := r.ask("reserve", call("c2", phone))
	require.Equal(t, "refused_before", a.Reason)
	require.Equal(t, time.Date(2026, 11, 9, 9, 0, 0, 0, time.UTC), *a.NextAt, "day 60 is Friday 6 November")
}

// Two profiles with two messages each become one: the next is denied.
func TestMerge_addsBothHistories(t *testing.T) {
	r := newRig(t, func(c *contacts.Config) { c.Rules.Caps = []contact.Cap{{Most: 3, Hours: 168, Source: "test"}} })
	addresses := []string{"a@example.org", "b@example.org"}
	for i, address := range addresses {
		k := r.key(identifier.Email, address)
		r.decide(k, consent.Marketing, "email", consent.Grant)
		r.together(k, r.key(identifier.Card, fmt.Sprintf("9900%d", i)))
		for n := range 2 {
			id := fmt.Sprintf("m%d-%d", i, n)
			require.True(t, r.ask("reserve", mail(id, address)).Allowed)
			require.True(t, r.ask("confirm", mail(id, address)).Allowed)
		}
	}
	r.together(r.key(identifier.Email, addresses[0]), r.key(identifier.Email, addresses[1]), r.key(identifier.Customer, "4711"))
	for i, address := range addresses {
		require.Equal(t, "cap", r.ask("reserve", mail(fmt.Sprintf("next%d", i), address)).Reason)
	}
}

func TestRedisAway_isDeniedWithTheReason(t *testing.T) {
	r := newRig(t, nil)
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	r.away(errAway)
	for _, step := range []string{"reserve", "confirm", "release", "refused"} {
		w := r.send("service", step, mail("m1", marie))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.JSONEq(t, `{"allowed":false,"reason":"unavailable","text":{"fr":"Ce sur quoi la réponse repose ne peut pas être lu","en":"What the answer rests on cannot be read"}}`, w.Body.String())
		require.Equal(t, "1", w.Header().Get("Retry-After"))
	}
	r.away(nil)
	require.True(t, r.ask("confirm", mail("m1", marie)).Allowed)
}

// What was made or refused is on Kafka before the answer: under the key of its point, as a log that joins whatever Redis holds. While Kafka is
// away nothing is handed over; reservations and releases need it not.
func TestKafka_holdsWhatWasMade(t *testing.T) {
	r := newRig(t, nil)
	k, number := r.key(identifier.Email, marie), r.key(identifier.Phone, phone)
	r.decide(k, consent.Marketing, "email", consent.Grant)
	r.together(k, r.key(identifier.Customer, "4711"))
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	require.Empty(t, r.logged())
	require.True(t, r.ask("confirm", mail("m1", marie)).Allowed)
	require.True(t, r.ask("refused", call("c1", phone)).Allowed)
	told := r.logged()
	require.Len(t, told, 2)
	for i, want := range []struct {
		point identifier.Key
		state contact.State
	}{{k, contact.Made}, {number, contact.Declined}} {
		require.Equal(t, stream.TopicContacts, told[i].Topic)
		require.Equal(t, want.point.Value, string(told[i].Key))
		var c eventpb.Changelog
		require.NoError(t, told[i].Decode(&c))
		require.Equal(t, contact.Key(space, "shop-fr", want.point), string(c.GetKey()))
		l, err := contact.Decode(c.GetValue())
		require.NoError(t, err)
		require.Len(t, l.Contacts(), 1)
		require.Equal(t, want.state, l.Contacts()[0].State)
		require.Equal(t, want.point, l.Contacts()[0].Point)
	}
	r.now = r.now.AddDate(0, 0, 2)
	r.silent = errAway
	require.True(t, r.ask("reserve", mail("m2", marie)).Allowed)
	require.True(t, r.ask("release", mail("m2", marie)).Allowed)
	require.True(t, r.ask("reserve", mail("m3", marie)).Allowed)
	require.Equal(t, "unavailable", r.ask("confirm", mail("m3", marie)).Reason)
	r.silent = nil
	require.Equal(t, "already_made", r.ask("confirm", mail("m3", marie)).Reason, "counted, and never sent")
}

// A register or log that is damaged allows nothing.
func TestDamagedState_allowsNothing(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Email, marie)
	r.decide(k, consent.Marketing, "email", consent.Grant)
	ok, err := r.contacts.CommitContacts(t.Context(), contact.Stored{Key: contact.Key(space, "shop-fr", k), Value: []byte{1, 9, 9}}, r.now.Add(time.Hour))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "unavailable", r.ask("reserve", mail("m1", marie)).Reason)
	other := r.key(identifier.Email, "other@example.org")
	r.decide(other, consent.Marketing, "email", consent.Grant)
	cells, err := r.cells.LoadCells(t.Context(), []string{"cr:" + space + ":shop-fr:" + other.Value})
	require.NoError(t, err)
	cells[0].Value = cells[0].Value[:len(cells[0].Value)-1]
	_, err = r.cells.CommitCells(t.Context(), cells)
	require.NoError(t, err)
	require.Equal(t, "no_permission", r.ask("reserve", mail("m1", "other@example.org")).Reason)

	third := r.key(identifier.Email, "third@example.org")
	r.decide(third, consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m2", "third@example.org")).Allowed)
	r.together(third, other)
	require.Equal(t, "no_permission", r.ask("confirm", mail("m2", "third@example.org")).Reason, "an overlay may lie on another point of the person")
}

func TestBadRequests(t *testing.T) {
	r := newRig(t, nil)
	good := mail("m1", marie)
	tests := []struct {
		name   string
		key    string
		body   any
		status int
		reason string
	}{
		{"no key", "", good, 401, "no_key"},
		{"unknown key", "nobody", good, 401, "unknown_key"},
		{"role", "operator", good, 403, "role"},
		{"another controller", "service", good.with("controller", "spa-fr"), 403, "other_controller"},
		{"which controller", "both", good, 400, "required"},
		{"no id", "service", good.with("id", ""), 400, "required"},
		{"endless id", "service", good.with("id", strings.Repeat("x", 129)), 400, "required"},
		{"no point", "service", good.with("point", nil), 400, "required"},
		{"shared namespace", "service", good.with("point", fields{"namespace": "landline", "value": "1"}), 400, "unknown_namespace"},
		{"no address", "service", mail("m1", "not an address"), 400, "not_an_identifier"},
		{"no purpose", "service", good.with("purpose", ""), 400, "purpose_missing"},
		{"unknown purpose", "service", good.with("purpose", "spam"), 400, "unknown_purpose"},
		{"purpose of the record", "service", good.with("purpose", "personalise"), 400, "purpose_without_contact"},
		{"no channel", "service", good.with("channel", ""), 400, "unknown_channel"},
		{"channel of nobody", "service", good.with("channel", "fax").with("purpose", "contract"), 400, "unknown_channel"},
		{"SMS to an address", "service", good.with("channel", "sms"), 400, "channel_unfit"},
		{"topic", "service", good.with("topic", "Baby clothes"), 400, "bad_form"},
		{"family", "service", good.with("family", "Baby clothes"), 400, "bad_form"},
		{"also unknown", "service", good.with("also", []fields{{"purpose": "spam"}}), 400, "unknown_purpose"},
		{"also of a recipient", "service", good.with("also", []fields{{"purpose": "share_partner:x"}}), 400, "unknown_purpose"},
		{"also of a contract", "service", good.with("also", []fields{{"purpose": "geoloc"}}).with("purpose", "contract"), 400, "bad_form"},
		{"place", "service", good.with("places", []string{"Local"}), 400, "bad_form"},
		{"places", "service", good.with("places", []string{"FR", "FR", "FR", "FR", "FR"}), 400, "bad_form"},
		{"unknown field", "service", good.with("force", true), 400, "invalid_json"},
		{"trailing", "service", `{} {}`, 400, "invalid_json"},
		{"text", "service", `hello`, 400, "invalid_json"},
		{"large", "service", strings.Repeat(" ", 5<<10) + "{}", 413, "body_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := r.send(tt.key, "reserve", tt.body)
			var p struct{ Reason, Fix string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
			require.Equal(t, tt.status, w.Code, w.Body.String())
			require.Equal(t, tt.reason, p.Reason)
			require.NotEmpty(t, p.Fix)
		})
	}
	require.Contains(t, r.send("service", "reserve", good.with("force", true)).Body.String(), `"field":"/*","fix":"leave out what is none of id, controller, point, `)
	q := httptest.NewRequest(http.MethodPost, "/v1/contacts/reserve?point="+marie, strings.NewReader("{}"))
	q.Header.Set("Authorization", "Bearer service")
	w := httptest.NewRecorder()
	r.service.Handler().ServeHTTP(w, q)
	require.Equal(t, http.StatusBadRequest, w.Code)
}

func TestPlantedValues_areInNoLogMetricOrAnswer(t *testing.T) {
	r := newRig(t, nil)
	planted := []string{marie, "marie", phone, "612345678"}
	var said strings.Builder
	for _, away := range []error{nil, errAway} {
		r.away(away)
		for _, v := range planted {
			for _, step := range []string{"reserve", "confirm", "release", "refused", v} {
				for _, f := range []fields{mail(v, v), call("x", v), mail("x", marie).with("topic", v), mail("x", marie).with("purpose", v), mail("x", marie).with("channel", v), mail("x", marie).with("places", []string{v}), {v: v}} {
					said.WriteString(r.send("service", step, f).Body.String())
				}
			}
		}
	}
	metrics := httptest.NewRecorder()
	r.service.Handler().ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Contains(t, metrics.Body.String(), `rcu_contacts_answers_total{channel="email",purpose="marketing",reason="no_permission",step="reserve"}`)
	for _, v := range planted {
		require.NotContains(t, r.logs.String(), v)
		require.NotContains(t, metrics.Body.String(), v)
		require.NotContains(t, said.String(), v)
	}
}

func TestConfig_validate_allProblemsAtOnce(t *testing.T) {
	_, err := contacts.New(contacts.Config{Country: "FRA", Place: "Mars"}, contacts.Deps{})
	for _, want := range []string{"http:", "rules:", "place:", "country:", "timeout:"} {
		require.ErrorContains(t, err, want)
	}
}

// An overlay of the person, on any of their points, stops contacts that anybody may refuse; a message that serves a contract goes out.
func TestOverlay_stopsContacts(t *testing.T) {
	for _, o := range []consent.Overlay{consent.Restricted, consent.Erased, consent.Deceased, consent.Minor} {
		r := newRig(t, nil)
		address, number := r.key(identifier.Email, marie), r.key(identifier.Phone, "0612345678")
		r.together(address, number)
		r.decide(address, consent.Marketing, "email", consent.Grant)
		require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
		r.decide(number, o.Purpose(), "", consent.Object)
		a := r.ask("confirm", mail("m1", marie))
		require.False(t, a.Allowed, "%s laid between reservation and hand-over", o)
		require.Equal(t, "no_permission", a.Reason)
	}
}
