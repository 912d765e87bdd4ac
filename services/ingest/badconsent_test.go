package ingest_test

// Bad decisions, wherever they come from: with an event of a channel (here), as TCF strings cut at every byte (TestTCF_cutAtEveryByte_grantsNothing), at
// the consent API (consentapi: TestBadInputGrantsNothing, TestRow9_controllers, TestReceipts).

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// TestConsent_badInput_isNamedAndGrantsNothing: a decision that comes with an event of a channel is refused by the field that is wrong, and nothing is
// granted by it, told of it, or kept of it.
func TestConsent_badInput_isNamedAndGrantsNothing(t *testing.T) {
	const mail = "marie@example.org"
	good := map[string]string{
		"point": `{"namespace":"email","value":"` + mail + `"}`, "purpose": `"marketing"`, "channel": `"email"`, "decision": `"grant"`, "act": `"web_form"`,
		"notice": `{"id":"n1","version":"1","language":"fr"}`,
	}
	for name, c := range map[string]struct {
		field, value string // what is sent instead; empty: nothing
		where        string // what the answer names
	}{
		"unknown purpose":               {"purpose", `"fun"`, "purpose"},
		"a refused use":                 {"purpose", `"sell_data"`, "purpose"},
		"nobody decides":                {"purpose", `"contract"`, "purpose"},
		"no purpose":                    {"purpose", ``, "purpose"},
		"no channel":                    {"channel", ``, "channel"},
		"channel of another purpose":    {"channel", `"carrier_pigeon"`, "channel"},
		"unknown decision":              {"decision", `"perhaps"`, "decision"},
		"a grant that waits for a link": {"decision", `"pending"`, "decision"},
		"decided more than a day ahead": {"decided_at", `"2026-03-16T12:00:00Z"`, "decided_at"},
		"decided at no time":            {"decided_at", `"yesterday"`, "decided_at"},
		"a grant without the act":       {"act", ``, "act"},
		"a grant without the notice":    {"notice", ``, "notice"},
		"about nobody":                  {"point", `{"namespace":"email","value":"nobody"}`, "point/value"},
		"about no point":                {"point", ``, "point"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "web", nil)
			fields := []string{}
			for field, value := range good {
				if field != c.field {
					fields = append(fields, fmt.Sprintf("%q:%s", field, value))
				}
			}
			if c.value != "" {
				fields = append(fields, fmt.Sprintf("%q:%s", c.field, c.value))
			}
			a := r.send("web-1", `{"id":"d1","type":"consent.decided","occurred_at":"`+at11+`","consent":[{`+strings.Join(fields, ",")+`}]}`)
			require.Len(t, a.Results, 1)
			got := a.Results[0]
			require.Equal(t, "rejected", got.Status, "%+v", got)
			require.Equal(t, "/consent/0/"+c.where, got.Field, "%+v", got)
			require.NotEmpty(t, got.Reason)
			require.NotEmpty(t, got.Fix)
			require.NotContains(t, fmt.Sprint(got), "marie")
			require.Empty(t, r.producer.of(stream.TopicConsents))
			require.True(t, r.registerOf("shop-fr", mail).Empty())
		})
	}
}

// TestConsent_forAnotherController_grantsItNothing: a source tells what its own controller was told, whatever an event says.
func TestConsent_forAnotherController_grantsItNothing(t *testing.T) {
	const mail = "marie@example.org"
	r := newRig(t, "web", nil)
	grant := decision("d1", "email", mail, "profiling", "grant", at11)
	r.send("web-1", strings.Replace(grant, `"purpose"`, `"controller":"spa-fr","purpose"`, 1))
	r.send("web-1", strings.Replace(grant, `"type"`, `"controller":"spa-fr","type"`, 1))
	for _, d := range r.decisions() {
		require.Equal(t, "shop-fr", d.GetController())
	}
	require.True(t, r.registerOf("spa-fr", mail).Empty())
}

// registerOf is what is decided about an address with a controller.
func (r *rig) registerOf(controller, mail string) consent.Register {
	r.t.Helper()
	k := identifier.KeyOf(identifier.Email, r.pseudonym(identifier.Email, mail))
	cells, err := r.cells.Cells.LoadCells(r.t.Context(), []string{resolve.ConsentCell("group", controller, k)})
	require.NoError(r.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(r.t, err)
	return register
}
