package consentapi_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// granted is a rig with a grant that holds, a minute ago.
func granted(t testing.TB) *rig {
	t.Helper()
	r := newRig(t)
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	require.True(t, r.mailing())
	r.pass(time.Minute)
	return r
}

func (r *rig) withdrawals() (n int) {
	r.t.Helper()
	for _, d := range r.kafka.decisions(r.t) {
		if d.GetDecision() == "withdraw" {
			n++
		}
	}
	return n
}

func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	require.Eventually(r.t, ok, 5*time.Second, 5*time.Millisecond, what)
}

// Kafka away: a denial is in force before its answer and waits on disk, a grant is not taken; back, Kafka gets the denial.
func TestKafkaAway(t *testing.T) {
	r := granted(t)
	r.kafka.set(true)
	a := r.post("/v1/consents", "service", withdrawal(nil))
	require.Equal(t, 200, a.Code, a.Body)
	require.Equal(t, fields{"in_force": true, "durable": false, "journal": true}, a.json()["stands"])
	require.False(t, r.mailing())
	r.pass(time.Minute)
	a = r.post("/v1/consents", "service", grant(nil))
	require.Equal(t, 503, a.Code)
	require.Equal(t, "kafka_unavailable", a.reason())
	require.False(t, r.mailing(), "nothing was granted")
	r.kafka.set(false)
	r.run()
	r.eventually("kafka has the denial", func() bool { return r.withdrawals() == 1 })
	r.eventually("nothing waits", func() bool { raw, _ := os.ReadFile(r.journal); return len(raw) == 0 })
	require.False(t, r.mailing())
}

// Redis away: a denial is not in force and says so; it waits on disk, Kafka has it, and it is in force when Redis is back. A grant counts once
// Kafka has it, and permits nothing until it stands in the register.
func TestRedisAway(t *testing.T) {
	r := granted(t)
	r.redis.set(true)
	a := r.post("/v1/consents", "service", withdrawal(nil))
	require.Equal(t, 503, a.Code)
	require.Equal(t, "not_in_force_yet", a.reason())
	require.Equal(t, "1", a.Header().Get("Retry-After"))
	require.Equal(t, 1, r.withdrawals(), "kafka has it all the same")
	require.Equal(t, 503, r.post("/v1/consents/history", "adviser", fields{"point": point("email", mail)}).Code)
	g := r.post("/v1/consents", "service", grant(fields{"point": point("email", "new@example.com")}))
	require.Equal(t, 200, g.Code)
	require.Equal(t, fields{"in_force": false, "durable": true, "journal": false}, g.json()["stands"])
	require.False(t, r.allowed(identifier.Email, "new@example.com", "retail", consent.Marketing, "email"))
	r.redis.set(false)
	r.run()
	r.eventually("in force", func() bool { return !r.mailing() })
}

// What waits in the journal goes on waiting while either of the two is away, however often it is tried.
func TestReplay_whileOneIsAway(t *testing.T) {
	for name, away := range map[string]func(*rig, bool){
		"redis": func(r *rig, is bool) { r.redis.set(is) }, "kafka": func(r *rig, is bool) { r.kafka.set(is) },
	} {
		t.Run(name, func(t *testing.T) {
			r := granted(t)
			away(r, true)
			r.post("/v1/consents", "service", withdrawal(nil))
			r.run()
			r.eventually("tried again and again", func() bool { return r.logs.FilterMessage("denials still wait in the journal").Len() > 2 })
			raw, err := os.ReadFile(r.journal)
			require.NoError(t, err)
			require.NotEmpty(t, raw)
			away(r, false)
			r.eventually("in force", func() bool { return !r.mailing() })
			r.eventually("on kafka", func() bool { return r.withdrawals() > 0 })
			r.eventually("nothing waits", func() bool { raw, _ := os.ReadFile(r.journal); return len(raw) == 0 })
		})
	}
}

// Kafka away, and Redis comes back without its last seconds: what the journal alone has is in force again, all of it, before Kafka is back.
func TestReplay_redisForgetsWhatKafkaHasNot(t *testing.T) {
	r := newRig(t)
	others := []fields{{"point": point("email", "n1@example.com")}, {"point": point("email", "n2@example.com")}}
	for _, who := range append(others, nil) {
		require.Equal(t, 200, r.post("/v1/consents", "service", grant(who)).Code)
	}
	r.pass(time.Minute)
	mailing := func() (n int) {
		for _, value := range []string{mail, "n1@example.com", "n2@example.com"} {
			if r.allowed(identifier.Email, value, "retail", consent.Marketing, consent.ChannelEmail) {
				n++
			}
		}
		return n
	}
	require.Equal(t, 3, mailing())
	r.kafka.set(true)
	forget := r.redis.Save()
	for _, who := range append(others, nil) {
		require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(who)).Code)
	}
	require.Zero(t, mailing())
	forget()
	require.Equal(t, 3, mailing())
	r.epoch.Add(1)
	r.run()
	r.eventually("in force", func() bool { return mailing() == 0 })
	r.eventually("tried", func() bool { return r.logs.FilterMessage("denials still wait in the journal").Len() > 1 })
	forget()
	r.epoch.Add(1)
	r.eventually("in force", func() bool { return mailing() == 0 })
	require.Zero(t, r.withdrawals())
	r.kafka.set(false)
	r.eventually("nothing waits", func() bool { raw, _ := os.ReadFile(r.journal); return len(raw) == 0 })
	require.Equal(t, 3, r.withdrawals())
	require.Zero(t, mailing())
}

// Redis forgets a denial while Kafka takes it: whoever finds out how far Kafka went before does not wait for it, so it stays in the journal until it is in force
// on the server that is there.
func TestReplay_redisForgetsMeanwhile(t *testing.T) {
	for when, away := range map[string]bool{"while it is answered": false, "while it is replayed": true} {
		t.Run(when, func(t *testing.T) {
			r := granted(t)
			forget := r.redis.Save()
			r.kafka.before = func() { forget(); r.epoch.Add(1) }
			r.kafka.set(away)
			require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(nil)).Code)
			require.Equal(t, !away, r.mailing())
			r.kafka.set(false)
			r.run()
			r.eventually("in force", func() bool { return r.withdrawals() > 0 && !r.mailing() })
			r.eventually("nothing waits", func() bool { raw, _ := os.ReadFile(r.journal); return len(raw) == 0 })
			require.Equal(t, 1, r.withdrawals())
			require.False(t, r.mailing())
		})
	}
}

// With Redis away Kafka is told once, however long it takes.
func TestReplay_tellsKafkaOnce(t *testing.T) {
	r := granted(t)
	r.redis.set(true)
	require.Equal(t, 503, r.post("/v1/consents", "service", withdrawal(nil)).Code)
	sent := len(r.kafka.sent())
	r.run()
	r.eventually("tried again and again", func() bool { return r.logs.FilterMessage("denials still wait in the journal").Len() > 2 })
	require.Len(t, r.kafka.sent(), sent)
}

// A journal without room: a denial that Kafka has not is not answered as one, and Kafka is asked although it was away.
func TestJournalWithoutRoom(t *testing.T) {
	r := newRig(t)
	r.room = 4096
	r.start()
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	r.pass(time.Minute)
	r.kafka.set(true)
	full := false
	for n := 0; n < 100 && !full; n++ {
		full = r.post("/v1/consents", "service", withdrawal(fields{"point": point("email", fmt.Sprintf("n%d@example.com", n))})).Code == 503
	}
	require.True(t, full, "what stands in Redis alone is not answered")
	r.kafka.set(false)
	a := r.post("/v1/consents", "service", withdrawal(nil))
	require.Equal(t, 200, a.Code, a.Body)
	require.Equal(t, fields{"in_force": true, "durable": true, "journal": false}, a.json()["stands"])
	require.False(t, r.mailing())
	require.Equal(t, 1, r.withdrawals())
}

// A crash at any point between disk, Redis and Kafka: the next process puts everything right.
func TestCrashBetweenTheWrites(t *testing.T) {
	for name, c := range map[string]struct{ redis, kafka bool }{
		"before redis": {true, true}, "between redis and kafka": {false, true}, "between kafka and redis": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := granted(t)
			r.redis.set(c.redis)
			r.kafka.set(c.kafka)
			r.post("/v1/consents", "service", withdrawal(nil))
			r.redis.set(false)
			r.kafka.set(false)
			r.start() // the process is gone; another one opens the journal
			require.Equal(t, c.redis, r.mailing())
			r.run()
			r.eventually("in force", func() bool { return !r.mailing() })
			r.eventually("on kafka", func() bool { return r.withdrawals() == 1 })
			r.eventually("nothing waits", func() bool { raw, _ := os.ReadFile(r.journal); return len(raw) == 0 })
		})
	}
}

// Denials and grants of many at once: every denial that was answered stands, whoever else wrote the register meanwhile.
func TestManyAtOnce(t *testing.T) {
	r := granted(t)
	var wg sync.WaitGroup
	for _, purpose := range []string{"profiling", "personalise", "store_view_web", "geoloc", "email_open_tracking", "unify_core", "analytics_individual", "beacon_presence"} {
		wg.Go(func() {
			if a := r.post("/v1/consents", "service", withdrawal(fields{"purpose": purpose, "channel": ""})); a.Code != 200 {
				t.Errorf("%s: %d %s", purpose, a.Code, a.Body)
			}
		})
	}
	wg.Wait()
	for _, p := range []consent.Purpose{consent.UnifyCore, consent.AnalyticsIndividual} {
		require.False(t, r.allowed(identifier.Email, mail, "retail", p, ""), p)
	}
	require.True(t, r.mailing(), "nobody withdrew that")
	require.Equal(t, 8, r.withdrawals())
}

// Somebody else writes the register between reading and writing: both decisions stand.
func TestLostRace(t *testing.T) {
	r := granted(t)
	r.redis.before = func() {
		require.Equal(t, 200, r.post("/v1/consents", "seller", withdrawal(fields{"purpose": "unify_core", "channel": "", "decision": "object"})).Code)
	}
	require.Equal(t, 200, r.post("/v1/consents", "service", withdrawal(nil)).Code)
	require.False(t, r.mailing())
	require.False(t, r.allowed(identifier.Email, mail, "retail", consent.UnifyCore, ""))
}

// Nothing personal stands in logs, in the journal, in the keys of Kafka or in a refusal.
func TestNothingPersonalLeaks(t *testing.T) {
	r := granted(t)
	r.kafka.set(true)
	r.post("/v1/consents", "service", withdrawal(nil))
	r.redis.set(true)
	r.post("/v1/consents", "service", withdrawal(nil))
	r.post("/v1/consents", "service", grant(nil))
	r.post("/v1/consents", "service", grant(fields{"purpose": mail}))
	raw, err := os.ReadFile(r.journal)
	require.NoError(t, err)
	require.NotEmpty(t, raw)
	require.NotContains(t, strings.ToLower(string(raw)), "durand")
	require.NotZero(t, r.logs.Len())
	for _, e := range r.logs.All() {
		require.NotContains(t, strings.ToLower(e.Message), "durand")
		for _, v := range e.ContextMap() {
			if s, ok := v.(string); ok {
				require.NotContains(t, strings.ToLower(s), "durand")
			}
		}
	}
	for _, record := range r.kafka.records {
		require.NotContains(t, strings.ToLower(string(record.Key)+string(record.Value)), "durand")
	}
}
