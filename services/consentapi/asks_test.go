package consentapi_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// asks is somebody who would like to ask; a nil in change takes a field out.
func (r *rig) asks(id, purpose string, change fields) answer {
	r.t.Helper()
	body := fields{"id": id, "point": point("email", mail), "purpose": purpose}
	for k, v := range change {
		if body[k] = v; v == nil {
			delete(body, k)
		}
	}
	return r.post("/v1/asks", "seller", body)
}

// turn is why nobody may ask; "yes" where somebody may.
func (r *rig) turn(id, purpose string, change fields) string {
	r.t.Helper()
	a := r.asks(id, purpose, change)
	require.Equal(r.t, 200, a.Code, a.Body)
	if a.json()["may_ask"] == true {
		return "yes"
	}
	return a.json()["why"].(string)
}

// joined makes the address and the telephone those of one person.
func (r *rig) joined() {
	one, two := r.key(identifier.Email, mail), r.key(identifier.Phone, mobile)
	r.people[one], r.people[two] = []identifier.Key{one, two}, []identifier.Key{one, two}
}

// Row 144: nobody is asked again after a refusal or a question without an answer, on any channel or point of theirs, and one purpose at a time.
func TestRow144_aPersonIsAskedForOneThingAndNotAgain(t *testing.T) {
	r := newRig(t)
	r.joined()
	byPhone := fields{"point": point("phone", mobile)}
	a := r.asks("q1", "profiling", nil)
	require.Equal(t, "profiling", a.json()["notice"].(fields)["id"])
	require.Equal(t, true, a.json()["may_ask"])
	require.Equal(t, "yes", r.turn("q1", "profiling", nil), "the answer was lost")
	require.Equal(t, "cooling_down", r.turn("q2", "profiling", byPhone), "asked already")
	a = r.asks("q3", "personalise", byPhone)
	require.Equal(t, "another_purpose", a.json()["why"])
	require.Equal(t, r.now().Add(24*time.Hour).Format(time.RFC3339), a.json()["next_at"])
	require.Equal(t, "not_needed", r.turn("q4", "contract", nil))
	require.Equal(t, "nobody_is_asked", r.turn("q5", "unify_core", nil))

	r.pass(24 * time.Hour)
	require.Equal(t, "cooling_down", r.turn("q1", "profiling", nil), "the turn of yesterday is over")
	onSMS := fields{"point": point("phone", mobile), "channel": "sms"}
	require.Equal(t, "yes", r.turn("q6", "marketing", onSMS))
	require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(fields{"point": point("phone", mobile), "channel": "sms", "decision": "refuse"})).Code)
	r.pass(24 * time.Hour)
	a = r.asks("q7", "marketing", fields{"channel": "email"})
	require.Equal(t, "cooling_down", a.json()["why"], "refused on the telephone, asked by e-mail")
	require.Equal(t, r.now().Add(182*24*time.Hour).Format(time.RFC3339), a.json()["next_at"])
	r.pass(182 * 24 * time.Hour)
	require.Equal(t, "yes", r.turn("q8", "marketing", fields{"channel": "email"}))
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	require.Equal(t, "not_needed", r.turn("q9", "marketing", fields{"channel": "email"}), "granted")
	r.pass(24 * time.Hour)
	require.Equal(t, "yes", r.turn("q10", "marketing", onSMS), "a question that was answered by a yes keeps nobody away for long")

	unasked := withdrawal(fields{"point": point("phone", mobile), "purpose": "survey", "channel": "phone", "decision": "refuse"})
	require.Equal(t, 200, r.post("/v1/consents", "service", unasked).Code)
	require.Equal(t, "cooling_down", r.turn("q11", "survey", fields{"channel": "email"}), "refused by telephone, without having been asked")

	asked := map[string]int{}
	for _, d := range r.kafka.decisions(t) {
		if _, is := consent.QuestionOf(consent.Purpose(d.GetPurpose())); is {
			asked[d.GetId()]++
			require.Equal(t, "grant", d.GetDecision())
		}
	}
	require.Len(t, asked, 4)
	require.LessOrEqual(t, asked["seller/q1"], 2, "once at the point, once at the first point of the person")
	h := r.post("/v1/consents/history", "privacy", fields{"point": point("email", mail)})
	require.NotContains(t, h.Body.String(), "asked:", "a question is no decision")
	require.Len(t, r.register("retail", r.key(identifier.Email, mail)).All(), 1)
}

// Many who would ask one person at once, at several points, for several purposes: one may.
func TestAsks_oneAtATime(t *testing.T) {
	r := newRig(t)
	r.joined()
	var mu sync.Mutex
	yes := 0
	var all sync.WaitGroup
	for n := range 24 {
		all.Go(func() {
			change := fields{}
			if n%2 == 1 {
				change["point"] = point("phone", mobile)
			}
			if a := r.asks(fmt.Sprint("q", n), []string{"profiling", "store_view_web", "child_profile"}[n%3], change); a.Code == 200 && a.json()["may_ask"] == true {
				mu.Lock()
				yes++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, yes)

	// two who have read before either wrote, each at a point of its own
	for first, second := range map[string]fields{"email": {"point": point("phone", mobile)}, "phone": {"point": point("email", mail)}} {
		r = newRig(t)
		r.joined()
		between := ""
		r.redis.before = func() { between = r.turn("q2", "store_view_web", second) }
		change := fields{}
		if first == "phone" {
			change["point"] = point("phone", mobile)
		}
		require.Equal(t, "another_purpose", r.turn("q1", "profiling", change), first)
		require.Equal(t, "yes", between, first)
	}
}

// When a person is parted, the point at which they were asked has the question, whichever point took the turn.
func TestAsks_stayAtTheirPoint(t *testing.T) {
	for _, at := range []fields{point("email", mail), point("phone", mobile)} {
		r := newRig(t)
		r.joined()
		require.Equal(t, "yes", r.turn("q1", "profiling", fields{"point": at}))
		clear(r.people)
		require.Equal(t, "cooling_down", r.turn("q2", "profiling", fields{"point": at}), at["namespace"])
	}
}

// What keeps from asking and cannot be read or written down permits no question; the turn is not lost.
func TestAsks_failClosed(t *testing.T) {
	r := newRig(t)
	r.kafka.set(true)
	require.Equal(t, 503, r.asks("q1", "profiling", nil).Code)
	r.kafka.set(false)
	r.pass(time.Minute)
	require.Equal(t, "yes", r.turn("q1", "profiling", nil))
	require.Len(t, r.kafka.decisions(t), 1)
	r.redis.set(true)
	require.Equal(t, 503, r.asks("q2", "personalise", nil).Code)
	r.redis.set(false)
	r.pass(24 * time.Hour)
	lay := fields{"point": point("email", mail), "overlay": "minor"}
	require.Equal(t, 200, r.post("/v1/overlays", "privacy", lay).Code)
	require.Equal(t, "overlay", r.turn("q3", "personalise", nil), "a child is not asked")
	for name, c := range map[string]struct {
		change fields
		reason string
	}{
		"two purposes":        {fields{"purposes": []string{"personalise", "profiling"}}, "not_granular"},
		"unknown purpose":     {fields{"purpose": "fun"}, "unknown_purpose"},
		"no channel":          {fields{"purpose": "marketing"}, "unknown_purpose"},
		"channel of another":  {fields{"purpose": "marketing", "channel": "sms"}, "channel"},
		"no id":               {fields{"id": nil}, "required"},
		"no point":            {fields{"point": nil}, "required"},
		"not of this purpose": {fields{"channel": "email"}, "unknown_purpose"},
	} {
		a := r.asks("q4", "personalise", c.change)
		require.Equal(t, 422, a.Code, name)
		require.Equal(t, c.reason, a.reason(), name)
	}
}
