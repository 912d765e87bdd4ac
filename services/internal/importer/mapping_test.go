package importer

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const tickets = `
name: tickets
format: csv
zone: Europe/Paris
currency: EUR
vars: {kind: sale}
skip:
  - {when: '=row.sku == "note"', reason: note}
group: {by: =row.ticket, max_rows: 3}
events:
  - event:
      id: =row.ticket
      type: =vars.kind
      occurred_at: =time(row.at)
      identifiers:
        - {$when: '=row.card != ""', namespace: card, value: =row.card, proved: true}
      data:
        total: {amount: '=total(map(rows, amount(#.price, #.n, currency)))', currency: =currency}
        lines:
          $each: =rows
          $item: {sku: =it.sku, quantity: =integer(it.n), amount: '=amount(it.price, it.n, currency)'}
`

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func mapped(t *testing.T, mapping string, in Input) ([]map[string]any, Report) {
	t.Helper()
	m, err := ParseMapping([]byte(mapping))
	require.NoError(t, err)
	var out []map[string]any
	report, err := m.Map(context.Background(), in, func(e Event) error {
		var v map[string]any
		require.NoError(t, json.Unmarshal(e.JSON, &v))
		require.Equal(t, e.ID, v["id"])
		out = append(out, v)
		return nil
	})
	require.NoError(t, err)
	return out, report
}

func TestRowsOfOneTicketBecomeOneSale(t *testing.T) {
	path := file(t, "t.csv", "ticket,at,card,sku,n,price\n1,2026-03-29T01:30:00,77,a,2,1.10\n2,2026-07-01T10:00:00,,b,1,3\n1,2026-03-29T01:30:00,77,c,1,0.05\n1,2026-03-29T01:30:00,77,note,1,\n")
	events, report := mapped(t, tickets, Input{Files: []string{path}})
	require.Len(t, events, 2)
	require.Equal(t, map[string]int{"note": 1}, report.Skipped)
	require.Empty(t, report.Bad)
	first, _ := json.Marshal(events[0])
	require.JSONEq(t, `{"id":"1","type":"sale","occurred_at":"2026-03-29T01:30:00+01:00","identifiers":[{"namespace":"card","value":"77","proved":true}],
		"data":{"total":{"amount":225,"currency":"EUR"},"lines":[{"sku":"a","quantity":2,"amount":220},{"sku":"c","quantity":1,"amount":5}]}}`, string(first))
	require.NotContains(t, events[1], "identifiers")
	require.Equal(t, "2026-07-01T10:00:00+02:00", events[1]["occurred_at"])
}

func TestGzipIsToldByItsBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte("\xef\xbb\xbfticket,at,card,sku,n,price\n1,2026-01-01,,a,1,1\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	events, _ := mapped(t, tickets, Input{Files: []string{path}})
	require.Len(t, events, 1)
}

func TestBadRowsAreNamedByLineAndReasonNeverByValue(t *testing.T) {
	path := file(t, "t.csv", "ticket,at,card,sku,n,price\n"+
		"1,2026-01-01,,a,1,SECRET1\n"+ // 2: number
		"2,SECRET2,,a,1,1\n"+ // 3: time
		"3,2026-01-01,,a\n"+ // 4: columns
		"4,2026-01-01,,a,SECRET3,1\n"+ // 5: number
		",2026-01-01,,a,1,1\n"+ // 6: no key
		"5,2026-01-01,,a,1,1\n"+
		"6,2026-01-01,,a,1,1\n6,2026-01-01,,a,1,1\n6,2026-01-01,,a,1,1\n6,2026-01-01,,a,1,1\n"+ // 8: four rows
		"\"7\" x,2026-01-01,,a,1,1\n") // 12: unreadable
	events, report := mapped(t, tickets, Input{Files: []string{path}})
	require.Len(t, events, 1)
	require.Equal(t, map[string]int{"number": 2, "time": 1, "columns": 1, "no-key": 1, "group-too-large": 4, "unreadable": 1}, report.Bad)
	require.Equal(t, 11, report.Rows)
	lines := map[int]string{}
	for _, b := range report.Examples {
		lines[b.Line] = b.Reason
	}
	require.Equal(t, map[int]string{2: "number", 3: "time", 4: "columns", 5: "number", 6: "no-key", 8: "group-too-large", 12: "unreadable"}, lines)
	require.NotContains(t, fmt.Sprintf("%+v", report), "SECRET")
}

func TestMemoryOfHeldRowsIsBounded(t *testing.T) {
	text := "ticket,at,card,sku,n,price\n" + strings.Repeat("1,2026-01-01,,a,1,1\n", 2) + strings.Repeat("2,2026-01-01,,a,1,1\n", 2) + "3,2026-01-01,,a,1,1\n"
	path := file(t, "t.csv", text)
	m, err := ParseMapping([]byte(tickets))
	require.NoError(t, err)
	_, err = m.Map(context.Background(), Input{Files: []string{path}, MaxBytes: 500}, func(Event) error { return nil })
	require.ErrorIs(t, err, ErrTooMuch)
	events, _ := mapped(t, strings.Replace(tickets, "max_rows: 3", "max_rows: 3, sorted: true", 1), Input{Files: []string{path}, MaxBytes: 500})
	require.Len(t, events, 3, "neighbours need no more than a group")
}

func TestDistinct(t *testing.T) {
	const base = "name: d\nformat: csv\nzone: UTC\ndistinct:\n%s\nevents:\n  - event: {id: =row.id, type: x, occurred_at: =row.at}\n"
	path := file(t, "d.csv", "id,at\na,3\na,3\nb,2\na,1\nb,2\n")
	at := func(mapping string) (out []string, dup int) {
		events, report := mapped(t, mapping, Input{Files: []string{path}})
		for _, e := range events {
			out = append(out, e["id"].(string)+e["occurred_at"].(string))
		}
		return out, report.Duplicates
	}
	rows, n := at(fmt.Sprintf(base, "  - rows: true"))
	require.Equal(t, []string{"a3", "b2", "a1"}, rows)
	require.Equal(t, 2, n)
	rows, n = at(fmt.Sprintf(base, "  - {by: =row.id, least: =row.at}"))
	require.Equal(t, []string{"a1", "b2"}, rows)
	require.Equal(t, 3, n)
	rows, _ = at(fmt.Sprintf(base, "  - {by: =row.id}"))
	require.Equal(t, []string{"a3", "b2"}, rows)
}

func TestJSONAndLookups(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "products.csv"), []byte("sku,name\nA,Lamp\n"), 0o600))
	in := filepath.Join(dir, "o.json")
	require.NoError(t, os.WriteFile(in, []byte(`{"meta":[1],"data":{"orders":{"o1":{"items":[{"sku":"A","price":12.35},{"sku":"A","price":7},{"sku":"B","price":1}]}}}}`), 0o600))
	events, _ := mapped(t, `
name: orders
format: json
path: data.orders
zone: UTC
currency: JPY
lookups:
  products: {file: products.csv, key: sku, columns: [name]}
events:
  - each: =row.items
    event:
      id: =text(key, "-", it.sku, number(row.items, index, "sku"))
      type: x
      occurred_at: '2026-01-01T00:00:00Z'
      name: '=lookup("products", it.sku)?.name'
      cents: =money(it.price, "EUR")
      yen: =money(it.price, currency)
      same: =sha("a", 1) == sha("a", "1") and sha("ab") != sha("a", "b")
`, Input{Files: []string{in}})
	got, _ := json.Marshal(events)
	require.JSONEq(t, `[{"id":"o1-A1","type":"x","occurred_at":"2026-01-01T00:00:00Z","name":"Lamp","cents":1235,"yen":12,"same":true},
		{"id":"o1-A2","type":"x","occurred_at":"2026-01-01T00:00:00Z","name":"Lamp","cents":700,"yen":7,"same":true},
		{"id":"o1-B1","type":"x","occurred_at":"2026-01-01T00:00:00Z","cents":100,"yen":1,"same":true}]`, string(got))
}

func TestParseMappingNamesEveryProblem(t *testing.T) {
	_, err := ParseMapping([]byte("format: xml\nzone: Nowhere/Else\nskip: [{when: 'x'}]\nevents: [{event: {id: '=1 +'}}]\n"))
	for _, want := range []string{"name", "format", "zone", "skip[0].when", "skip[0].reason", "events[0].event.id"} {
		require.ErrorContains(t, err, want)
	}
	_, err = ParseMapping([]byte("nom: x\n"))
	require.Error(t, err, "unknown keys are errors")
	_, err = ParseMapping([]byte("name: x\nskip:\n !- {when: a}\n"))
	require.Error(t, err, "a text that the YAML library panics on")
}

func TestUnknownVariableIsRefused(t *testing.T) {
	m, err := ParseMapping([]byte(tickets))
	require.NoError(t, err)
	_, err = m.Map(context.Background(), Input{Vars: map[string]string{"typo": "1"}}, func(Event) error { return nil })
	require.ErrorContains(t, err, "typo")
}

func TestMoneyIsExact(t *testing.T) {
	for _, c := range []struct {
		in   any
		cur  string
		want int64
		bad  bool
	}{
		{"1.10", "EUR", 110, false},
		{"0.1", "EUR", 10, false},
		{"-5", "EUR", -500, false},
		{"4.440892e-16", "USD", 0, false},
		{"1e3", "USD", 100000, false},
		{"0.005", "EUR", 1, false},
		{"-0.005", "EUR", -1, false},
		{"0.0049", "EUR", 0, false},
		{"1.2345", "TND", 1235, false},
		{"7.5", "JPY", 8, false},
		{"90071992547409.93", "EUR", 9007199254740993, false},
		{json.Number("2.675"), "EUR", 268, false},
		{12, "EUR", 1200, false},
		{" 3 ", "EUR", 300, false},
		{"", "EUR", 0, true},
		{"1,5", "EUR", 0, true},
		{"1/3", "EUR", 0, true},
		{"0x10", "EUR", 0, true},
		{"1e999999999", "EUR", 0, true},
		{"NaN", "EUR", 0, true},
		{"Inf", "EUR", 0, true},
		{"1_000", "EUR", 0, true},
		{"99999999999999999999", "EUR", 0, true},
		{1.5, "EUR", 0, true},
		{nil, "EUR", 0, true},
	} {
		got, err := money(c.in, c.cur)
		require.Equal(t, c.bad, err != nil, "%v", c.in)
		if !c.bad {
			require.EqualValues(t, c.want, got, "%v", c.in)
		}
	}
}

func FuzzMoney(f *testing.F) {
	for _, s := range []string{"1.10", "-0.005", "1e3", "4.440892e-16", "x", "1e-31"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := money(s, "EUR")
		if err != nil {
			require.NotContains(t, err.Error(), "invalid")
			return
		}
		back, err := money(fmt.Sprintf("%de-2", n), "EUR")
		require.NoError(t, err)
		require.Equal(t, n, back)
	})
}

func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(tickets))
	f.Fuzz(func(t *testing.T, raw []byte) { _, _ = ParseMapping(raw) })
}

func FuzzReader(f *testing.F) {
	m, err := ParseMapping([]byte(tickets))
	require.NoError(f, err)
	f.Add([]byte("ticket,at,card,sku,n,price\n1,2026-01-01,,a,1,1\n"))
	f.Add([]byte{0x1f, 0x8b, 0})
	path := filepath.Join(f.TempDir(), "x.csv")
	f.Fuzz(func(t *testing.T, raw []byte) {
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		_, _ = m.Map(context.Background(), Input{Files: []string{path}}, func(e Event) error {
			require.True(t, json.Valid(e.JSON))
			return nil
		})
	})
}
