package scenarios

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

// A Redis that is being filled answers, and lacks grants and refusals: tills are served, browsing waits until the state is whole and is judged by that.
func TestWhileRedisIsFilledNothingIsCollectedByHalfOfIt(t *testing.T) {
	stack.NeedServers(t)
	redis := testkit.StartRedisIn(t, t.TempDir())
	clickHouse := testkit.ClickHouse(t)
	s := stack.Start(t, "--kafka", testkit.Kafka(t)[0], "--redis", redis.Addr(), "--clickhouse", clickHouse)
	s.GivenClickHouse = clickHouse
	granted, refused := somebody(), somebody()
	at := time.Now().Add(-time.Hour)
	for _, p := range []person{granted, refused} {
		s.Send(t, stack.Shop, decided(at, stack.Grant(p.cookieID(), "unify_behaviour")), viewed(at.Add(time.Minute), p, p.accountID(), p.cookieID()))
		showsViews(t, s, p, 1)
	}

	c, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{redis.Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.NoteRebuilding(t.Context(), map[string]string{"of": "test"}))
	s.Send(t, stack.TillParis, sale(at.Add(2*time.Minute), 1000, granted.cardID(), granted.accountID()))
	for _, p := range []person{granted, refused} {
		a := s.Post(t, stack.Shop, viewed(at.Add(3*time.Minute), p, p.accountID(), p.cookieID()))
		require.Equal(t, 1, a.Accepted, "browsing is held: %s", a.Body)
		require.Contains(t, a.Body, `"held":true`)
	}
	s.Send(t, stack.Shop, decided(at.Add(4*time.Minute), stack.Withdraw(refused.cookieID(), "unify_behaviour")))
	require.Equal(t, 503, s.Lookup(t, stack.Service, granted.accountID(), "contract").Status)

	stack.Eventually(t, soon, "the judge asks and gets no answer", func() error {
		if m := s.Metrics(t); !strings.Contains(m, `rcu_ingestor_judge_registers_total{operation="load",result="not_whole",service="judge"}`) {
			return errors.New("it has not asked yet")
		}
		return nil
	})
	for _, outcome := range []string{"published", "dropped"} {
		require.Contains(t, s.Metrics(t), `rcu_ingestor_judged_total{outcome="`+outcome+`",service="judge"} 0`)
	}

	require.NoError(t, c.EndRebuilding(t.Context()))
	showsViews(t, s, granted, 2)
	noViews(t, s, refused)
	known(t, s, granted.accountID(), bought(1000, 0, 1))
}
