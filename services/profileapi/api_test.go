package profileapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/testkit"
	"rcu/services/profileapi"
)

const mail, phone, card = "marie.durand@example.org", "0612345678", "99000123"

// marie buys with her card and e-mail at shop-fr, calls, and buys at spa-fr with the same e-mail.
func marie(w *world) {
	w.send(till, "sale", at(10, 9), fields{
		"identifiers": append(ids("card", card, "email", mail, "phone", phone), map[string]any{"namespace": "ticket", "value": "0017", "scope": "paris-1/till-12/2026-03-10"}),
		"traits": fields{
			"given_name": "Marie", "family_name": "Durand-Lefebvre", "birth_date": "1980-04-02", "address_line": "12 rue des Lilas", "city": "Lyon",
			"language": "fr", "loyalty_tier": "gold",
		},
		"data": total(4599),
	})
	w.send(web, "order.placed", at(11, 9), fields{
		"identifiers": append(ids("email", mail), map[string]any{"namespace": "order", "value": "W-1001"}),
		"data":        fields{"total": money(2000), "fulfilment": "collect", "collect_store": "paris-1"},
	})
	w.send(desk, "case.opened", at(12, 9), fields{
		"identifiers": append(ids("phone", phone), map[string]any{"namespace": "case", "value": "C-7"}),
		"data":        fields{"kind": "complaint"},
	})
	w.send(web, "basket.updated", at(12, 10), fields{"identifiers": ids("email", mail), "data": fields{"total": money(700), "state": "open"}})
	w.send(spa, "sale", at(13, 9), fields{"identifiers": ids("email", mail), "traits": fields{"city": "Nice"}, "data": total(98760)})
}

func TestLookup_oneRecordOfTheControllersOfTheKey(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)

	r := a.lookup("service", "email", " Marie.Durand@Example.org", "contract").record()
	require.Equal(t, []string{"shop-fr"}, r.Controllers)
	require.Equal(t, w.name(identifier.Card, card), r.RCUID)
	require.Equal(t, w.name(identifier.Email, mail), r.Asked)
	require.Len(t, r.Also, 2)
	require.Equal(t, "Marie", r.Traits["given_name"].Value)
	require.Equal(t, "Lyon", r.Traits["city"].Value)
	require.Equal(t, "stated", r.Traits["given_name"].Trust)
	require.Equal(t, []profileapi.Contact{{Namespace: "card", Value: card}, {Namespace: "email", Value: mail}, {Namespace: "phone", Value: "+33612345678"}}, r.Contacts)
	require.Equal(t, []string{"W-1001", "0017"}, []string{r.Orders[0].Number, r.Orders[1].Number})
	require.Equal(t, "W-1001", r.ToCollect[0].Number)
	require.Equal(t, "C-7", r.Cases[0].Number)
	require.Equal(t, int64(700), r.Baskets[0].Total.Amount)
	require.Equal(t, []profileapi.Spend{
		{Currency: "EUR", Month: 202603, Channel: "store", Sales: 4599, Tickets: 1}, {Currency: "EUR", Month: 202603, Channel: "web", Sales: 2000, Tickets: 1},
	}, r.Spend)

	both := a.lookup("service+", "phone", phone, "contract").record()
	require.Equal(t, []string{"shop-fr", "spa-fr"}, both.Controllers)
	require.Equal(t, int64(4599+98760), both.Spend[0].Sales)
	require.Equal(t, "Nice", both.Traits["city"].Value)
	one := a.lookup("service+", "phone", phone, "contract", "controller", "spa-fr").record()
	require.Equal(t, []string{"spa-fr"}, one.Controllers)
	require.Equal(t, int64(98760), one.Spend[0].Sales)
	require.NotContains(t, one.Traits, "given_name")
	require.Equal(t, one, a.get("service+", "/v1/profiles/"+one.Asked+"?purpose=contract&controller=spa-fr").record())
}

func TestOtherControllers_neverEnterAnAnswer(t *testing.T) {
	w := newWorld(t)
	marie(w)
	w.send(spa, "sale", at(14, 9), fields{"identifiers": ids("email", "only@spa.example"), "traits": fields{"given_name": "Zelda"}, "data": total(500)})
	a := newAPI(t, w, nil)
	id := w.name(identifier.Card, card)

	for _, path := range []string{"", "/timeline", "/identifiers", "/explain"} {
		denied := a.get("service", "/v1/profiles/"+id+path+"?purpose=contract&controller=spa-fr")
		require.Equal(t, http.StatusForbidden, denied.Code, path)
		require.Equal(t, "other_controller", denied.reason())
		body := a.get("service", "/v1/profiles/"+id+path+"?purpose=contract").Body.String()
		require.NotContains(t, body, "Nice")
		require.NotContains(t, body, "98760")
		require.NotContains(t, body, "spa-fr")
		none := a.get("service", "/v1/profiles/"+w.name(identifier.Email, "only@spa.example")+path+"?purpose=contract")
		require.Equal(t, http.StatusNotFound, none.Code, path)
	}
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "contract", "controller", "spa-fr").Code)
	require.Equal(t, http.StatusNotFound, a.lookup("service", "email", "only@spa.example", "contract").Code)
	require.Equal(t, "Zelda", a.lookup("spa", "email", "only@spa.example", "contract").record().Traits["given_name"].Value)
	// An id of nobody and one of another controller are answered alike.
	unknown := a.get("service", "/v1/profiles/"+w.name(identifier.Email, "nobody@else.example")+"?purpose=contract")
	require.Equal(t, http.StatusNotFound, unknown.Code)
	require.Equal(t, "not_found", unknown.reason())
}

func TestRequests_areRefusedWithFieldAndFix(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	id := w.name(identifier.Card, card)
	get := func(path string) func() answer { return func() answer { return a.get("service", path) } }
	post := func(body string) func() answer { return func() answer { return a.post("service", body) } }
	tests := []struct {
		name   string
		do     func() answer
		status int
		reason string
	}{
		{"no key", func() answer { return a.get("", "/v1/profiles/"+id+"?purpose=contract") }, 401, "no_key"},
		{"wrong key", func() answer { return a.get("nobody", "/v1/profiles/"+id+"?purpose=contract") }, 401, "unknown_key"},
		{"no purpose", get("/v1/profiles/" + id), 400, "purpose_missing"},
		{"empty purpose", get("/v1/profiles/" + id + "/timeline?purpose="), 400, "purpose_missing"},
		{"unknown purpose", get("/v1/profiles/" + id + "?purpose=curiosity"), 400, "unknown_purpose"},
		{"parameter missing", get("/v1/profiles/" + id + "?purpose=share_partner"), 400, "unknown_purpose"},
		{"parameter of another form", get("/v1/profiles/" + id + "?purpose=share_partner:" + url.QueryEscape(mail)), 400, "unknown_purpose"},
		{"purpose twice", get("/v1/profiles/" + id + "?purpose=contract&purpose=marketing"), 400, "query_not_allowed"},
		{"value in the query", get("/v1/profiles/" + id + "?purpose=contract&email=" + url.QueryEscape(mail)), 400, "query_not_allowed"},
		{"query of a look-up", func() answer {
			return a.do(httptest.NewRequest(http.MethodPost, "/v1/profiles/lookup?email="+url.QueryEscape(mail), strings.NewReader(`{}`)), "service")
		}, 400, "query_not_allowed"},
		{"no id", get("/v1/profiles/" + url.PathEscape(mail) + "?purpose=contract"), 400, "bad_form"},
		{"upper case id", get("/v1/profiles/" + strings.ToUpper(w.name(identifier.Email, mail)) + "?purpose=contract"), 400, "bad_form"},
		{"no JSON", post(`{"identifier":`), 400, "invalid_json"},
		{"two objects", post(`{"purpose":"contract"}{}`), 400, "invalid_json"},
		{"unknown field", post(`{"purpose":"contract","e_mail":"x"}`), 400, "invalid_json"},
		{"no identifier", post(`{"purpose":"contract"}`), 400, "required"},
		{"no purpose in a look-up", post(`{"identifier":{"namespace":"email","value":"a@b.example"}}`), 400, "purpose_missing"},
		{"unknown namespace", post(`{"identifier":{"namespace":"iban","value":"x"},"purpose":"contract"}`), 400, "unknown_namespace"},
		{"shared namespace", post(`{"identifier":{"namespace":"company_card","value":"x"},"purpose":"contract"}`), 400, "unknown_namespace"},
		{"no identifier at all", post(`{"identifier":{"namespace":"email","value":"null"},"purpose":"contract"}`), 400, "not_an_identifier"},
		{"reference without scope", post(`{"identifier":{"namespace":"order","value":"W-1"},"purpose":"contract"}`), 400, "required"},
		{"too long", post(`{"x":"` + strings.Repeat("x", 5000) + `"}`), 413, "body_too_large"},
		{"get of a look-up", get("/v1/profiles/lookup?purpose=contract"), 400, "bad_form"},
		{"other method", func() answer { return a.do(httptest.NewRequest(http.MethodDelete, "/v1/profiles/"+id, nil), "service") }, 405, "method_not_allowed"},
		{"other path", get("/v1/customers"), 404, "not_found"},
		{"detail that the role may not see", func() answer { return a.get("seller", "/v1/profiles/"+id+"/explain?purpose=contract") }, 403, "role"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.do()
			require.Equal(t, tt.status, got.Code, got.Body.String())
			require.Equal(t, tt.reason, got.reason())
			require.NotContains(t, got.Body.String(), "marie")
		})
	}
	require.Contains(t, post(`{"purpose":"contract","e_mail":"x"}`)().Body.String(), `"field":"/*","fix":"leave out what is none of identifier, `)
}

func TestETag_unchangedIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	path := "/v1/profiles/" + w.name(identifier.Card, card) + "?purpose=contract"
	first := a.get("service", path)
	tag := first.Header().Get("ETag")
	require.NotEmpty(t, tag)
	ask := func(key, match string) answer {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", match)
		return a.do(r, key)
	}
	for _, match := range []string{tag, `"x", ` + tag, "W/" + tag, "*"} {
		again := ask("service", match)
		require.Equal(t, http.StatusNotModified, again.Code, match)
		require.Empty(t, again.Body.String())
		require.Equal(t, tag, again.Header().Get("ETag"))
	}
	require.Equal(t, http.StatusOK, ask("seller", tag).Code) // another role sees another record
	w.send(till, "sale", at(15, 9), fields{"identifiers": ids("card", card), "data": total(100)})
	require.Equal(t, http.StatusOK, ask("service", tag).Code)
	require.Len(t, a.written(7), 7) // a read that sends nothing is a read
}

func TestOrderNumberOnly_sameOrderBeforeAndAfter(t *testing.T) {
	order := append(ids("email", mail), map[string]any{"namespace": "order", "value": "W-1001"})
	placed := func(w *world) {
		w.send(web, "order.placed", at(11, 9), fields{"identifiers": order, "data": total(2000)})
	}
	returned := func(w *world) {
		w.send(till, "return", at(14, 9), fields{
			"identifiers": []any{map[string]any{"namespace": "order", "value": "W-1001"}}, "data": fields{"total": money(500)},
		})
	}
	var seen []profileapi.Answer
	for _, steps := range [][]func(*world){{placed, returned}, {returned, placed}} {
		w := newWorld(t)
		a := newAPI(t, w, nil)
		steps[0](w)
		if len(seen) == 1 { // the return alone is nobody's
			require.Equal(t, http.StatusNotFound, a.lookup("service", "order", "W-1001", "contract", "scope", "maison").Code)
		}
		steps[1](w)
		r := a.lookup("service", "email", mail, "contract").record()
		require.Len(t, r.Orders, 1)
		require.Equal(t, "W-1001", r.Orders[0].Number)
		require.Equal(t, int64(2000), r.Orders[0].Total.Amount)
		require.Equal(t, []profileapi.Money{{Amount: 500, Currency: "EUR"}}, r.Orders[0].Returned)
		byNumber := a.lookup("service", "order", "#W-1001", "contract", "scope", "maison").record()
		byNumber.Asked, r.Asked = "", ""
		require.Equal(t, r, byNumber)
		r.RCUID = "" // every world has keys of its own
		seen = append(seen, r)
	}
	require.Equal(t, seen[0], seen[1])
}

func TestSeenAlone_hasItsNamespace(t *testing.T) {
	w := newWorld(t)
	w.send(web, "order.placed", at(11, 9), fields{"identifiers": ids("email", mail), "data": total(2000)})
	a := newAPI(t, w, nil)
	id := w.name(identifier.Email, mail)
	var out profileapi.Identifiers
	a.get("service", "/v1/profiles/"+id+"/identifiers?purpose=contract").json(&out)
	require.Equal(t, profileapi.Identifiers{RCUID: id, Identifiers: []profileapi.KnownIdentifier{{Namespace: "email", Name: id, Naming: true, Standing: "clean"}}}, out)
	require.Empty(t, a.get("service", "/v1/profiles/"+id+"?purpose=marketing").record().Contacts)
	w.send(web, "consent.decided", at(12, 9), fields{"consent": consentOf("email", mail, "marketing", "email", "grant")})
	require.Len(t, a.get("service", "/v1/profiles/"+id+"?purpose=marketing").record().Contacts, 1)
}

func TestQuarantinedValue_isAnsweredWithCandidates(t *testing.T) {
	w := newWorld(t)
	const shared = "0611111112"
	for i := range 12 { // one phone beside many people is a hub
		w.send(till, "sale", at(10, i), fields{
			"identifiers": ids("card", fmt.Sprintf("9900%04d", i), "phone", shared), "traits": fields{"given_name": fmt.Sprintf("Name%c", 'a'+i), "family_name": fmt.Sprintf("Family%c", 'a'+i)},
			"data": total(100),
		})
	}
	w.send(spa, "sale", at(11, 9), fields{"identifiers": ids("card", "77001234", "phone", shared), "data": total(100)})
	a := newAPI(t, w, nil)
	r := a.lookup("service", "phone", shared, "contract").record()
	require.Contains(t, []string{"quarantined", "contested"}, r.Standing)
	require.Len(t, r.Candidates, profileapi.Default().MaxCandidates)
	require.Empty(t, r.Contacts)
	require.Empty(t, r.Orders)
	require.Empty(t, r.Controllers)
	require.Equal(t, r, a.get("service", "/v1/profiles/"+r.RCUID+"?purpose=contract").record(), "by its id too")
	for _, c := range r.Candidates {
		one := a.get("service", "/v1/profiles/"+c.RCUID+"?purpose=contract").record()
		require.Len(t, one.Orders, 1)
		require.Len(t, one.Contacts, 1, "the card; the phone is nobody's")
	}
	require.Equal(t, []profileapi.Candidate{{RCUID: w.name(identifier.Card, "77001234")}}, a.lookup("spa", "phone", shared, "contract").record().Candidates)
	require.Equal(t, http.StatusNotFound, a.get("service", "/v1/profiles/"+r.RCUID+"/timeline?purpose=contract").Code)
	var why profileapi.Explanation
	a.get("steward", "/v1/profiles/"+r.RCUID+"/explain?purpose=contract").json(&why)
	require.Equal(t, r.Standing, why.Standing)
	require.NotEmpty(t, why.Links)
	for _, l := range why.Links {
		require.Equal(t, "refused", l.Outcome)
	}
	lines := a.written(2)
	require.Equal(t, "candidates", lines[0].GetOutcome())
}

func TestExplain_saysWhy(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	id := w.name(identifier.Card, card)
	var why profileapi.Explanation
	a.get("adviser", "/v1/profiles/"+w.name(identifier.Phone, phone)+"/explain?purpose=contract").json(&why)
	require.Equal(t, id, why.RCUID)
	require.Equal(t, "clean", why.Standing)
	require.NotEmpty(t, why.Links)
	require.Equal(t, profileapi.LinkEnd{Namespace: "card", Name: id}, why.Links[0].A)
	require.Equal(t, "email", why.Links[0].B.Namespace)
	require.Equal(t, "joined", why.Links[0].Outcome)
	require.Equal(t, at(10, 9), *why.Links[0].Since)
}

func TestDestroyedKey_closesTheValuesOnly(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	k := identifier.KeyOf(identifier.Card, w.ring.Pseudonym(space, identifier.Card, card))
	w.put(resolve.SubjectKeyCell(space, "shop-fr", k), nil)
	r := a.lookup("service", "card", card, "contract").record()
	require.NotContains(t, r.Traits, "given_name")
	require.Equal(t, "gold", r.Traits["loyalty_tier"].Value)
	require.Len(t, r.Orders, 2)
	require.Empty(t, r.Orders[1].Number)
}

func TestRedisAway_isSaidSo(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	w.away.err = errAway
	got := a.lookup("service", "card", card, "contract")
	require.Equal(t, http.StatusServiceUnavailable, got.Code)
	require.Equal(t, "unavailable", got.reason())
	require.Contains(t, a.logs.String(), "connection refused")
}

func TestMetrics_haveGoodNames(t *testing.T) {
	w := newWorld(t)
	a := newAPI(t, w, nil)
	a.lookup("service", "card", card, "contract")
	testkit.LintMetrics(t, a.registry)
}
