package profileapi_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/identifier"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything adds to marie's record what a record may hold: browsing under a grant, a balance, a return, a retraction.
func everything(w *world) {
	marie(w)
	w.send(web, "consent.decided", at(9, 8), fields{"consent": append(consentOf("cookie", "ck-1", "unify_behaviour", "", "grant"), consentOf("email", mail, "store_view_web", "", "grant")...)})
	w.send(web, "account.logged_in", at(11, 10), fields{"identifiers": ids("cookie", "ck-1", "email", mail, "pay", "tok-998877")})
	w.send(web, "page.viewed", at(11, 11), fields{"identifiers": ids("cookie", "ck-1"), "data": fields{"path": "/shoes"}})
	w.send(desk, "customer.recorded", at(12, 11), fields{
		"identifiers": ids("customer", "K-5501", "card", card), "traits": fields{"title": "Mme", "postal_code": "69001", "region": "ARA", "country": "FR"},
		"data": fields{"balances": []any{map[string]any{"name": "points", "amount": 120}}},
	})
	w.send(till, "return", at(14, 9), fields{
		"identifiers": append(ids("card", card), map[string]any{"namespace": "ticket", "value": "0017", "scope": "paris-1/till-12/2026-03-10"}), "data": fields{"total": money(99)},
	})
}

// TestAccess_goldenTable shows what each role gets: the paths of the answers, with - where nothing is sent and ~ where it is masked.
func TestAccess_goldenTable(t *testing.T) {
	w := newWorld(t)
	everything(w)
	a := newAPI(t, w, nil)
	id := w.name(identifier.Card, card)
	rows := map[string]map[auth.Role]string{}
	set := func(path string, role auth.Role, text string) {
		if rows[path] == nil {
			rows[path] = map[auth.Role]string{}
		}
		if rows[path][role] != "~" {
			rows[path][role] = text
		}
	}
	for _, role := range auth.Roles() {
		for _, purpose := range []string{"contract", "store_view_web"} {
			var v map[string]any
			got := a.get(string(role), "/v1/profiles/"+id+"?purpose="+purpose)
			require.Equal(t, http.StatusOK, got.Code)
			got.json(&v)
			flatten(purpose, v, func(path, value string) {
				text := "x"
				if strings.Contains(value, "••") {
					text = "~"
				}
				if purpose == "contract" || strings.Contains(path, "page.viewed") {
					set(path, role, text)
				}
			})
			if role == auth.RolePickup {
				require.Len(t, v["to_collect"], 1)
			}
		}
		for _, detail := range []string{"timeline", "identifiers", "explain"} {
			text := "-"
			if a.get(string(role), "/v1/profiles/"+id+"/"+detail+"?purpose=contract").Code == http.StatusOK {
				text = "x"
			}
			set("/"+detail, role, text)
		}
	}
	golden(t, "testdata/access.golden", table(rows))
}

// flatten calls f with the path and the text of every value. Lists of contacts are told apart by namespace.
func flatten(path string, v any, f func(path, value string)) {
	switch v := v.(type) {
	case map[string]any:
		if ns, ok := v["namespace"].(string); ok {
			path += "=" + ns
		}
		for k, x := range v {
			flatten(path+"."+k, x, f)
		}
	case []any:
		for _, x := range v {
			flatten(path+"[]", x, f)
		}
	default:
		f(path, fmt.Sprint(v))
	}
}

func table(rows map[string]map[auth.Role]string) string {
	var b strings.Builder
	tab := tabwriter.NewWriter(&b, 0, 1, 1, ' ', 0)
	_, _ = fmt.Fprint(tab, "field")
	for _, role := range auth.Roles() {
		_, _ = fmt.Fprint(tab, "\t", role)
	}
	for _, path := range slices.Sorted(maps.Keys(rows)) {
		_, _ = fmt.Fprint(tab, "\n", path)
		for _, role := range auth.Roles() {
			text := rows[path][role]
			if text == "" {
				text = "-"
			}
			_, _ = fmt.Fprint(tab, "\t", text)
		}
	}
	_, _ = fmt.Fprintln(tab)
	_ = tab.Flush()
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -update writes the file anew")
}

func TestPickup_seesTheOrdersOfItsStore(t *testing.T) {
	w := newWorld(t)
	marie(w)
	w.send(web, "order.placed", at(12, 9), fields{
		"identifiers": append(ids("email", mail), map[string]any{"namespace": "order", "value": "W-2002"}),
		"data":        fields{"total": money(2000), "fulfilment": "collect", "collect_store": "lyon-1"},
	})
	a := newAPI(t, w, nil)
	numbers := func(key string) (out []string) {
		for _, o := range a.lookup(key, "email", mail, "contract").record().ToCollect {
			out = append(out, o.Number)
		}
		return out
	}
	require.Equal(t, []string{"W-1001"}, numbers("pickup"))
	require.Equal(t, []string{"W-2002", "W-1001"}, numbers("seller"))
	w.send(desk, "order.state_changed", at(13, 9), fields{
		"identifiers": []any{map[string]any{"namespace": "order", "value": "W-1001"}}, "data": fields{"state": "collected"},
	})
	require.Empty(t, numbers("pickup"))
}

func TestMaskedValues_areNotSent(t *testing.T) {
	w := newWorld(t)
	everything(w)
	a := newAPI(t, w, nil)
	for role, secrets := range map[string][]string{
		"seller":   {mail, "marie.durand", "33612345678", "345678", "1980-04-02", "rue des Lilas", "tok-998877"},
		"pickup":   {mail, "33612345678", "1980-04-02", "rue des Lilas", "4599"},
		"manager":  {mail, "33612345678", "1980-04-02", "rue des Lilas"},
		"adviser":  {"1980-04-02", "tok-998877", "page.viewed"},
		"service":  {"tok-998877"},
		"steward":  {mail, "marie.durand", "33612345678", card, "Durand", "Marie", "1980-04-02", "rue des Lilas", "4599", "W-1001"},
		"operator": {mail, "example.org", "33612345678", card, "Durand", "Marie", "1980-04-02", "rue des Lilas", "4599", "W-1001", "Lyon"},
	} {
		id := w.name(identifier.Card, card)
		for _, path := range []string{"", "/timeline", "/identifiers", "/explain"} {
			for _, purpose := range []string{"contract", "store_view_web", "marketing"} {
				body := a.get(role, "/v1/profiles/"+id+path+"?purpose="+purpose).Body.String()
				for _, secret := range secrets {
					require.NotContains(t, body, secret, role+path)
				}
			}
		}
	}
	var masked struct {
		Contacts []struct{ Namespace, Value string }
	}
	require.NoError(t, json.Unmarshal(a.get("steward", "/v1/profiles/"+w.name(identifier.Card, card)+"?purpose=contract").Body.Bytes(), &masked))
	require.Equal(t, []struct{ Namespace, Value string }{{"card", "••••23"}, {"customer", "••••01"}, {"email", "m••••@example.org"}, {"phone", "••••78"}}, masked.Contacts)
}
