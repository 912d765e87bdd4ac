package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/ingest"
	"rcu/services/internal/whole"
)

// state is what a guard says of Redis: whole, or not from the n-th question on.
type state struct {
	asked, bad atomic.Int64 // bad is that n; 0: never
	err        error
}

func (s *state) Whole(ctx context.Context) (context.Context, error) {
	if n, bad := s.asked.Add(1), s.bad.Load(); bad > 0 && n >= bad {
		return ctx, s.err
	}
	return ctx, nil
}

func (s *state) lostAt(n int64) {
	s.asked.Store(0)
	s.bad.Store(n)
}

// A Redis that came back without its last seconds, or is being filled, shows a grant without the refusal after it, or nothing at all: browsing is held, and a
// sale goes on without its device. Redis is there all the same: what denies is in force at once.
func TestHalfAState_collectsNothingByIt(t *testing.T) {
	order := `{"id":"o1","type":"order.placed","occurred_at":"` + at11 + `","identifiers":[{"namespace":"customer","value":"C1"},{"namespace":"cookie","value":"ck1"}],"data":{"total":{"amount":1,"currency":"EUR"}}}`
	for name, why := range map[string]error{"lost": stateredis.ErrNotWhole, "behind": fmt.Errorf("asking: %w", whole.ErrBehind)} {
		for when, n := range map[string]int64{"before it is read": 1, "while it is read": 2} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := &state{err: why}
				r := newRig(t, "web", func(_ *ingest.Config, d *ingest.Deps) { d.Whole = s.Whole })
				r.send("web-1", list(decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10), decision("g2", "cookie", "ck2", "unify_behaviour", "grant", at10)))

				s.lostAt(n)
				require.Equal(t, "accepted accepted:held", statuses(r.send("web-1", list(order, page("p", "ck1", at11)))))
				require.Len(t, r.events(stream.TopicEventsWeb)[0].GetIdentifiers(), 1)
				r.heldAre("ck1", 1)
				s.lostAt(n)
				require.Equal(t, http.StatusOK, r.do(r.request("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", at11))).Code)
				denied, err := consent.DecodeRegister(r.register(identifier.Cookie, "ck1").Value)
				require.NoError(t, err)
				require.False(t, denied.AllowedAt(consent.UnifyBehaviour, "", seconds(t, at11)+1))

				s.lostAt(0)
				require.Equal(t, "dropped:consent accepted", statuses(r.send("web-1", list(page("q", "ck1", at11), page("q2", "ck2", at11)))), "at once: it was never away")
				require.Contains(t, r.metrics(), `rcu_ingestor_registers_total{channel="web",operation="load",result="not_whole"} 2`)
				require.NotContains(t, r.logs.String(), "registers are away")
			})
		}
	}
}

// What was held is judged by a state that is whole.
func TestHeld_isNotJudgedByHalfAState(t *testing.T) {
	dir := t.TempDir()
	redis := testkit.StartRedisIn(t, dir)
	l := newLive(t, "web", redis.Addr(), testkit.Kafka(t))
	l.join()
	s := &state{err: whole.ErrBehind}
	s.lostAt(1)
	metrics, _ := l.judge(func(d *ingest.JudgeDeps) { d.Whole = s.Whole })
	l.answers("accepted", decision("g", "cookie", "yes", "unify_behaviour", "grant", ago(time.Hour)))
	redis.Kill()
	l.answers("accepted:held", page("granted", "yes", ago(time.Minute)))
	restart(t, dir, redis.Addr())
	require.Eventually(t, func() bool { return s.asked.Load() > 3 }, 20*time.Second, 20*time.Millisecond)
	require.Zero(t, judged(t, metrics, "published")+judged(t, metrics, "dropped"))
	s.lostAt(0)
	require.Eventually(t, func() bool { return judged(t, metrics, "published") == 1 }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, map[string]int{"granted": 1}, l.views())
}
