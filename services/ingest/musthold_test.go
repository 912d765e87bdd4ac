package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// Bad decisions of events: a clear error that names the field, and nothing granted, to anybody.
func TestBadDecisions_grantNothing(t *testing.T) {
	grant := func(change ...string) string {
		return strings.NewReplacer(change...).Replace(decision("g", "email", "marie@example.org", "unify_behaviour", "grant", at10))
	}
	for name, c := range map[string]struct{ body, reason, field string }{
		"unknown purpose":             {grant("unify_behaviour", "world_peace"), "bad_form", "/consent/0/purpose"},
		"refused use":                 {grant("unify_behaviour", "sell_data"), "bad_form", "/consent/0/purpose"},
		"purpose that nobody decides": {grant("unify_behaviour", "contract"), "bad_form", "/consent/0/purpose"},
		"decision in the future":      {grant(`"decision":"grant"`, `"decision":"grant","decided_at":"2026-03-20T10:00:00Z"`), "in_future", "/consent/0/decided_at"},
		"grant without an act":        {grant(`,"act":"banner"`, ""), "notice_required", "/consent/0/act"},
		"grant without a notice":      {grant(`,"notice":{"id":"n1","version":"3","language":"fr"}`, ""), "notice_required", "/consent/0/notice"},
		"about nobody":                {grant("marie@example.org", "null"), "not_an_identifier", "/consent/0/point/value"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "web", nil)
			a := r.send("web-1", c.body)
			require.Equal(t, "rejected:"+c.reason, statuses(a))
			require.Equal(t, c.field, a.Results[0].Field)
			require.NotEmpty(t, a.Results[0].Fix)
			require.Empty(t, r.decisions())
		})
	}
}

// Whatever an event says about a controller, its decisions count for that of its source alone.
func TestDecision_forAnotherController_countsForItsOwn(t *testing.T) {
	r := newRig(t, "web", nil)
	body := strings.Replace(decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10), `"purpose"`, `"controller":"spa-fr","purpose"`, 1)
	r.send("web-1", body)
	require.Equal(t, "shop-fr", r.decisions()[0].GetController())
	p := r.pseudonym(identifier.Cookie, "ck1")
	cells, err := r.cells.Cells.LoadCells(t.Context(), []string{resolve.ConsentCell("group", "spa-fr", identifier.KeyOf(identifier.Cookie, p))})
	require.NoError(t, err)
	require.Empty(t, cells[0].Value)
	require.Contains(t, r.metrics(), `rcu_ingestor_dropped_fields_total{channel="web"} 1`)
}

// What was granted and withdrawn is not granted again by sending the old grant again: as it was, or under another id.
func TestReplayedGrant_grantsNothing(t *testing.T) {
	r := newRig(t, "web", nil)
	grant := decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10)
	r.send("web-1", grant)
	r.send("web-1", decision("w", "cookie", "ck1", "unify_behaviour", "withdraw", at11))
	for i, again := range []string{grant, strings.Replace(grant, `"id":"g"`, `"id":"g2"`, 1), seen("s", "ck1", at10, tcfDay)} {
		r.send("web-1", again)
		require.Equal(t, "dropped:consent", statuses(r.send("web-1", page(fmt.Sprint("p", i), "ck1", late))))
	}
	require.False(t, r.held(identifier.Cookie, "ck1").AllowedAt(consent.UnifyBehaviour, "", received.Unix()))
}

// Nor by sending it with another time under the id that it had. It is a repetition, and the first time holds; where Redis was away meanwhile it
// lies on Kafka and decides nothing there either.
func TestGrantOfAnotherTime_grantsNothing(t *testing.T) {
	r := newRig(t, "web", nil)
	r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", at10))
	r.send("web-1", decision("w", "cookie", "ck1", "unify_behaviour", "withdraw", at11))
	again := decision("g", "cookie", "ck1", "unify_behaviour", "grant", late)
	require.Equal(t, "accepted", statuses(r.send("web-1", again)))
	require.Len(t, r.decisions(), 2, "it is known")
	require.Equal(t, "dropped:consent", statuses(r.send("web-1", page("p1", "ck1", late))))
	require.Equal(t, "accepted", statuses(r.send("web-1", decision("g3", "cookie", "ck1", "unify_behaviour", "grant", late))))
	require.Equal(t, "accepted", statuses(r.send("web-1", page("p2", "ck1", late))), "an act of its own")
	r.cells.away.Store(true)
	require.Equal(t, "accepted", statuses(r.send("web-1", again)))
	require.Len(t, r.decisions(), 4)
	var register consent.Register
	register, _ = register.JoinAll(slices.Delete(r.decisions(), 2, 3)...)
	require.False(t, register.AllowedAt(consent.UnifyBehaviour, "", received.Unix()))
}
