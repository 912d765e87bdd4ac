package consentapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// fact joins a fact into the register of a point at the retailer.
func (r *rig) fact(k identifier.Key, pc consent.PurposeChannel, d consent.Decision) {
	r.t.Helper()
	register, changed := r.register("retail", k).Join(pc, d)
	require.True(r.t, changed)
	cells, err := r.redis.Cells.LoadCells(r.t.Context(), []string{resolve.ConsentCell(space, "retail", k)})
	require.NoError(r.t, err)
	cells[0].Value = register.Encode()
	_, err = r.redis.Cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
}

// sold is a sale of shoes at which a point was given, with an offer to object.
func (r *rig) sold(k identifier.Key, at time.Time) {
	r.t.Helper()
	r.fact(k, consent.PurposeChannel{Purpose: consent.SaleOffer("shoes")}, consent.Decision{Dec: consent.Grant, At: at.Unix(), ID: "T-1#0"})
}

// topic is what the history of a point tells about offers by e-mail.
func (r *rig) topic() fields {
	r.t.Helper()
	a := r.post("/v1/consents/history", "adviser", fields{"point": point("email", mail)})
	require.Equal(r.t, 200, a.Code, a.Body)
	for _, x := range a.json()["topics"].([]any) {
		if t := x.(fields); t["purpose"] == "marketing" && t["channel"] == "email" {
			return t
		}
	}
	r.t.Fatal("offers by e-mail are not told of")
	return nil
}

// form is the part of a page about a choice.
func form(body, row string) string {
	_, rest, _ := strings.Cut(body, `id="`+row+`"`)
	part, _, _ := strings.Cut(rest, "</form>")
	return part
}

// What a purchase permits without a consent is told, with its date, beside the button that ends it; objecting takes the one click of every refusal.
func TestPreferenceCentre_whatSalesPermit(t *testing.T) {
	r := newRig(t)
	email := r.key(identifier.Email, mail)
	link := r.preferences("email", mail)
	page := func(lang string) string { return r.do("GET", link, "", nil, "Accept-Language", lang).Body.String() }
	require.Contains(t, form(page("en"), "r-marketing-email"), "nothing was chosen")
	r.sold(email, time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC))
	for lang, want := range map[string][]string{
		"fr": {"tant que vous ne vous y opposez pas", "shoes (achat du 10 mars 2026)"},
		"en": {"as long as you do not object", "shoes (bought on 10 March 2026)"},
	} {
		row := form(page(lang), "r-marketing-email")
		for _, text := range want {
			require.Contains(t, row, text)
		}
		require.Contains(t, row, `value="deny"`)
		require.NotContains(t, form(page(lang), "r-survey-email"), "shoes", "offers alone")
	}
	topic := r.topic()
	require.Equal(t, []any{false, false}, []any{topic["allowed"], topic["known"]}, "it is no consent")
	require.Equal(t, []any{fields{"family": "shoes", "sold_at": "2026-03-10T09:00:00Z", "expires_at": "2029-03-10T09:00:00Z"}}, topic["soft_optins"])
	require.Empty(t, topic["decisions"])

	session := r.loggedIn()
	r.people[email] = append(r.people[email], r.key(identifier.Email, "other@example.com"))
	r.sold(r.key(identifier.Email, "other@example.com"), r.now())
	body := r.do("GET", session, "", nil, "Accept-Language", "en").Body.String()
	require.Equal(t, 2, strings.Count(body, "shoes (bought on"))
	for _, part := range strings.Split(body, "<form")[1:] {
		if strings.Contains(part, "shoes (bought on 14") {
			require.Contains(t, part, `value="deny"`, "who may not agree here may object here")
			require.NotContains(t, part, `value="grant"`)
		}
	}

	r.chosen(link, "do", "decide", "row", "r-marketing-email", "decision", "deny")
	row := form(page("en"), "r-marketing-email")
	require.NotContains(t, row, "shoes")
	require.Contains(t, row, "Today: no")
	require.Contains(t, page("en"), "objection")
	topic = r.topic()
	require.NotContains(t, topic, "soft_optins")
	require.Equal(t, "object", topic["decisions"].([]any)[0].(fields)["decision"])
}

// The level that leaves offers out ends what sales permit; a sale that was taken back, or a closed record, permits nothing.
func TestPreferenceCentre_salesEnd(t *testing.T) {
	email := func(r *rig) identifier.Key { return r.key(identifier.Email, mail) }
	for name, end := range map[string]func(r *rig, link string){
		"level": func(r *rig, link string) { r.chosen(link, "do", "level", "level", "service") },
		"taken back": func(r *rig, _ string) {
			r.fact(email(r), consent.PurposeChannel{Purpose: consent.SaleRetracted}, consent.Decision{Dec: consent.Withdraw, At: r.now().Unix(), ID: "T-1"})
		},
		"erased": func(r *rig, _ string) {
			r.fact(email(r), consent.PurposeChannel{Purpose: consent.Erased.Purpose()}, consent.Decision{Dec: consent.Object, At: r.now().Unix(), ID: "e"})
		},
		"quiet": func(r *rig, _ string) { r.pass(3 * 366 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.sold(email(r), r.now().Add(-time.Hour))
			require.Contains(t, r.topic(), "soft_optins")
			end(r, r.preferences("email", mail))
			require.NotContains(t, r.topic(), "soft_optins")
			require.NotContains(t, r.do("GET", r.preferences("email", mail), "", nil, "Accept-Language", "en").Body.String(), "bought on")
		})
	}
}

// Who refused everything but offers, about which nothing was decided, is at the level of service until a purchase permits some.
func TestPreferenceCentre_levelWithSales(t *testing.T) {
	r := newRig(t)
	email := r.key(identifier.Email, mail)
	topics, known := consent.LevelService.Denies(nil)
	require.True(t, known)
	for _, pc := range topics {
		if consent.Reaches(pc.Channel, identifier.Email) && pc != (consent.PurposeChannel{Purpose: consent.Marketing, Channel: consent.ChannelEmail}) {
			r.fact(email, pc, consent.Decision{Dec: consent.Refuse, At: r.now().Unix() - 60, ID: "r"})
		}
	}
	page := func() string {
		return r.do("GET", r.preferences("email", mail), "", nil, "Accept-Language", "en").Body.String()
	}
	require.Contains(t, page(), `value="service" aria-current="true"`)
	r.sold(email, r.now())
	require.NotContains(t, page(), `value="service" aria-current="true"`)
	require.Contains(t, page(), `value="useful" aria-current="true"`)
}

// Three years without an act end an agreement, and page and answer say that it ended, and when; an act of the person keeps it.
func TestPreferenceCentre_inactivity(t *testing.T) {
	r := newRig(t)
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	page := func(lang string) string {
		return form(r.do("GET", r.preferences("email", mail), "", nil, "Accept-Language", lang).Body.String(), "r-marketing-email")
	}
	require.Contains(t, page("en"), "Today: yes")
	r.pass(3 * 365 * 24 * time.Hour)
	require.Contains(t, page("en"), "Today: yes", "a day before")
	require.Empty(t, r.records.asked, "what the person did is read where it decides")
	r.pass(2 * 24 * time.Hour)
	require.Contains(t, page("en"), "your agreement ended on 14 March 2029")
	require.Contains(t, page("fr"), "votre accord a pris fin le 14 mars 2029")
	require.Equal(t, r.key(identifier.Email, mail), r.records.asked[0])
	topic := r.topic()
	require.Equal(t, []any{false, true, "2029-03-14T12:00:00Z"}, []any{topic["allowed"], topic["known"], topic["inactive_since"]})

	r.collect("digital", `{"id":"o-0","type":"order.placed","version":1,"occurred_at":"2028-03-11T10:00:00Z","identifiers":[{"namespace":"email","value":"`+mail+`"}],"data":{"total":{"amount":1,"currency":"EUR"}}}`)
	require.Equal(t, false, r.topic()["allowed"], "at another controller")
	r.collect("retail", `{"id":"o-1","type":"order.placed","version":1,"occurred_at":"2028-03-11T10:00:00Z","identifiers":[{"namespace":"email","value":"`+mail+`"}],"data":{"total":{"amount":1,"currency":"EUR"}}}`)
	require.Contains(t, page("en"), "Today: yes")
	topic = r.topic()
	require.Equal(t, true, topic["allowed"])
	require.NotContains(t, topic, "inactive_since")
	r.pass(3 * 365 * 24 * time.Hour)
	r.chosen(r.preferences("email", mail), "do", "decide", "row", "r-marketing-email", "decision", "grant")
	r.pass(time.Second)
	require.Contains(t, page("en"), "Today: yes", "agreed anew")
}
