package identity_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
)

// rulesDoc returns the default rules as a document to change.
func rulesDoc(t *testing.T, change func(map[string]any)) []byte {
	t.Helper()
	raw, err := json.Marshal(identity.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	change(doc)
	if raw, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	return raw
}

func ofNamespace(doc map[string]any, n string) map[string]any {
	all, _ := doc["namespaces"].(map[string]any)
	rule, _ := all[n].(map[string]any)
	return rule
}

func TestDefaultRulesHaveNoProblem(t *testing.T) {
	if _, err := identity.CheckRules(rulesDoc(t, func(map[string]any) {})); err != nil {
		t.Fatal(err)
	}
}

// Every problem of a file is told at once, with its field and what to do.
func TestCheckRulesTellsEveryProblemAtOnce(t *testing.T) {
	raw := rulesDoc(t, func(doc map[string]any) {
		doc["max_nodes"], doc["max_edges"], doc["names"], doc["clams"] = -1, 1<<20, "perhaps", 3
		doc["version"], doc["lookback_days"] = -1, 99_999
		doc["blocked_patterns"] = []string{"email:^info@", "email:(", "nothing", "phone:.*", "email:^info@"}
		doc["survivorship"] = map[string][]string{"city": {"recency", "recency"}, "name": {"luck"}, "zip": {}}
		ofNamespace(doc, "email")["strength"], ofNamespace(doc, "email")["lmit"] = 500, 1
		ofNamespace(doc, "phone")["limit"], ofNamespace(doc, "card")["kind"] = -1, "paper"
	})
	_, err := identity.CheckRules(raw)
	var problems identity.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v", err)
	}
	fields := map[string]int{}
	for _, p := range problems {
		fields[p.Field]++
		if p.Reason == "" || p.Fix == "" {
			t.Errorf("%v says too little", p)
		}
	}
	for _, want := range []string{
		"max_nodes", "max_edges", "names", "clams", "version", "lookback_days", "blocked_patterns[1]", "blocked_patterns[2]", "blocked_patterns[3]",
		"blocked_patterns[4]", "survivorship.city", "survivorship.name", "survivorship.zip", "namespaces.email.strength", "namespaces.email.lmit",
		"namespaces.phone.limit", "namespaces.card.kind",
	} {
		if fields[want] != 1 {
			t.Errorf("%s is told %d times: %v", want, fields[want], err)
		}
	}
}

func TestCheckRulesTellsContradictions(t *testing.T) {
	for field, change := range map[string]func(map[string]any){
		"namespaces.cookie.kind":  func(d map[string]any) { ofNamespace(d, "cookie")["kind"] = "person" },
		"namespaces.order.kind":   func(d map[string]any) { ofNamespace(d, "order")["kind"] = "person" },
		"namespaces.order":        func(d map[string]any) { ofNamespace(d, "order")["owners"] = 2 },
		"namespaces.device":       func(d map[string]any) { ofNamespace(d, "device")["ref"] = true },
		"namespaces.card.limit":   func(d map[string]any) { ofNamespace(d, "card")["limit"] = 3 },
		"namespaces.card.window":  func(d map[string]any) { ofNamespace(d, "card")["window"] = 60 },
		"namespaces.email.owners": func(d map[string]any) { ofNamespace(d, "email")["owners"] = 9 },
		"namespaces.email.rank":   func(d map[string]any) { ofNamespace(d, "email")["rank"] = 1 },
		"strong":                  func(d map[string]any) { d["strong"] = 9 },
		"max_edges":               func(d map[string]any) { d["max_edges"] = 10 },
		"blocked":                 func(d map[string]any) { d["blocked"] = map[string]bool{"order:7": true} },
		"blocked_patterns[0]":     func(d map[string]any) { d["blocked_patterns"] = []string{"ticket:^0+$"} },
		"namespaces":              func(d map[string]any) { d["namespaces"] = map[string]any{} },
		"rules":                   func(d map[string]any) { d["claims"] = map[string]any{} },
	} {
		t.Run(field, func(t *testing.T) {
			_, err := identity.CheckRules(rulesDoc(t, change))
			var problems identity.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			for _, p := range problems {
				if p.Field == field || field == "rules" && p.Field == "claims" {
					return
				}
			}
			t.Errorf("got %v", problems)
		})
	}
}

// What is fixed for the life of a store is told whole, and why.
func TestFixedProblemsSayWhy(t *testing.T) {
	other := identity.DefaultRules()
	email := other.Namespaces[identifier.Email]
	email.Rank, email.Strength, email.Device = 40, 2, true
	other.Namespaces[identifier.Email] = email
	delete(other.Namespaces, identifier.Pay)
	other.Strong, other.MaxDegree, other.MaxNames = 2, 5, 6
	other.Claims, other.Names = 3, identity.NamesOff // may change
	problems := identity.DefaultRules().FixedProblems(other)
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field)
		if !strings.Contains(p.Reason, "fixed for the life of a store") || !strings.Contains(p.Fix, "build the store again") {
			t.Errorf("%v", p)
		}
	}
	want := "namespaces.email.rank namespaces.email.strength namespaces.email.device namespaces.pay strong max_degree max_names"
	if got := strings.Join(fields, " "); got != want {
		t.Errorf("got %s", got)
	}
}

// Counterexample 20 with a pattern: what a pattern blocks comes back when the pattern goes, in whatever order all is learned.
func TestPatternsBlockAndGiveBack(t *testing.T) {
	const text = "email:^till@"
	lines := `{"kind":"event","id":"e1","t":100,"ids":["email:till@shop.example","card:1"]}
{"kind":"event","id":"e2","t":200,"ids":["email:anna@shop.example","card:1"]}
{"kind":"event","id":"e3","t":300,"ids":["email:till@other.example"],"amount":7}`
	rules := identity.DefaultRules()
	rules.BlockedPatterns = []string{text, "phone:^till@"}
	got, err := identity.Solve(strings.NewReader(lines), &rules)
	if err != nil {
		t.Fatal(err)
	}
	if got.Nobody["email:till@shop.example"] != "blocked" || got.Edges["card:1|email:till@shop.example"] != "refused:blocked" || len(got.Nobody) != 2 {
		t.Errorf("%+v", got)
	}
	if got.Edges["card:1|email:anna@shop.example"] != "joined" || got.Folds["anonymous:email:till@other.example"].Amount != 7 {
		t.Errorf("%+v", got)
	}
	rules.BlockedPatterns = nil
	if got, err = identity.Solve(strings.NewReader(lines), &rules); err != nil || got.Edges["card:1|email:till@shop.example"] != "joined" {
		t.Errorf("the value does not come back: %+v, %v", got, err)
	}
	// Of pseudonyms only what was stamped is known.
	stamped := `{"kind":"now","t":1,"pseudonyms":true}
{"kind":"event","id":"e1","t":100,"ids":["email:ab","card:cd"],"matches":{"email:ab":["` + patternHex(text) + `"]}}`
	rules.BlockedPatterns = []string{text, "card:c"}
	if got, err = identity.Solve(strings.NewReader(stamped), &rules); err != nil || got.Nobody["email:ab"] != "blocked" || len(got.Nobody) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func patternHex(text string) string {
	const digits = "0123456789abcdef"
	id, out := uint64(identity.IDOfPattern(text)), make([]byte, 16)
	for i := range out {
		out[i] = digits[id>>(60-4*i)&15]
	}
	return string(out)
}

// Look-back: what a device did long before it was known whose it is stays nobody's.
func TestLookbackLeavesOldBrowsingAlone(t *testing.T) {
	story := func(days int) Told {
		return NewStory(func(r *identity.Rules) { r.LookbackDays = days }).
			Grant(1*Day, "c", 0).Page(2*Day, "c", 1*Day, Worth(1)).Page(95*Day, "c", 1*Day, Worth(10)).
			Page(100*Day, "c U", 1*Day, Worth(100)).At(200 * Day).Tell(t)
	}
	story(0).People("c U").Sum("U", 111)
	story(30).People("c U").Sum("U", 110).Sum("nobody:c", 1)
	story(3650).People("c U").Sum("U", 111)
	// A device that is nobody's keeps its own.
	NewStory(func(r *identity.Rules) { r.LookbackDays = 30 }).Grant(1*Day, "c", 0).Page(2*Day, "c", 1*Day, Worth(1)).
		Page(95*Day, "c d", 1*Day).At(200*Day).Tell(t).Sum("c", 1)
}

// A shared kind links nobody and owns nothing.
func TestSharedKindLinksNobody(t *testing.T) {
	rules, err := identity.CheckRules(rulesDoc(t, func(d map[string]any) {
		all, _ := d["namespaces"].(map[string]any)
		all["household"] = map[string]any{"kind": "shared", "rank": 50}
	}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := identity.Solve(strings.NewReader(`{"kind":"event","id":"e1","t":100,"ids":["household:1","card:1"]}
{"kind":"event","id":"e2","t":100,"ids":["household:1","card:2"]}
{"kind":"event","id":"e3","t":100,"ids":["household:1"]}`), &rules)
	if err != nil || len(got.Profiles) != 0 || len(got.Edges) != 0 || len(got.Folds) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}
