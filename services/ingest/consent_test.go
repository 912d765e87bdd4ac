package ingest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/ingest"
)

const (
	at9  = "2026-03-14T09:00:00Z"
	at10 = "2026-03-14T10:00:00Z"
	at11 = "2026-03-14T11:00:00Z"
	late = "2026-03-14T11:59:00Z"
)

func seconds(t testing.TB, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at.Unix()
}

// loggedIn is a page of somebody who logged in to an account.
func loggedIn(page string) string {
	return strings.Replace(page, `{"namespace":"cookie"`, `{"namespace":"customer","value":"C1","proved":true},{"namespace":"cookie"`, 1)
}

func TestGate_browsing(t *testing.T) {
	grant := decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10)
	tests := []struct {
		name   string
		before []string // requests sent earlier
		body   string
		want   string
		stamp  string // of the device of the event accepted
	}{
		{name: "no choice yet", body: page("p", "ck1", at11), want: "dropped:consent"},
		{name: "granted", before: []string{grant}, body: page("p", "ck1", at11), want: "accepted", stamp: at10},
		{name: "granted on another device", before: []string{grant}, body: page("p", "ck2", at11), want: "dropped:consent"},
		{name: "before the grant", before: []string{grant}, body: page("p", "ck1", at9), want: "dropped:consent"},
		{name: "granted then, denied now", before: []string{grant, decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", late)}, body: page("p", "ck1", at11), want: "dropped:consent"},
		{
			name: "denied then, granted now", before: []string{decision("d", "cookie", "ck1", "unify_behaviour", "refuse", at10), decision("g", "cookie", "ck1", "unify_behaviour", "grant", late)},
			body: page("p", "ck1", at11), want: "dropped:consent",
		},
		{name: "denied, then granted again before", before: []string{decision("d", "cookie", "ck1", "unify_behaviour", "refuse", at9), grant}, body: page("p", "ck1", at11), want: "accepted", stamp: at10},
		{name: "grant of another purpose", before: []string{decision("g", "cookie", "ck1", "personalise", "grant", at10)}, body: page("p", "ck1", at11), want: "dropped:consent"},
		{name: "grant in the same request", body: list(grant, page("p", "ck1", at11)), want: "accepted accepted", stamp: at10},
		{name: "grant in the same request, after the event", body: list(page("p", "ck1", at11), grant), want: "accepted accepted", stamp: at10},
		{name: "withdrawal in the same request", before: []string{grant}, body: list(page("p", "ck1", at11), decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", late)), want: "dropped:consent accepted"},
		{name: "logged in, granted in the account alone", before: []string{decision("g", "customer", "C1", "unify_behaviour", "grant", at10)}, body: loggedIn(page("p", "ck1", at11)), want: "dropped:consent"},
		{
			name: "logged in, granted in the account, refused on the device", body: loggedIn(page("p", "ck1", at11)), want: "dropped:consent",
			before: []string{decision("d", "cookie", "ck1", "unify_behaviour", "refuse", at9), decision("g", "customer", "C1", "unify_behaviour", "grant", at10)},
		},
		{
			name: "logged out, refused in the account while logged in, granted on the device", body: page("p", "ck1", at11), want: "accepted", stamp: at10,
			before: []string{grant, decision("d", "customer", "C1", "unify_behaviour", "refuse", late)},
		},
		{name: "no device", body: strings.Replace(page("p", "ck1", at11), `"cookie","value":"ck1"`, `"customer","value":"C1"`, 1), want: "dropped:consent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "web", nil)
			for _, b := range tt.before {
				require.Equal(t, "accepted", statuses(r.send("web-1", b)))
			}
			require.Equal(t, tt.want, statuses(r.send("web-1", tt.body)))
			events := r.events(stream.TopicEventsWeb)
			if tt.stamp == "" {
				require.Empty(t, events, "what consent refused is not kept")
				require.Empty(t, r.producer.of(stream.TopicDeadLetter))
				return
			}
			require.Len(t, events, 1)
			require.Equal(t, seconds(t, tt.stamp), events[0].GetIdentifiers()[0].GetStamp())
			require.True(t, events[0].GetBehaviour())
		})
	}
}

func TestGate_sale_keepsADeviceOnlyUnderAGrant(t *testing.T) {
	r := newRig(t, "web", nil)
	order := func(id string) string {
		return `{"id":"` + id + `","type":"order.placed","occurred_at":"` + at11 + `","identifiers":[{"namespace":"customer","value":"C1"},{"namespace":"cookie","value":"ck1"}],
			"data":{"total":{"amount":100,"currency":"EUR"}}}`
	}
	require.Equal(t, "accepted", statuses(r.send("web-1", order("o1"))))
	require.Len(t, r.events(stream.TopicEventsWeb)[0].GetIdentifiers(), 1, "the cookie is stripped")
	require.Contains(t, r.metrics(), `rcu_ingestor_stripped_devices_total{channel="web"} 1`)
	r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10))
	require.Equal(t, "accepted", statuses(r.send("web-1", order("o2"))))
	require.Len(t, r.events(stream.TopicEventsWeb)[1].GetIdentifiers(), 2)
}

func TestConsent_decisionsAreEvidence_keyedByPseudonym(t *testing.T) {
	r := newRig(t, "store", nil)
	r.send("store-1", decision("d1", "email", "marie@example.org", "unify_core", "object", at10))
	records := r.producer.of(stream.TopicConsents)
	require.Len(t, records, 1)
	want := r.pseudonym(identifier.Email, "marie@example.org")
	require.Equal(t, want[:], records[0].Key)
	require.NotContains(t, string(records[0].Value), "marie")
	d := r.decisions()[0]
	require.Equal(t, []string{"unify_core", "object", "store_tablet_spoken", "shop-fr"}, []string{d.GetPurpose(), d.GetDecision(), d.GetAct(), d.GetController()})
	require.Empty(t, r.events(stream.TopicEventsStore), "decisions alone are no event of the kernel")
}

func (r *rig) register(ns identifier.Namespace, value string) resolve.Cell {
	r.t.Helper()
	key := resolve.ConsentCell("group", "shop-fr", identifier.KeyOf(ns, r.pseudonym(ns, value)))
	cells, err := r.cells.Cells.LoadCells(r.t.Context(), []string{key})
	require.NoError(r.t, err)
	return cells[0]
}

func TestConsent_denyFast_grantDurable(t *testing.T) {
	r := newRig(t, "web", nil)
	var versions []uint64
	r.producer.fail = func([]stream.Record) error {
		versions = append(versions, r.register(identifier.Cookie, "ck1").Version)
		return nil
	}
	r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10))
	require.Equal(t, []uint64{0}, versions, "a grant is in Redis after Kafka has it")
	require.Equal(t, uint64(1), r.register(identifier.Cookie, "ck1").Version)
	r.send("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", at11))
	require.Equal(t, []uint64{0, 2}, versions, "a denial is in Redis before")
	r.send("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", at11))
	require.Equal(t, []uint64{0, 2, 2}, versions, "the same again writes nothing")

	r.producer.fail = func([]stream.Record) error { return stream.ErrClosed }
	require.Equal(t, 503, r.do(r.request("web-1", decision("g2", "cookie", "ck1", "unify_behaviour", "grant", late))).Code)
	require.Equal(t, uint64(2), r.register(identifier.Cookie, "ck1").Version, "a grant that Kafka has not does not count")
}

func TestConsent_registerWrittenByOthers_isJoinedAgain(t *testing.T) {
	r := newRig(t, "web", nil)
	r.cells.conflict.Store(3)
	require.Equal(t, "accepted", statuses(r.send("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "refuse", at10))))
	require.Equal(t, uint64(1), r.register(identifier.Cookie, "ck1").Version)
	r.cells.conflict.Store(1000)
	w := r.do(r.request("web-1", decision("d2", "cookie", "ck1", "unify_behaviour", "refuse", at11)))
	require.Equal(t, 503, w.Code, "a denial that does not stand is not confirmed")
	r.cells.conflict.Store(0)
	require.Equal(t, "accepted", statuses(r.send("web-1", decision("d2", "cookie", "ck1", "unify_behaviour", "refuse", at11))))
}

// A sale with a grant that waits for its confirmation takes nothing away: it does not wait for Redis as a denial does.
func TestRedisAway_aGrantThatWaitsHoldsNoSaleUp(t *testing.T) {
	r := newRig(t, "web", nil)
	r.cells.away.Store(true)
	order := `{"id":"o1","type":"order.placed","occurred_at":"` + at11 + `","identifiers":[{"namespace":"customer","value":"C1"}],"data":{"total":{"amount":1,"currency":"EUR"}},` +
		`"consent":[{"point":{"namespace":"email","value":"a@example.fr"},"purpose":"marketing","channel":"email","decision":"grant","act":"web_form","notice":{"id":"n1","version":"1","language":"fr"}}]}`
	require.Equal(t, "accepted", statuses(r.send("web-1", order)))
	require.Len(t, r.decisions(), 1)
	require.Equal(t, "pending", r.decisions()[0].GetDecision())
}

func TestRedisAway_salesGoOn_nothingOptionalHappens(t *testing.T) {
	r := newRig(t, "web", nil)
	r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10))
	r.cells.away.Store(true)
	order := `{"id":"o1","type":"order.placed","occurred_at":"` + at11 + `","identifiers":[{"namespace":"customer","value":"C1"},{"namespace":"cookie","value":"ck1"}],"data":{"total":{"amount":1,"currency":"EUR"}}}`
	a := r.send("web-1", list(order, page("p", "ck1", at11)))
	require.Equal(t, "accepted accepted:held", statuses(a))
	require.Equal(t, 2, a.Accepted)
	require.Empty(t, r.producer.of(stream.TopicDeadLetter))
	e := r.events(stream.TopicEventsWeb)[0]
	require.Len(t, e.GetIdentifiers(), 1)
	require.Zero(t, e.GetIdentifiers()[0].GetStamp())

	require.Equal(t, "accepted:held", statuses(r.send("web-1", page("p", "ck1", at11))), "the same answer again")
	require.Len(t, r.events(stream.TopicEventsWeb), 1)
	r.heldAre("ck1", 2)

	before := len(r.decisions())
	w := r.do(r.request("web-1", list(order, decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", at11))))
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "a denial is not confirmed before it is in force")
	require.Len(t, r.decisions(), before+1, "Kafka has it nevertheless")
	require.Equal(t, "accepted", statuses(r.send("web-1", decision("g2", "cookie", "ck1", "unify_behaviour", "grant", at11))), "a grant counts once Kafka has it")

	r.cells.away.Store(false)
	r.clock.Add(int64(2 * time.Second))
	require.Equal(t, "accepted", statuses(r.send("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", at11))), "the client's repetition")
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", page("p", "ck1", at11))))
	require.Equal(t, 1, strings.Count(r.logs.String(), "consent registers are away"), "logged once, not per request")
	require.Equal(t, 1, strings.Count(r.logs.String(), "consent registers are back"))
}

func TestRedisHangs_costsOneTimeOut(t *testing.T) {
	r := newRig(t, "web", func(c *ingest.Config, _ *ingest.Deps) { c.ConsentTimeout = 30 * time.Millisecond })
	r.cells.hang.Store(true)
	order := `{"id":"o1","type":"order.placed","occurred_at":"` + at11 + `","identifiers":[{"namespace":"customer","value":"C1"}],"data":{"total":{"amount":1,"currency":"EUR"}}}`
	for range 50 {
		require.Equal(t, "accepted", statuses(r.send("web-1", order)))
	}
	require.Equal(t, int64(1), r.cells.calls.Load())
	r.clock.Add(int64(2 * time.Second))
	for range 10 {
		r.send("web-1", order)
	}
	require.Equal(t, int64(2), r.cells.calls.Load(), "one try a rest")
}

func TestUnreadableRegister_allowsNothingOnThatPoint(t *testing.T) {
	r := newRig(t, "web", nil)
	r.send("web-1", list(decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10), decision("g2", "cookie", "ck2", "unify_behaviour", "grant", at10)))
	cell := r.register(identifier.Cookie, "ck1")
	cell.Value = []byte("\xff\xffnonsense")
	_, err := r.cells.Cells.CommitCells(t.Context(), []resolve.Cell{cell})
	require.NoError(t, err)
	require.Equal(t, "accepted:held accepted", statuses(r.send("web-1", list(page("p", "ck1", at11), page("q", "ck2", at11)))))
	require.Equal(t, 503, r.do(r.request("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", at11))).Code)
}

// A sale that offers to object tells it of the very point, for the controller of its source, as durably as a grant; nobody is linked or kept out by it.
func TestConsent_saleWithAnOfferToObject(t *testing.T) {
	r := newRig(t, "store", nil)
	require.Equal(t, "accepted", statuses(r.send("store-1", `{"id":"s1","type":"sale","occurred_at":"`+at11+`","identifiers":[{"namespace":"email","value":"marie@example.org"}],
		"data":{"total":{"amount":100,"currency":"EUR"},"soft_optin":[{"point":{"namespace":"email","value":"marie@example.org"},"family":"shoes","notice":{"id":"web-privacy","version":"3"}}]}}`)))
	require.Len(t, r.events(stream.TopicEventsStore), 1)
	d := r.decisions()[0]
	require.Equal(t, []string{"soft_optin:shoes", "grant", "shop-fr", "web-privacy"}, []string{d.GetPurpose(), d.GetDecision(), d.GetController(), d.GetNoticeId()})
	register, err := consent.DecodeRegister(r.register(identifier.Email, "marie@example.org").Value)
	require.NoError(t, err)
	require.Equal(t, []string{"shoes"}, register.Families())
	require.Empty(t, register.All(), "it is no decision of the person")
	at := seconds(t, at11)
	point := consent.Point{Key: identifier.KeyOf(identifier.Email, r.pseudonym(identifier.Email, "marie@example.org")), Register: register}
	_, _, ok := point.SoftOptIn(consent.Marketing, consent.ChannelEmail, "shoes", at)
	require.True(t, ok)
}

// A ticket that is taken back takes its offer back, at once; where Redis is away the till is not held up, and Kafka has it.
func TestConsent_saleTakenBack(t *testing.T) {
	r := newRig(t, "store", nil)
	const who = `"identifiers":[{"namespace":"card","value":"2990001234567"},{"namespace":"email","value":"marie@example.org"}]`
	sale := `{"id":"s1","type":"sale","occurred_at":"` + at10 + `",` + who + `,"data":{"total":{"amount":100,"currency":"EUR"},
		"soft_optin":[{"point":{"namespace":"email","value":"marie@example.org"},"family":"shoes","notice":{"id":"web-privacy"}}]}}`
	back := `{"id":"v1","type":"event.retracted","occurred_at":"` + at10 + `",` + who + `,"data":{"id":"s1","type":"sale"}}`
	offered := func() bool {
		register, err := consent.DecodeRegister(r.register(identifier.Email, "marie@example.org").Value)
		require.NoError(t, err)
		point := consent.Point{Key: identifier.KeyOf(identifier.Email, r.pseudonym(identifier.Email, "marie@example.org")), Register: register}
		_, _, ok := point.SoftOptIn(consent.Marketing, consent.ChannelEmail, "shoes", seconds(t, at11))
		return ok
	}
	require.Equal(t, "accepted", statuses(r.send("store-1", sale)))
	require.True(t, offered())
	require.Equal(t, "accepted", statuses(r.send("store-1", back)))
	require.False(t, offered(), "at once")
	require.Equal(t, "accepted", statuses(r.send("store-1", sale)))
	require.False(t, offered(), "and a sale that is sent again stays taken back")
	d := r.decisions()[1]
	require.Equal(t, []string{"sale_retracted", "withdraw", "s1", ""}, []string{d.GetPurpose(), d.GetDecision(), d.GetId(), d.GetAct()})

	require.Equal(t, "accepted", statuses(r.send("store-1", strings.Replace(sale, "s1", "s2", 1))))
	require.True(t, offered())
	before := len(r.decisions())
	r.cells.away.Store(true)
	require.Equal(t, "accepted", statuses(r.send("store-1", strings.Replace(back, "s1", "s2", 1))), "a till is never held up")
	r.cells.away.Store(false)
	require.Len(t, r.decisions(), before+1, "Kafka has it, and the resolver joins it")
}

// underOther are the decisions of an event that agrees to offers under the text about browsing, and refuses profiles.
const underOther = `,"consent":[
	{"point":{"namespace":"email","value":"marie@example.org"},"purpose":"profiling","decision":"refuse"},
	{"point":{"namespace":"email","value":"marie@example.org"},"purpose":"marketing","channel":"email","decision":"grant","act":"store_tablet_signed","notice":{"id":"web-privacy","version":"3","language":"fr"}}]`

// A grant under a notice of another purpose permits nothing and takes nothing away; the sale it came with is taken, and so is what else it decides. The
// source is told, also when it sends the event twice at once, and it is counted.
func TestUngiven_theSaleIsTaken(t *testing.T) {
	r := newRig(t, "store", nil)
	a := r.send("store-1", list(sale("a", underOther), sale("a", underOther), sale("b", "")))
	require.Equal(t, "accepted accepted accepted", statuses(a))
	require.Len(t, r.events(stream.TopicEventsStore), 2)
	for _, result := range a.Results[:2] {
		require.Len(t, result.Ungiven, 1)
		require.Equal(t, []string{"/consent/1/notice", "notice_of_another_purpose"}, []string{result.Ungiven[0].Field, result.Ungiven[0].Reason})
		require.NotEmpty(t, result.Ungiven[0].Fix)
	}
	require.Empty(t, a.Results[2].Ungiven)
	register, err := consent.DecodeRegister(r.register(identifier.Email, "marie@example.org").Value)
	require.NoError(t, err)
	require.Equal(t, []consent.PurposeChannel{{Purpose: consent.Profiling}}, register.All(), "the refusal alone")
	require.Equal(t, 1.0, testkit.Metric(t, r.registry, "rcu_ingestor_ungiven_grants_total"))

	right := strings.Replace(underOther, `{"id":"web-privacy","version":"3"`, `{"id":"marketing","version":"1"`, 1)
	require.Empty(t, r.send("store-1", sale("c", right)).Results[0].Ungiven)
	require.Equal(t, "accepted", statuses(r.send("store-1", sale("d", underOther))))
	register, err = consent.DecodeRegister(r.register(identifier.Email, "marie@example.org").Value)
	require.NoError(t, err)
	require.True(t, register.AllowedAt(consent.Marketing, consent.ChannelEmail, seconds(t, late)), "it takes no earlier grant away")
}
