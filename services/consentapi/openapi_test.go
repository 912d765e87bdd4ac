package consentapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/contract"
)

// Real answers, good and bad, are as the published contract describes them, and every operation of it is asked.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	published, r := contract.Load(t, "consent-api"), newRig(t)
	check := func(method, path, key string, body any, want int, header ...string) answer {
		t.Helper()
		raw := []byte(nil)
		if body != nil {
			var err error
			raw, err = json.Marshal(body)
			require.NoError(t, err)
		}
		a := r.do(method, path, key, body, header...)
		require.Equal(t, want, a.Code, "%s %s: %s", method, path, a.Body)
		wrong := published.Hold(t, method, path, string(raw), a.ResponseRecorder)
		if want < http.StatusBadRequest {
			require.NoError(t, wrong, "%s %s", method, path)
		}
		return a
	}
	whose := fields{"point": point("email", mail)}
	receipt := check("POST", "/v1/consents", "service", grant(nil), 200).json()["receipts"].([]any)[0]
	check("POST", "/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)}, 200)
	check("POST", "/v1/consents", "service", grant(fields{"purpose": "fun"}), 422)
	check("POST", "/v1/consents", "", grant(nil), 401)
	check("POST", "/v1/consents", "steward", grant(nil), 403)
	topics := check("POST", "/v1/consents/history", "adviser", whose, 200).json()["topics"].([]any)
	for _, topic := range topics {
		for _, d := range topic.(fields)["decisions"].([]any) {
			at := d.(fields)["receipt"].(string)
			check("GET", at, "", nil, 200)
			check("GET", at+"?form=json", "", nil, 200, "Accept", "text/html")
		}
	}
	check("GET", "/v1/consents/none/receipt", "", nil, 404)
	preferences := check("POST", "/v1/preference-links", "service", whose, 200).json()["path"].(string)
	check("GET", preferences, "", nil, 200)
	check("POST", preferences, "", nil, 400)
	check("GET", preferences+"x", "", nil, 404)
	account := r.withRecord()
	check("GET", account+"/record", "", nil, 200)
	check("GET", account+"/record?form=json", "", nil, 200)
	check("GET", preferences+"/record", "", nil, 403)
	check("POST", account+"/record", "", fields{"id": "c1", "traits": fields{"city": "Nice"}}, 202, "Content-Type", "application/json")
	check("POST", account+"/record", "", fields{"traits": fields{"country": "France"}}, 422, "Content-Type", "application/json")
	check("POST", account+"/record", "", nil, 400)
	check("POST", preferences+"/record", "", fields{"traits": fields{"city": "Nice"}}, 403, "Content-Type", "application/json")
	check("GET", account+"/erase", "", nil, 200)
	check("POST", account+"/erase", "", nil, 400)
	check("POST", preferences+"/erase", "", nil, 403)
	check("POST", "/v1/preference-sessions", "service", fields{"rcu_id": "none", "points": []fields{point("email", mail)}}, 409)
	link := check("POST", "/v1/unsubscribe-links", "service", fields{"point": point("email", mail), "purpose": "marketing", "channel": "email"}, 200).json()["path"].(string)
	check("GET", link, "", nil, 200)
	check("POST", link, "", nil, 200)
	check("GET", link+"x", "", nil, 404)
	check("POST", "/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)}, 409)
	confirm := check("POST", "/v1/consents", "service", grant(fields{"act": "web_form", "point": point("email", "two@example.com")}), 202).json()["confirmation"].(fields)["path"].(string)
	check("GET", confirm, "", nil, 200)
	check("POST", confirm, "", nil, 200)
	check("POST", "/v1/consents/level", "service", fields{"point": point("email", mail), "level": "none"}, 200)
	check("POST", "/v1/stop", "service", fields{"point": point("phone", "0612345678"), "text": "STOP"}, 200)
	check("POST", "/v1/asks", "seller", fields{"id": "q1", "point": point("phone", "0612345679"), "purpose": "survey", "channel": "sms"}, 200)
	check("POST", "/v1/asks", "seller", fields{"id": "q1", "point": point("phone", "0612345679"), "purpose": "fun"}, 422)
	check("POST", "/v1/signals", "service", fields{"point": point("cookie", "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11")}, 200, "Sec-GPC", "1")
	check("POST", "/v1/overlays", "privacy", fields{"point": point("email", "two@example.com"), "overlay": "deceased"}, 200)
	check("GET", "/v1/register?lang=en", "", nil, 200)
	check("GET", "/v1/register?lang=de", "", nil, 400)
	check("GET", "/v1/receipts/key", "", nil, 200)
	r.redis.set(true)
	check("POST", "/v1/consents", "service", withdrawal(nil), 503)
	published.AllAsked(t)
}
