package consentapi_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shopping collects an order that changes, two tickets, returns of both and a sale that its till takes back.
func (r *rig) shopping() {
	r.t.Helper()
	fact := func(id, typ, at, references, data string) {
		r.collect("retail", `{"id":"`+id+`","type":"`+typ+`","version":1,"occurred_at":"2026-03-`+at+`:00Z","identifiers":[{"namespace":"email","value":"`+mail+
			`","proved":true}`+references+`],"data":`+data+`}`)
	}
	number := func(ns, value string) string {
		return `,{"namespace":"` + ns + `","value":"` + value + `","scope":"lyon-1"}`
	}
	total := func(amount string) string { return `{"total":{"amount":` + amount + `,"currency":"EUR"}}` }
	fact("s-1", "order.state_changed", "12T11:00", number("order", "A-78"), `{"state":"ready","store":"lyon-1","pieces":[{"sku":"COAT-1","number":1,"state":"ready"}]}`)
	fact("o-2", "order.placed", "12T10:00", number("order", "A-78"), `{"total":{"amount":9900,"currency":"EUR"},"fulfilment":"collect","collect_store":"lyon-1"}`)
	r.channel = eventpb.Channel_CHANNEL_STORE
	fact("t-1", "sale", "13T09:00", number("ticket", "0101"), total("5000"))
	fact("t-2", "sale", "13T09:05", number("ticket", "0102"), total("700"))
	fact("t-3", "return", "13T18:00", number("ticket", "0101"), total("2000"))
	fact("t-4", "return", "13T18:30", "", total("300"))
	fact("t-5", "event.retracted", "13T19:00", number("ticket", "0102"), `{"id":"t-2","type":"sale","reason":"wrong_customer"}`)
	r.channel = 0
}

// The file of a record holds every order, sale and return with its numbers, those taken back as such, and what purchases permit.
func TestRecord_listsSales(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	r.shopping()
	r.sold(r.key(identifier.Email, mail), time.Date(2026, 3, 13, 9, 0, 0, 0, time.UTC))
	f := r.file(session)
	type row struct {
		kind, order, ticket string
		amount              float64
		retracted           bool
	}
	var got []row
	for _, x := range f["sales"].([]any) {
		s := x.(fields)
		order, _ := s["order"].(string)
		ticket, _ := s["ticket"].(string)
		retracted, _ := s["retracted"].(bool)
		got = append(got, row{s["type"].(string), order, ticket, s["total"].(fields)["amount"].(float64), retracted})
	}
	require.Equal(t, []row{
		{"return", "", "", 300, false},
		{"return", "", "0101", 2000, false},
		{"sale", "", "", 700, true},
		{"sale", "", "0101", 5000, false},
		{"order.placed", "A-78", "", 9900, false},
		{"order.placed", "A-77", "", 123450, false},
	}, got, "newest first, nothing of the other controller, and the number of what was taken back went with it")
	require.Len(t, f["soft_optins"], 1)
	require.Equal(t, "shoes", f["soft_optins"].([]any)[0].(fields)["family"])
	r.post("/v1/overlays", "privacy", fields{"point": point("email", mail), "overlay": "restricted"})
	r.pass(time.Second)
	closed := r.file(session)
	require.Empty(t, closed["sales"])
	require.Empty(t, closed["soft_optins"])
}

// The published form of the file, field by field.
func TestRecord_fileGolden(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	r.shopping()
	r.sold(r.key(identifier.Email, mail), time.Date(2026, 3, 13, 9, 0, 0, 0, time.UTC))
	r.chosen(session, "do", "pause")
	f := r.file(session)
	f["rcu_id"] = "(rcu_id)"
	for _, d := range f["decisions"].([]any) {
		d.(fields)["receipt"] = "(receipt)"
	}
	raw, err := json.MarshalIndent(f, "", "  ")
	require.NoError(t, err)
	path := filepath.Join("testdata", "record-file.golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, append(raw, '\n'), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), string(raw))
}
