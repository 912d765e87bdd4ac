package containers

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/e2e/stack"
)

const soon = 2 * time.Minute

func TestServicesOnThreeContainers(t *testing.T) {
	engine(t)
	clickHouse := loginTo(startClickHouse(t), "rcu")
	s := stack.Start(t, "--kafka", startKafka(t), "--redis", startRedis(t), "--clickhouse", clickHouse)
	s.GivenClickHouse = clickHouse
	require.Empty(t, s.Embedded)
	card, mail, account := stack.Proved("card", "2991234567895"), stack.ID("email", "containers@example.com"), stack.Proved("customer", "C-1")
	at := time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, stack.Event{ID: "c1", Type: "sale", OccurredAt: at, Identifiers: []stack.Identifier{card, mail}, Data: stack.Euros(1000)})
	s.Send(t, stack.Shop, stack.Event{
		ID: "c2", Type: "order.placed", OccurredAt: at.Add(time.Minute), Data: stack.Euros(500),
		Identifiers: []stack.Identifier{account, stack.Proved("email", "containers@example.com"), stack.ID("order", "W-1")},
	})
	var r stack.Reading
	stack.Eventually(t, soon, "both channels are one record", func() error {
		r = s.Lookup(t, stack.Service, card, "contract")
		if r.Status != http.StatusOK || len(r.Spend) != 2 {
			return fmt.Errorf("the API answered %d: %s", r.Status, r.Body)
		}
		return nil
	})
	stack.Eventually(t, soon, "ClickHouse knows both", func() error {
		rows := s.Query(t, stack.Admin, "SELECT sum(orders) AS n FROM customer_360 WHERE rcu_id = {id:String}", map[string]string{"id": r.RCUID})
		if len(rows) != 1 || rows[0].Int("n") != 2 {
			return fmt.Errorf("%v", rows)
		}
		return nil
	})
	s.Restart(t)
	require.Equal(t, r.Body, s.Lookup(t, stack.Service, card, "contract").Body)
	for range 2 {
		roles(t, s)
	}
}

// comments of a file of SQL.
var comments = regexp.MustCompile(`(?m)^--.*$`)

// roles runs deploy/clickhouse/roles.sql on the schema that the services made. A server without SQL access control refuses such
// statements (code 514): there each is parsed, and what it grants must be there.
func roles(t *testing.T, s *stack.Stack) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(testkit.Root(t), "deploy", "clickhouse", "roles.sql"))
	require.NoError(t, err)
	var views []string
	parsed := 0
	for text := range strings.SplitSeq(comments.ReplaceAllString(string(file), ""), ";") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, view, ok := strings.Cut(text, " ON rcu."); ok {
			views = append(views, strings.Fields(view)[0])
		}
		if parsed == 0 {
			status, body := s.Ask(t, stack.Admin, text, nil)
			if status == http.StatusOK {
				continue
			}
			require.Contains(t, body, "Code: 514.", text) // what comes after builds on it
		}
		rows := s.Query(t, stack.Admin, "SELECT formatQuery({q:String}) AS q", map[string]string{"q": strings.Join(strings.Fields(text), " ")})
		require.NotEmpty(t, rows[0].Text("q"))
		parsed++
	}
	require.ElementsMatch(t, []string{"customer_360", "customer_timeline", "identity_quality", "orders_by_channel", "sends_without_permission", "suppressed_topics"}, views)
	for _, view := range views {
		s.Query(t, stack.Admin, "SELECT count() AS n FROM "+view, nil)
	}
	t.Logf("roles.sql: %d statements were parsed and not run", parsed)
}
