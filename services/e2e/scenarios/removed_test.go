package scenarios

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// TestNothingOfTheErasedIsLeft (invariant 5, bytes): of somebody who was met in four channels and is erased with every controller no row of ClickHouse
// has an identifier, an id or a leaf once the delay is over, but what is kept to prove and to deny, and nothing is known under their identifiers; the shop sold
// what it sold, and of somebody else nothing is missing.
func TestNothingOfTheErasedIsLeft(t *testing.T) {
	t.Parallel()
	stack.NeedServers(t)
	e := &erasing{
		Stack: stack.Start(t, "--set", "privacy.delay=1s", "--set", "privacy.every=1s", "--set", "privacy.bytes_delay=8s", "--set", "privacy.again=3s"),
		t:     t, who: plant(), other: somebody(),
	}
	for _, table := range []string{"events", "orders", "order_lines", "contacts", "leaf_owners", "profiles", "profile_identifiers", "identity_changes"} {
		for _, statement := range []string{
			"ALTER TABLE rcu." + table + " MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0",
			"DETACH TABLE rcu." + table, // whoever cleans a table sleeps by the settings of before, for up to five minutes
			"ATTACH TABLE rcu." + table,
		} {
			status, body := e.Ask(t, stack.Admin, statement, nil)
			require.Equal(t, http.StatusOK, status, body)
		}
	}
	e.meet()
	e.Settled(t, 2*soon)
	sold, secrets := e.sold(), e.secrets()
	require.Greater(t, len(secrets), 8)
	require.Positive(t, e.inTables(secrets))

	e.overlay(stack.RetailService, false)
	e.overlay(stack.DigitalService, false)
	e.removed()
	require.Zero(t, e.inTables(secrets))
	require.Equal(t, sold, e.sold())
	for _, id := range []stack.Identifier{e.who.emailID(), e.who.cardID()} {
		require.Equal(t, http.StatusNotFound, e.Lookup(t, stack.Service, id, "contract").Status)
	}
	require.Equal(t, "Dominique", known(t, e.Stack, e.other.cardID(), bought(1000, 0, 1)).Traits["given_name"].Value)
}

// sold is what the shop sold.
func (e *erasing) sold() string {
	e.t.Helper()
	status, body := e.Ask(e.t, stack.Admin, "SELECT controller, type, count(), sum(amount) FROM rcu.orders FINAL GROUP BY ALL ORDER BY ALL", nil)
	require.Equal(e.t, http.StatusOK, status, body)
	return body
}

// secrets are the ids, pseudonyms and leaves of the person, as tables have them. Devices decided about unification, which stays.
func (e *erasing) secrets() (out []string) {
	e.t.Helper()
	r := e.Lookup(e.t, stack.Service, e.who.cardID(), "contract")
	for _, row := range e.Query(e.t, stack.Admin, `SELECT DISTINCT rcu_id AS x FROM rcu.profiles WHERE rcu_id = {name:String}
		UNION DISTINCT SELECT pseudonym FROM rcu.profile_identifiers WHERE rcu_id = {name:String} AND namespace NOT IN ('cookie', 'device')
		UNION DISTINCT SELECT toString(leaf) FROM rcu.events WHERE rcu_id = {name:String}`, map[string]string{"name": r.RCUID}) {
		out = append(out, row.Text("x"))
	}
	return out
}

// inTables counts the rows that hold any of some texts; the tables of proofs are left out.
func (e *erasing) inTables(secrets []string) (n int) {
	e.t.Helper()
	rows := e.Query(e.t, stack.Admin, "SELECT name FROM system.tables WHERE database = 'rcu' AND engine LIKE '%MergeTree' AND name NOT IN ('consents', 'contact_steps')", nil)
	require.Greater(e.t, len(rows), 8)
	for _, r := range rows {
		status, body := e.Ask(e.t, stack.Admin, "SELECT * FROM rcu."+r.Text("name")+" SETTINGS apply_deleted_mask = 0 FORMAT JSONEachRow", nil)
		require.Equal(e.t, http.StatusOK, status, body)
		for _, x := range secrets {
			if strings.Contains(body, x) {
				e.t.Logf("%s is in %s", x, r.Text("name"))
				n++
			}
		}
	}
	return n
}

// removed waits until the ledger says that nothing is left.
func (e *erasing) removed() {
	e.t.Helper()
	round := time.NewTicker(time.Second) // as the service has it, and a process each time
	defer round.Stop()
	stack.Eventually(e.t, 4*soon, "everything is removed", func() error {
		<-round.C
		out, err := e.Command(e.t, "--json", "erasure", "status", "--config", filepath.Join(e.Dir, "rcu.yaml"))
		var said struct{ Bytes map[string]int }
		if err == nil {
			err = json.Unmarshal([]byte(out), &said)
		}
		if err == nil && (said.Bytes["waiting"] > 0 || said.Bytes["removed"] < 10) {
			_, clickhouse := e.Ask(e.t, stack.Admin, atWork, nil)
			err = fmt.Errorf("%v: %s", said.Bytes, clickhouse)
		}
		return err
	})
}

// atWork is what ClickHouse has to do yet before the bytes of deleted rows are gone.
const atWork = `SELECT (SELECT count() FROM system.mutations WHERE NOT is_done) AS mutations,
	(SELECT groupArray((table, name, toString(remove_time), removal_state)) FROM system.parts WHERE NOT active AND database = 'rcu') AS files FORMAT JSONEachRow`
