package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/boot"
	"rcu/services/profileapi"
)

const testID, testID2 = "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "01bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

// call runs a command line and gives what it wrote and its exit code.
func call(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	world := boot.IO{Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &err}
	code = boot.Main("rcu", world, run)
	return out.String(), err.String(), code
}

// fakeAPI answers as the profile API does, and remembers what it was asked.
type fakeAPI struct {
	*httptest.Server
	asked  []string
	header http.Header // of the last request
}

func newFakeAPI(t *testing.T, status int, answers map[string]any) *fakeAPI {
	t.Helper()
	f := &fakeAPI{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.asked = append(f.asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization")+" "+string(body))
		f.header = r.Header
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answers[r.URL.Path])
	}))
	t.Cleanup(f.Close)
	return f
}

// homeWith is the data folder of an installation whose profile API is at a URL.
func homeWith(t *testing.T, url string) string {
	t.Helper()
	h := home{t.TempDir()}
	require.NoError(t, h.writeInstance(instance{Services: map[string]string{"profile-api": strings.TrimPrefix(url, "http://"), "steward": strings.TrimPrefix(url, "http://")}}))
	require.NoError(t, os.WriteFile(h.path(readerKeysFile), []byte(`{"cli":"k-cli","desk":"k-desk","steward":"k-steward"}`), 0o600))
	return h.dir
}

func testRecord() profileapi.Answer {
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	later := at.Add(48 * time.Hour)
	return profileapi.Answer{RCUID: testID, Asked: testID2, Purpose: "contract", Record: profileapi.Record{
		Controllers: []string{"shop-fr"}, FirstSeen: &at, LastSeen: &later,
		Traits:   map[string]profileapi.Trait{"given_name": {Value: "Mar\x1b[31mie", Trust: "stated", Source: "till-1", At: at}},
		Contacts: []profileapi.Contact{{Namespace: "email", Value: "marie@example.org"}},
		Orders: []profileapi.Order{{
			Number: "W-1", Channel: "web", State: "placed", PlacedAt: &at, Total: &profileapi.Money{Amount: 4599, Currency: "EUR"},
			Returned: []profileapi.Money{{Amount: 5000, Currency: "EUR"}}, OverReturned: true, CollectStore: "paris-1",
		}},
		Spend: []profileapi.Spend{{Currency: "JPY", Month: 202603, Channel: "web", Sales: 4599, Tickets: 1}},
	}}
}

func TestProfile_printsTheRecord(t *testing.T) {
	f := newFakeAPI(t, 200, map[string]any{"/v1/profiles/lookup": testRecord(), "/v1/profiles/" + testID: testRecord()})
	data := homeWith(t, f.URL)
	out, _, code := call(t, "", "--data", data, "profile", "email:marie@example.org", "--scope", "s", "--controller", "shop-fr")
	require.Zero(t, code)
	for _, want := range []string{
		testID, "given_name  Mar?[31mie", "marie@example.org", "45.99 EUR", "returned 50.00 EUR, more than was paid, to collect in paris-1",
		"2026-03  web  1 tickets  4599 JPY", "2026-03-10 09:00 to 2026-03-12 09:00",
	} {
		require.Contains(t, out, want)
	}
	require.Equal(t, `POST /v1/profiles/lookup Bearer k-cli {"controller":"shop-fr","identifier":{"country":"","namespace":"email","scope":"s","value":"marie@example.org"},"purpose":"contract"}`, f.asked[0])

	out, _, code = call(t, "", "--json", "--data", data, "profile", testID, "--purpose", "store_view_web", "--reader", "desk")
	require.Zero(t, code)
	var got profileapi.Answer
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, testRecord(), got)
	require.Equal(t, "GET /v1/profiles/"+testID+"?purpose=store_view_web Bearer k-desk ", f.asked[1])
}

func TestProfile_valueOfNobody_listsCandidates(t *testing.T) {
	f := newFakeAPI(t, 200, map[string]any{"/v1/profiles/lookup": profileapi.Answer{
		RCUID: testID, Standing: "quarantined", Purpose: "contract", Candidates: []profileapi.Candidate{{RCUID: testID2}},
	}})
	out, _, code := call(t, "", "--data", homeWith(t, f.URL), "profile", "phone:0612345678")
	require.Zero(t, code)
	require.Contains(t, out, "quarantined")
	require.Contains(t, out, testID2)
}

func TestProfile_exitCodes(t *testing.T) {
	tests := []struct {
		name, reason string
		status, code int
	}{
		{"unknown", "not_found", 404, exitUnknown},
		{"other path", "", 404, 1},
		{"key", "unknown_key", 401, exitRefused},
		{"role", "role", 403, exitRefused},
		{"closed", "record_closed", 423, exitRefused},
		{"value", "not_an_identifier", 400, 2},
		{"away", "unavailable", 503, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeAPI(t, tt.status, map[string]any{"/v1/profiles/lookup": map[string]string{"reason": tt.reason, "fix": "do that", "request_id": "r-1"}})
			data := homeWith(t, f.URL)
			out, errs, code := call(t, "", "--data", data, "profile", "email:marie@example.org")
			require.Equal(t, tt.code, code)
			require.Empty(t, out)
			require.NotContains(t, errs, "marie")
			require.Contains(t, errs, tt.reason)
			out, errs, code = call(t, "", "--json", "--data", data, "explain", "email:marie@example.org")
			require.Equal(t, tt.code, code)
			require.Empty(t, errs)
			var p apiProblem
			require.NoError(t, json.Unmarshal([]byte(out), &p))
			require.Equal(t, tt.status, p.Status)
		})
	}
	for _, who := range []string{"marie@example.org", "iban:FR76", "email:", "01AA"} {
		_, errs, code := call(t, "", "--data", homeWith(t, "http://127.0.0.1:1"), "profile", who)
		require.Equal(t, 2, code)
		require.Contains(t, errs, "namespace:value")
	}
	_, errs, code := call(t, "", "--data", t.TempDir(), "profile", "email:marie@example.org")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "rcu up")
	_, errs, code = call(t, "", "--data", homeWith(t, "http://127.0.0.1:1"), "profile", "email:marie@example.org")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "is rcu up running? name a service of its own with --url")
	require.NotContains(t, errs, "marie")
}

func TestExplain_printsLinks(t *testing.T) {
	since := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	a, b := profileapi.LinkEnd{Namespace: "card", Name: testID}, profileapi.LinkEnd{Namespace: "email", Name: testID2}
	f := newFakeAPI(t, 200, map[string]any{
		"/v1/profiles/lookup": profileapi.Answer{RCUID: testID, Asked: testID2, Purpose: "contract"},
		"/v1/profiles/" + testID2 + "/explain": profileapi.Explanation{RCUID: testID, Standing: "clean", Identifiers: []profileapi.StandingBecause{
			{LinkEnd: a, Standing: "clean", Because: "evidence", Words: "nothing speaks against it"}, {LinkEnd: b, Standing: "clean", Because: "act", Words: "somebody released it"},
		}, Links: []profileapi.Link{
			{A: a, B: b, Outcome: "joined", Since: &since, Witnesses: 2, Words: "joins them", Seen: []profileapi.Witness{{At: since, Proved: true, Source: "till-1", Event: "e7"}}},
			{A: a, B: profileapi.LinkEnd{Namespace: "phone", Name: testID2}, Outcome: "refused", Reason: "unique", Because: []profileapi.LinkEnd{a, b}, Witnesses: 1, Words: "refused: there would be two"},
		}},
		"/v1/profiles/" + testID2 + "/why-not/" + testID2: profileapi.WhyNot{A: b, B: a, RCUID: testID2, Other: testID, Words: "They are two people."},
		"/v1/profiles/" + testID2 + "/identifiers": profileapi.Identifiers{RCUID: testID, Identifiers: []profileapi.KnownIdentifier{
			{Namespace: "card", Name: testID, Naming: true, Standing: "clean"}, {Namespace: "email", Name: testID2, Standing: "clean"},
		}},
	})
	data := homeWith(t, f.URL)
	out, _, code := call(t, "", "--data", data, "explain", "email:marie@example.org")
	require.Zero(t, code)
	for _, want := range []string{
		"card 01aaaaaa   names the customer", "email 01bbbbbb  asked for, clean: somebody released it", "2026-03-10 09:00 proved", "till-1 e7",
		"refused: there would be two",
	} {
		require.Contains(t, out, want)
	}
	out, _, code = call(t, "", "--json", "--data", data, "explain", "email:marie@example.org")
	require.Zero(t, code)
	var x explained
	require.NoError(t, json.Unmarshal([]byte(out), &x))
	require.Equal(t, testID2, x.Asked)
	require.Len(t, x.Explanation.Links, 2)
	require.Len(t, x.Identifiers.Identifiers, 2)

	picture := filepath.Join(t.TempDir(), "x.svg")
	_, _, code = call(t, "", "--data", data, "explain", "email:marie@example.org", "--svg", picture, "--lang", "fr")
	require.Zero(t, code)
	require.Equal(t, "fr", f.header.Get("Accept-Language"))
	drawn, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "Par quoi ce client est reconnu")
	out, _, code = call(t, "", "--data", data, "explain", "email:marie@example.org", "--why-not", "card:2990001234567")
	require.Zero(t, code)
	require.Contains(t, out, "They are two people.")
}

func TestAmount(t *testing.T) {
	for want, x := range map[string]struct {
		minor    int64
		currency string
	}{"0.05 EUR": {5, "EUR"}, "-0.05 EUR": {-5, "EUR"}, "-12.34 EUR": {-1234, "EUR"}, "7 JPY": {7, "JPY"}, "0.007 TND": {7, "TND"}, "1.234 KWD": {1234, "KWD"}} {
		require.Equal(t, want, amount(x.minor, x.currency))
	}
}

const facts = `{"kind":"now","t":88732800}
{"kind":"event","id":"e1","t":87780222,"ids":["customer:2","email:1"],"class":"core","amount":67}

{"kind":"event","id":"e2","t":87780223,"ids":["email:1"],"amount":3}
`

func TestSolve_fileInputRulesErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(facts), 0o600))
	out, _, code := call(t, "", "identity", "solve", path)
	require.Zero(t, code)
	require.JSONEq(t, `{"now":88732800,"profiles":{"customer:2":["customer:2","email:1"]},"edges":{"customer:2|email:1":"joined"},"nobody":{},
		"folds":{"customer:2":{"events":2,"amount":70,"first":87780222,"last":87780223}}}`, out)
	again, _, code := call(t, facts, "--json", "identity", "solve", "-")
	require.Zero(t, code)
	require.Equal(t, out, again)

	const plain = `"email":{"strength":3,"rank":2,"device":false,"unique":false,"limit":5,"window":31536000,"owners":1,"ref":false}`
	rules := map[string]string{
		"rules.json": `{"namespaces":{` + plain + `},"claims":8,"strong":3,"max_nodes":256,"max_edges":1024,"max_degree":128,"names":"off","max_names":16}`,
		"rules.yaml": "namespaces:\n  email: {strength: 3, rank: 2, device: false, unique: false, limit: 5, window: 31536000, owners: 1, ref: false}\nclaims: 8\nstrong: 3\nmax_nodes: 256\nmax_edges: 1024\nmax_degree: 128\nnames: \"off\"\nmax_names: 16\n",
	}
	answers := map[string]string{}
	for name, content := range rules {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		out, errs, code := call(t, facts, "identity", "solve", "--rules", file, "-")
		require.Zero(t, code, errs)
		answers[name] = out
		require.Contains(t, out, `"folds":{"email:1":{"events":2`)
	}
	require.Equal(t, answers["rules.json"], answers["rules.yaml"])

	for _, bad := range []string{"{", `{"kind":"event","id":"e","t":1}`, `{"kind":"unknown"}`, `{"kind":"now","t":-1}`} {
		out, errs, code := call(t, facts+bad, "identity", "solve", "-")
		require.Equal(t, 2, code, bad)
		require.Empty(t, out)
		require.Contains(t, errs, "line 5: field ")
	}
	_, _, code = call(t, "", "identity", "solve", filepath.Join(t.TempDir(), "missing"))
	require.Equal(t, 2, code)
}

func TestTail_printsJSONLines(t *testing.T) {
	brokers := testkit.Kafka(t)
	client, err := stream.Connect(stream.Config{Brokers: brokers}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	p, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	for i := range 5 {
		at := time.Date(2026, 3, 10, 9, i, 0, 0, time.UTC)
		r, err := stream.Encode(stream.TopicEventsStore, []byte{byte(i)}, &eventpb.Event{Id: "e" + string(rune('0'+i)), Personal: &eventpb.Sealed{Ciphertext: []byte("sealed bytes")}}, at)
		require.NoError(t, err)
		require.NoError(t, p.Publish(t.Context(), []stream.Record{r}))
	}
	require.NoError(t, p.Close(t.Context()))
	kafka := "--kafka=" + strings.Join(brokers, ",")
	out, errs, code := call(t, "", "--data", t.TempDir(), "topic", "tail", "events.store", "--last", "2", kafka)
	require.Zero(t, code, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	for i, want := range []string{"e3", "e4"} {
		var line struct {
			Topic   string
			Message struct {
				ID       string
				Personal struct{ Ciphertext []byte }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &line))
		require.Equal(t, "rcu.events.store", line.Topic)
		require.Equal(t, want, line.Message.ID)
		require.Equal(t, "sealed bytes", string(line.Message.Personal.Ciphertext))
	}
	_, errs, code = call(t, "", "topic", "tail", "nowhere", kafka)
	require.Equal(t, 2, code)
	require.Contains(t, errs, "rcu.audit")
	_, errs, code = call(t, "", "--data", t.TempDir(), "topic", "tail", "audit")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "--kafka")
	_, _, code = call(t, "", "topic", "tail", "audit", "--last", "-1", kafka)
	require.Equal(t, 2, code)
}
