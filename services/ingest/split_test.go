package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		name    string
		form    form
		body    string
		want    []string
		cut     bool
		problem *httpserver.Problem
	}{
		{name: "object", body: ` {"id":"a"} `, want: []string{`{"id":"a"}`}},
		{name: "object with a mark of byte order", body: "\xef\xbb\xbf{}", want: []string{`{}`}},
		{name: "array", body: `[{"id":"a"}, {"id":"b"} ]`, want: []string{`{"id":"a"}`, `{"id":"b"}`}},
		{name: "brackets and commas in strings", body: `[{"a":"],[{\"}"},{"b":"\\"},{"c":"\\\""}]`, want: []string{`{"a":"],[{\"}"}`, `{"b":"\\"}`, `{"c":"\\\""}`}},
		{name: "objects one after another", body: "{\"a\":1}\n{\"a\":2}{}", want: []string{`{"a":1}`, `{"a":2}`, `{}`}},
		{name: "lines", form: formLines, body: "{\"a\":1}\r\n\n{\"a\":\n{\"a\":3}", want: []string{`{"a":1}`, `{"a":`, `{"a":3}`}},
		{name: "bad element keeps the others", body: `[{"a":NaN},{"b":1},nonsense,{"c":2}]`, want: []string{`{"a":NaN}`, `{"b":1}`, `nonsense`, `{"c":2}`}},
		{name: "array cut inside an element", body: `[{"a":1},{"b":`, want: []string{`{"a":1}`, `{"b":`}, cut: true},
		{name: "array cut after a comma", body: `[{"a":1},`, want: []string{`{"a":1}`, ``}, cut: true},
		{name: "array cut inside a string", body: `[{"a":1},{"b":"x\`, want: []string{`{"a":1}`, `{"b":"x\`}, cut: true},
		{name: "trailing comma is an empty event", body: `[{},]`, want: []string{`{}`, ``}},
		{name: "empty body", body: " \n", problem: &problemEmpty},
		{name: "empty array", body: "[ ]", problem: &problemEmpty},
		{name: "text", body: "hello", problem: &problemNotJSON},
		{name: "number after object", body: "{} 5", problem: &problemNotJSON},
		{name: "object cut", body: `{"a":{`, problem: &problemCut},
		{name: "bytes after the array", body: `[{}] {}`, problem: &problemRest},
		{name: "bytes after an empty array", body: `[] {}`, problem: &problemRest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.form == formUnknown {
				tt.form = formJSON
			}
			got, problem := split([]byte(tt.body), tt.form, 10)
			require.Equal(t, tt.problem, problem)
			var texts []string
			for _, e := range got.events {
				texts = append(texts, string(e))
			}
			require.Equal(t, tt.want, texts)
			require.Equal(t, tt.cut, got.cut)
		})
	}
}

func TestSplit_manyEvents_stopsOnePastTheLimit(t *testing.T) {
	for f, body := range map[form]string{
		formJSON:  "[" + strings.Repeat("{},", 100_000) + "{}]",
		formLines: strings.Repeat("{}\n", 100_000),
	} {
		got, problem := split([]byte(body), f, 1000)
		require.Nil(t, problem)
		require.Len(t, got.events, 1001)
	}
	got, problem := split([]byte(strings.Repeat("{}", 100_000)), formJSON, 1000)
	require.Nil(t, problem)
	require.Len(t, got.events, 1001)
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `[{"a":"]"},{"b":[1,2]}]`, "{}\n{}", `[1,"\\",{}]`, `[`, `["`, `[{]`, `"`, `{"\`} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		layout := formJSON
		if lines {
			layout = formLines
		}
		got, problem := split(body, layout, 100)
		if problem != nil {
			return
		}
		if len(got.events) > 101 {
			t.Fatalf("%d events", len(got.events))
		}
		if lines || !json.Valid(body) || bytes.HasPrefix(trim(body), []byte("{")) {
			return
		}
		var want []json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil || len(want) > 100 {
			return
		}
		if len(want) != len(got.events) || got.cut {
			t.Fatalf("%d events, encoding/json finds %d; cut %v", len(got.events), len(want), got.cut)
		}
		for i := range want {
			if !bytes.Equal(trim(want[i]), got.events[i]) {
				t.Fatalf("event %d differs", i)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add("id", "field", "fix \"quoted\" <é>\x00", 1, true)
	f.Fuzz(func(t *testing.T, id, field, fix string, n int, retry bool) {
		a := Answer{Accepted: n, RequestID: id, Results: []Result{{Index: n, ID: id, Status: "accepted"}, {Field: field, Fix: fix, Held: retry}}}
		got := a.append(nil)
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var x, y Answer
		if err := json.Unmarshal(got, &x); err != nil {
			t.Fatalf("own form is no JSON: %v", err)
		}
		if err := json.Unmarshal(want, &y); err != nil {
			t.Fatal(err)
		}
		require.Equal(t, y, x)
	})
}

// A source whose key is being changed has one limit, whichever key it shows.
func TestClients_bothKeysOfASourceShareItsLimits(t *testing.T) {
	s := Source{Name: "till-12", Channel: "store", Zone: time.UTC, Rate: 1, Burst: 1}
	keys, err := clients(auth.EachKey([]auth.KeyHash{{Hash: auth.HashKey("one")}, {Hash: auth.HashKey("two")}}, s), Contract{Channel: "store"}, 8)
	require.NoError(t, err)
	one, err := keys.Lookup("one")
	require.NoError(t, err)
	two, err := keys.Lookup("two")
	require.NoError(t, err)
	require.Same(t, one, two)
}
