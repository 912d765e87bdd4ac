package scenarios

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

func TestWithRedisAwayTillsAreServedAndNothingOptionalHappens(t *testing.T) {
	stack.NeedServers(t)
	dir := t.TempDir()
	redis := testkit.StartRedisIn(t, dir)
	clickHouse := testkit.ClickHouse(t)
	s := stack.Start(t, "--kafka", testkit.Kafka(t)[0], "--redis", redis.Addr(), "--clickhouse", clickHouse)
	s.GivenClickHouse = clickHouse
	p := somebody()
	at := time.Now().Add(-time.Hour)
	s.Send(t, stack.Shop, decided(at, stack.Grant(p.cookieID(), "unify_behaviour")))
	s.Send(t, stack.Shop, viewed(at.Add(time.Minute), p, p.accountID(), p.cookieID()))
	showsViews(t, s, p, 1)
	other := somebody()
	work := desksOf(t, s, other)

	redis.Kill()
	work.sayTryAgain(t, s, other)
	s.Send(t, stack.TillParis, sale(at.Add(2*time.Minute), 1000, p.cardID(), p.accountID()))
	a := s.Post(t, stack.Shop, viewed(at.Add(3*time.Minute), p, p.accountID(), p.cookieID()))
	require.Equal(t, 1, a.Accepted, "browsing is held until consent can be read: %s", a.Body)
	require.Contains(t, a.Body, `"held":true`)
	require.Equal(t, 503, s.Lookup(t, stack.Service, p.accountID(), "contract").Status)
	withdrawal := decided(at.Add(4*time.Minute), stack.Withdraw(p.cookieID(), "unify_behaviour"))
	require.Equal(t, 503, s.Post(t, stack.Shop, withdrawal).Status, "a denial is answered once it is in force")

	_, port, err := net.SplitHostPort(redis.Addr())
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	again, err := embedded.StartRedis(t.Context(), embedded.RedisConfig{Dir: dir, Port: number})
	require.NoError(t, err)
	t.Cleanup(again.Kill)
	stack.Eventually(t, soon, "the withdrawal is taken when it is sent again", func() error {
		if a := s.Post(t, stack.Shop, withdrawal); a.Accepted != 1 {
			return errorOf(a)
		}
		return nil
	})
	work.goOn(t, s)
	noViews(t, s, p)
	r := known(t, s, p.accountID(), bought(1000, 0, 1))
	inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 1000, "tickets": 1}))
	inClickHouse(t, s, rowsOf, r.RCUID, is(map[string]int64{"events": 1, "browsing": 0}))
}
