package consentapi_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
)

// lostAt lets the state be lost the n-th time that somebody asks.
func (r *rig) lostAt(n int) {
	asked := 0
	r.whole = func() error {
		if asked++; asked >= n {
			return errors.New("redis does not hold the whole state")
		}
		return nil
	}
}

// A Redis that was lost, and is being filled again, lacks refusals that were said after the grants that it has: nothing is told of it, nothing granted by
// it, and nobody asked. What denies is taken all the same.
func TestHalfAState_tellsAndGrantsNothing(t *testing.T) {
	for name, n := range map[string]int{"before it is read": 1, "while it is read": 2} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			receipt := r.post("/v1/consents", "service", grant(nil)).json()["receipts"].([]any)[0]
			link := r.post("/v1/preference-links", "service", fields{"point": point("email", mail)}).json()["path"].(string)
			stop := r.link()
			waits := grant(fields{"act": "web_form", "point": point("email", "two@example.com"), "proof": fields{"type": "served_notice", "sha256": strings.Repeat("cd", 32)}})
			confirm := r.post("/v1/consents", "service", waits).json()["confirmation"].(fields)["path"].(string)
			session := r.withRecord()
			for what, do := range map[string]func() answer{
				"page": func() answer { return r.do("GET", link, "", nil) },
				"choice": func() answer {
					return r.do("POST", link, "", "do=level&level=all", "Content-Type", "application/x-www-form-urlencoded")
				},
				"account": func() answer { return r.do("GET", session, "", nil) },
				"record":  func() answer { return r.do("GET", session+"/record", "", nil) },
				"erasure": func() answer {
					return r.do("POST", session+"/erase", "", "do=erase", "Content-Type", "application/x-www-form-urlencoded")
				},
				"history": func() answer { return r.post("/v1/consents/history", "privacy", fields{"point": point("email", mail)}) },
				"receipt": func() answer {
					return r.post("/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)})
				},
				"confirmation": func() answer { return r.post(confirm, "", "") },
				"question":     func() answer { return r.asks("q1", "profiling", nil) },
				"grant that is sent again": func() answer {
					return r.post("/v1/consents", "service", grant(fields{"id": "g1"}))
				},
				"signal": func() answer {
					return r.post("/v1/signals", "service", fields{"point": point("cookie", "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11")}, "Sec-GPC", "1")
				},
			} {
				before := len(r.kafka.decisions(t))
				r.lostAt(n)
				require.Equal(t, 503, do().Code, what)
				require.Len(t, r.kafka.decisions(t), before, what)
			}
			r.lostAt(1)
			require.Contains(t, r.do("GET", link, "", nil, "Accept-Language", "en").Body.String(), "Try again in a moment")
			require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(fields{"purpose": "survey"})).Code, "a denial is valid however it arrives")
			require.Equal(t, 200, r.post(stop, "", "List-Unsubscribe=One-Click").Code)
			require.False(t, r.mailing())
			whole := r.post("/v1/consents", "service", withdrawal(fields{"purpose": "profiling", "channel": nil, "whole_person": true}))
			require.Equal(t, 503, whole.Code)
			require.Equal(t, "person_unreadable", whole.reason(), "it may lack points of the person")
			require.Len(t, r.register("retail", r.key(identifier.Email, mail)).History("profiling", "").Said, 1)
		})
	}
}

// A grant that is sent again while nobody knows what was decided since does not come back over a refusal.
func TestGrantSentAgain_whileNothingCanBeRead(t *testing.T) {
	r := newRig(t)
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(fields{"id": "g1"})).Code)
	r.pass(time.Hour)
	require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(nil)).Code)
	r.pass(time.Hour)
	r.redis.set(true)
	require.Equal(t, 503, r.post("/v1/consents", "service", grant(fields{"id": "g1"})).Code)
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(fields{"point": point("email", "new@example.com")})).Code, "one of today is durable")
	r.redis.set(false)
	require.Equal(t, 409, r.post("/v1/consents", "service", grant(fields{"id": "g1"})).Code)
	require.False(t, r.mailing())
}
