package consentapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

func TestGrantAndWithdraw(t *testing.T) {
	r := newRig(t)
	a := r.post("/v1/consents", "service", grant(nil))
	require.Equal(t, http.StatusOK, a.Code, a.Body)
	require.Equal(t, "granted", a.json()["state"])
	require.True(t, r.mailing())
	r.pass(time.Minute)
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "seller", withdrawal(nil)).Code, "no reason, act, notice or proof is asked for")
	require.False(t, r.mailing())
	ds := r.kafka.decisions(t)
	require.Len(t, ds, 2)
	for _, d := range ds {
		if d.GetDecision() == "grant" {
			require.Equal(t, []string{"signature", "marketing", "1", "fr"}, []string{d.GetProofType(), d.GetNoticeId(), d.GetNoticeVersion(), d.GetNoticeLanguage()})
			require.Len(t, d.GetProofSha256(), 32)
			require.Zero(t, d.GetExpiresAt(), "offers by e-mail end with inactivity")
		}
	}
	raw, err := os.ReadFile(r.journal)
	require.NoError(t, err)
	require.Empty(t, raw, "nothing waits")
	r.post("/v1/consents", "service", grant(fields{"point": point("phone", "0612345678"), "channel": "phone"}))
	require.True(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.Marketing, "phone"))
	r.pass(366 * 24 * time.Hour)
	require.False(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.Marketing, "phone"), "a year by phone")
}

// Row 9: what was granted to one controller is no permission of another, and no key decides for a controller that it does not carry.
func TestRow9_controllers(t *testing.T) {
	r := newRig(t)
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "service+", grant(fields{"controller": "digital"})).Code)
	require.False(t, r.mailing())
	require.True(t, r.allowed(identifier.Email, mail, "digital", consent.Marketing, "email"))
	a := r.post("/v1/consents", "service", withdrawal(fields{"controller": "digital"}))
	require.Equal(t, http.StatusForbidden, a.Code)
	require.Equal(t, "other_controller", a.reason())
	require.Equal(t, "required", r.post("/v1/consents", "service+", grant(nil)).reason(), "several, and none is named")
	require.Equal(t, http.StatusForbidden, r.post("/v1/consents/history", "service", fields{"point": point("email", mail), "controller": "digital"}).Code)
}

// Bad input is named, and nothing is granted by it.
func TestBadInputGrantsNothing(t *testing.T) {
	r := newRig(t)
	notice := fields{"id": "marketing", "version": "1", "language": "fr"}
	for name, c := range map[string]struct {
		body   any
		status int
		reason string
	}{
		"no JSON":                        {"{", 400, "invalid_json"},
		"something behind it":            {`{} {}`, 400, "invalid_json"},
		"unknown field":                  {grant(fields{"consent": true}), 400, "invalid_json"},
		"too large":                      {strings.Repeat(" ", 17<<10), 413, "too_large"},
		"no point":                       {grant(fields{"point": nil}), 422, "required"},
		"a ticket":                       {grant(fields{"point": point("ticket", "1")}), 422, "point"},
		"no address":                     {grant(fields{"point": point("email", "nobody")}), 422, "not_an_identifier"},
		"unknown purpose":                {grant(fields{"purpose": "fun"}), 422, "unknown_purpose"},
		"red list":                       {grant(fields{"purpose": "sell_data", "channel": nil}), 422, "refused_use"},
		"nobody decides":                 {grant(fields{"purpose": "contract", "channel": nil}), 422, "not_decidable"},
		"several purposes by one act":    {grant(fields{"purposes": []string{"marketing", "profiling"}}), 422, "not_granular"},
		"no channel":                     {grant(fields{"channel": nil}), 422, "channel"},
		"in the future":                  {grant(fields{"decided_at": "2026-03-14T12:06:00Z"}), 422, "decided_in_the_future"},
		"denied in the future":           {withdrawal(fields{"decided_at": "2026-03-14T12:06:00Z"}), 422, "decided_in_the_future"},
		"no proof":                       {grant(fields{"proof": nil}), 422, "no_proof"},
		"proof that is none":             {grant(fields{"proof": fields{"type": "signature", "sha256": "x"}}), 422, "no_proof"},
		"no notice":                      {grant(fields{"notice": nil}), 422, "notice"},
		"notice that was never shown":    {grant(fields{"notice": fields{"id": "marketing", "version": "7", "language": "fr"}}), 422, "notice"},
		"notice of another purpose":      {grant(fields{"purpose": "profiling", "channel": nil, "notice": notice}), 422, "notice"},
		"no act":                         {grant(fields{"act": nil}), 422, "required"},
		"act that never grants":          {grant(fields{"act": "unsubscribe_link"}), 422, "act"},
		"unknown decision":               {grant(fields{"decision": "perhaps"}), 422, "decision"},
		"pending by hand":                {grant(fields{"decision": "pending"}), 422, "decision"},
		"never valid":                    {grant(fields{"expires_at": "2026-01-01T00:00:00Z"}), 422, "expiry"},
		"grant of a whole person":        {grant(fields{"whole_person": true}), 422, "no_grant_of_a_person"},
		"replayed receipt as a decision": {fields{"version": 1, "decision_id": "x", "signature": "y"}, 400, "invalid_json"},
	} {
		a := r.post("/v1/consents", "service", c.body)
		assert.Equal(t, c.status, a.Code, "%s: %s", name, a.Body)
		assert.Equal(t, c.reason, a.reason(), name)
		assert.NotEmpty(t, a.json()["fix"], name)
		assert.NotContains(t, strings.ToLower(a.Body.String()), "durand", name)
	}
	for _, c := range []struct {
		body       fields
		field, fix string
	}{
		{grant(fields{"consent": true}), "/*", "leave out what is none of id, controller, point, "},
		{grant(fields{"point": fields{"contry": "FR"}}), "/point/*", "leave out what is none of namespace, value, country: "},
		{grant(fields{"channel": []string{"email"}}), "/channel", "this field is a text: "},
		{grant(fields{"decided_at": "yesterday"}), "", "a time has the form "},
	} {
		a := r.post("/v1/consents", "service", c.body)
		require.Equal(t, http.StatusBadRequest, a.Code)
		field, _ := a.json()["field"].(string)
		require.Equal(t, c.field, field)
		require.Contains(t, a.json()["fix"], c.fix)
	}
	for _, field := range []string{"id", "guardian"} {
		a := r.post("/v1/consents", "service", grant(fields{field: strings.Repeat("x", 129)}))
		require.Equal(t, http.StatusUnprocessableEntity, a.Code)
		require.Equal(t, "too_long", a.reason())
		require.Equal(t, "/"+field, a.json()["field"])
	}
	require.Empty(t, r.kafka.decisions(t))
	require.False(t, r.mailing())
	for role, status := range map[string]int{"": 401, "nobody": 401, "steward": 403, "operator": 403, "pickup": 403} {
		require.Equal(t, status, r.post("/v1/consents", role, grant(nil)).Code, role)
	}
	require.Equal(t, 400, r.post("/v1/consents?email=a@example.com", "service", grant(nil)).Code)
}

// Sending a decision again changes nothing, and makes no grant of one that was overtaken.
func TestSentAgain(t *testing.T) {
	r := newRig(t)
	first := r.post("/v1/consents", "service", grant(fields{"id": "g1"})).json()
	r.pass(time.Minute)
	again := r.post("/v1/consents", "service", grant(fields{"id": "g1"})).json()
	one, two := first["receipts"].([]any)[0].(fields), again["receipts"].([]any)[0].(fields)
	require.Equal(t, one["decided_at"], two["decided_at"])
	require.Len(t, r.kafka.decisions(t), 1)
	r.post("/v1/consents", "service", withdrawal(fields{"id": "w1"}))
	require.False(t, r.mailing())
	a := r.post("/v1/consents", "service", grant(fields{"id": "g1"}))
	require.Equal(t, "overtaken", a.reason())
	require.Equal(t, "id_reused", r.post("/v1/consents", "service", grant(fields{"id": "w1"})).reason())
	require.False(t, r.mailing())
	r.pass(time.Minute)
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(fields{"id": "g2"})).Code)
	r.pass(time.Minute)
	require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(fields{"id": "w1"})).Code)
	require.True(t, r.mailing(), "the old withdrawal, sent again, is the old one")
}

func TestWholePerson(t *testing.T) {
	r := newRig(t)
	phone := fields{"point": point("phone", "0612345678"), "purpose": "profiling", "channel": nil, "notice": fields{"id": "profiling", "version": "1", "language": "fr"}}
	r.post("/v1/consents", "service", grant(phone))
	r.people[r.key(identifier.Email, mail)] = []identifier.Key{r.key(identifier.Email, mail), r.key(identifier.Phone, "0612345678")}
	require.True(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.Profiling, ""))
	a := r.post("/v1/consents", "privacy", withdrawal(fields{"purpose": "profiling", "channel": "", "decision": "object", "whole_person": true}))
	require.Equal(t, 200, a.Code, a.Body)
	require.Len(t, a.json()["receipts"], 2)
	require.False(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.Profiling, ""))
}

// Row 100: "service" denies every offer at once. Row 110: nothing that is no decision changes by it.
func TestRow100_levelService(t *testing.T) {
	r := newRig(t)
	r.post("/v1/consents", "service", grant(nil))
	r.post("/v1/consents", "service", grant(fields{"purpose": "share_partner:acme", "channel": nil, "notice": fields{"id": "share_partner", "version": "1", "language": "fr"}}))
	r.pass(time.Second)
	a := r.post("/v1/consents/level", "service", fields{"point": point("email", mail), "level": "service", "act": "web_form"})
	require.Equal(t, 200, a.Code, a.Body)
	for _, pc := range []consent.PurposeChannel{{Purpose: consent.Marketing, Channel: "email"}, {Purpose: consent.Survey, Channel: "email"}, {Purpose: "share_partner:acme"}, {Purpose: consent.Profiling}} {
		require.False(t, r.allowed(identifier.Email, mail, "retail", pc.Purpose, pc.Channel), pc)
	}
	for _, p := range []consent.Purpose{consent.Contract, consent.Legal, consent.Security, consent.UnifyCore} {
		require.True(t, r.allowed(identifier.Email, mail, "retail", p, ""), "service itself goes on: %s", p)
	}
	require.Equal(t, 422, r.post("/v1/consents/level", "service", fields{"point": point("email", mail), "level": "some"}).Code)
	before := len(r.kafka.decisions(t))
	require.Equal(t, 200, r.post("/v1/consents/level", "service", fields{"point": point("email", mail), "level": "all"}).Code)
	require.Len(t, r.kafka.decisions(t), before, "no level grants")
}

func TestStop(t *testing.T) {
	r := newRig(t)
	phone := point("phone", "06 12 34 56 78")
	r.post("/v1/consents", "service", grant(fields{"point": phone, "channel": "sms"}))
	require.True(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.Marketing, "sms"))
	r.pass(time.Second)
	for _, text := range []string{"merci", "", "non stop", "ne stoppez pas"} {
		require.Equal(t, "no_stop", r.post("/v1/stop", "service", fields{"point": phone, "text": text}).reason(), text)
	}
	for _, text := range []string{"STOP", " stop ", "Stop!", "STOP merci", "Arrêt", "stop pub", "Désabonnement."} {
		require.Equal(t, 200, r.post("/v1/stop", "service", fields{"point": phone, "text": text}).Code, text)
	}
	require.False(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.Marketing, "sms"))
	require.Equal(t, 422, r.post("/v1/stop", "service", fields{"point": point("email", mail), "text": "STOP"}).Code)
}

// Sec-GPC refuses advertising and sharing where nobody chose; a choice of the person wins, before and after.
func TestGPC(t *testing.T) {
	r := newRig(t)
	device := point("cookie", "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11")
	share := func(to, method string) fields {
		f := fields{"point": device, "purpose": "share_partner:" + to, "channel": nil, "act": "banner", "notice": fields{"id": "share_partner", "version": "1", "language": "fr"}}
		if method == "carried" {
			f["method"], f["act"] = "carried", "import"
		}
		return grant(f)
	}
	allowed := func(to string) bool {
		return r.allowed(identifier.Cookie, device["value"].(string), "retail", consent.Purpose("share_partner:"+to), "")
	}
	require.Equal(t, 200, r.post("/v1/consents", "service", share("chosen", "")).Code)
	require.Equal(t, 200, r.post("/v1/consents", "service", share("imported", "carried")).Code)
	require.True(t, allowed("chosen") && allowed("imported"))
	r.pass(time.Second)
	require.Equal(t, "no_signal", r.post("/v1/signals", "service", fields{"point": device}).reason())
	require.Equal(t, 200, r.post("/v1/signals", "service", fields{"point": device}, "Sec-GPC", "1").Code)
	require.True(t, allowed("chosen"), "an earlier explicit choice wins")
	require.False(t, allowed("imported"))
	acts := map[string]string{}
	for _, d := range r.kafka.decisions(t) {
		if d.GetDecision() == "refuse" {
			acts[d.GetPurpose()] = d.GetAct()
		}
	}
	require.Equal(t, map[string]string{"share_partner:imported": "gpc", "share_partner:parcel-co": "gpc"}, acts, "registered recipients and those that are known")
	require.Equal(t, 200, r.post("/v1/signals", "service", fields{"point": device}, "Sec-GPC", "1").Code)
	require.Len(t, r.kafka.decisions(t), 4, "a signal of every page writes once")
	r.pass(time.Second)
	require.Equal(t, 200, r.post("/v1/consents", "service", share("parcel-co", "")).Code)
	require.True(t, allowed("parcel-co"), "a later explicit choice wins")
	require.Equal(t, 422, r.post("/v1/signals", "service", fields{"point": point("email", mail)}, "Sec-GPC", "1").Code)
}

func TestHistory(t *testing.T) {
	r := newRig(t)
	r.post("/v1/consents", "service", grant(nil))
	r.pass(time.Minute)
	r.post("/v1/consents", "service", withdrawal(nil))
	a := r.post("/v1/consents/history", "adviser", fields{"point": point("email", mail)})
	require.Equal(t, 200, a.Code, a.Body)
	require.NotContains(t, strings.ToLower(a.Body.String()), "durand")
	seen := map[string]fields{}
	for _, x := range a.json()["topics"].([]any) {
		topic := x.(fields)
		seen[strings.TrimSpace(topic["purpose"].(string)+" "+text(topic["channel"]))] = topic
	}
	mailing := seen["marketing email"]
	require.Equal(t, false, mailing["allowed"])
	require.Equal(t, []any{"withdraw", "grant"}, []any{mailing["decisions"].([]any)[0].(fields)["decision"], mailing["decisions"].([]any)[1].(fields)["decision"]})
	require.Equal(t, true, seen["unify_core"]["allowed"])
	require.Equal(t, false, seen["unify_core"]["known"])
	require.NotContains(t, slices.Collect(maps.Keys(seen)), "marketing sms", "an address is not reached by SMS")
	require.Equal(t, 403, r.post("/v1/consents/history", "seller", fields{"point": point("email", mail)}).Code)
	r.kafka.set(true)
	require.Equal(t, "audit_unavailable", r.post("/v1/consents/history", "adviser", fields{"point": point("email", mail)}).reason())
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// Receipts verify; changed by one character, about another point, or overtaken, they do not.
func TestReceipts(t *testing.T) {
	r := newRig(t)
	receipt := r.post("/v1/consents", "service", grant(nil)).json()["receipts"].([]any)[0].(fields)
	verify := func(receipt any, address string) answer {
		return r.post("/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", address)})
	}
	require.Equal(t, fields{"valid": true, "current": true}, verify(receipt, mail).json())
	require.Equal(t, "other_point", verify(receipt, "other@example.com").reason())
	for field, v := range receipt {
		changed := maps.Clone(receipt)
		switch x := v.(type) {
		case string:
			last := "0"
			if strings.HasSuffix(x, "0") {
				last = "1"
			}
			changed[field] = x[:len(x)-1] + last
		case float64:
			changed[field] = x + 1
		case fields:
			changed[field] = fields{"id": "profiling", "version": x["version"], "language": x["language"], "sha256": x["sha256"]}
		}
		require.Equal(t, "receipt_changed", verify(changed, mail).reason(), field)
		delete(changed, field)
		require.Equal(t, "receipt_changed", verify(changed, mail).reason(), "without %s", field)
	}
	changed := maps.Clone(receipt)
	changed["carried"] = true
	require.Equal(t, "receipt_changed", verify(changed, mail).reason())
	changed["more"] = true
	require.Equal(t, "no_receipt", verify(changed, mail).reason())
	raw, err := json.Marshal(receipt)
	require.NoError(t, err)
	require.NotContains(t, strings.ToLower(string(raw)), "durand")
	r.pass(time.Minute)
	withdrawn := r.post("/v1/consents", "service", withdrawal(nil)).json()["receipts"].([]any)[0].(fields)
	require.Equal(t, "receipt_overtaken", verify(receipt, mail).reason(), "replayed after a withdrawal it proves nothing")
	require.False(t, r.mailing())
	require.Equal(t, 200, verify(withdrawn, mail).Code)
	other := newRig(t)
	require.Equal(t, "receipt_changed", other.post("/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)}).reason(), "of another installation")
	require.Equal(t, "Ed25519", r.do("GET", "/v1/receipts/key", "", nil).json()["algorithm"])
}
