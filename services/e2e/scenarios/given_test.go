package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

func TestServersThatAreGivenAreUsed(t *testing.T) {
	clickHouse := testkit.ClickHouse(t)
	s := stack.Start(t, "--kafka", testkit.Kafka(t)[0], "--redis", testkit.Redis(t), "--clickhouse", clickHouse)
	s.GivenClickHouse = clickHouse
	require.Empty(t, s.Embedded)
	require.NoDirExists(t, s.Dir+"/kafka")
	p := somebody()
	s.Send(t, stack.TillParis, sale(time.Now().Add(-time.Hour), 1000, p.cardID(), p.emailID()))
	r := known(t, s, p.emailID(), bought(1000, 0, 1))
	inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 1000, "tickets": 1}))
	s.Restart(t)
	require.Equal(t, r.Body, s.Lookup(t, stack.Service, p.emailID(), "contract").Body)
}
