package identity_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
)

// draws takes random choices from rapid, so that it can shrink them.
type draws struct{ t *rapid.T }

func (d draws) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "n") }

// compareAnswers returns how an answer differs from the oracle's; refused edges that a full identifier no longer stores may be left out.
func compareAnswers(got *identity.Answer, oracle *identitytest.Oracle) string {
	want := oracle.Answer()
	for pair, outcome := range want.Edges {
		a, b, _ := strings.Cut(pair, "|")
		if _, there := got.Edges[pair]; !there && strings.HasPrefix(outcome, "refused") && (oracle.Full(a) || oracle.Full(b)) {
			delete(want.Edges, pair)
		}
	}
	return cmp.Diff(want, got)
}

func TestSolveAnswersAsTheOracle(t *testing.T) {
	for seed := range uint64(1500) {
		f := identitytest.History(rand.New(rand.NewPCG(seed, 7)), identitytest.Small)
		got, err := f.Solve()
		if err != nil {
			t.Fatal(err)
		}
		if diff := compareAnswers(got, identitytest.Ask(f)); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

const solveExample = `
{"kind":"event","id":"e1","t":100,"ids":["customer:2","email:1","unknown:7","email:1"],"amount":5,"later":"ignored"}

{"kind":"event","id":"e2","t":200,"ids":["customer:3","email:1"],"class":"core","amount":7,"stated":true}
{"kind":"event","id":"e1","t":100,"ids":["email:1","customer:2","unknown:7"],"amount":5,"class":"core","stamps":{}}
{"kind":"event","id":"e3","t":300,"ids":["phone:1"],"amount":-2}
{"kind":"event","id":"e4","t":300,"ids":[],"amount":99}
{"kind":"act","id":"a1","t":50,"op":"ban","a":"card:1","b":"card:1"}
{"kind":"now","t":400}
{"kind":"now","t":40}`

func TestSolveExample(t *testing.T) {
	got, err := identity.Solve(strings.NewReader(solveExample), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &identity.Answer{
		Now:      400,
		Profiles: map[string][]string{"customer:2": {"customer:2", "email:1"}, "customer:3": {"customer:3"}},
		Edges:    map[string]string{"customer:2|email:1": "joined", "customer:3|email:1": "refused:unique"},
		Nobody:   map[string]string{},
		Folds: map[string]identity.Fold{
			"customer:2": {Events: 1, Amount: 5, First: 100, Last: 100}, "customer:3": {Events: 1, Amount: 7, First: 200, Last: 200},
			"phone:1": {Events: 1, Amount: -2, First: 300, Last: 300},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestSolveRefusesBadLines(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		line  int
		field string
	}{
		"no JSON":                   {"\n{\"kind\":", 2, "line"},
		"no object":                 {`[1]`, 1, "line"},
		"null":                      {`null`, 1, "line"},
		"two values":                {`{"kind":"now","t":1} {}`, 1, "line"},
		"no kind":                   {`{"t":1}`, 1, "kind"},
		"unknown kind":              {`{"kind":"fact"}`, 1, "kind"},
		"no time":                   {`{"kind":"now"}`, 1, "t"},
		"no id":                     {`{"kind":"event","t":1,"ids":[]}`, 1, "id"},
		"id is a number":            {`{"kind":"event","id":1,"t":1,"ids":[]}`, 1, "id"},
		"no ids":                    {`{"kind":"event","id":"e","t":1}`, 1, "ids"},
		"ids null":                  {`{"kind":"event","id":"e","t":1,"ids":null}`, 1, "ids"},
		"ids are numbers":           {`{"kind":"event","id":"e","t":1,"ids":[1]}`, 1, "ids"},
		"time below range":          {`{"kind":"event","id":"e","t":-1,"ids":[]}`, 1, "t"},
		"time above range":          {`{"kind":"now","t":9007199254740993}`, 1, "t"},
		"time with a fraction":      {`{"kind":"now","t":1.5}`, 1, "t"},
		"time as text":              {`{"kind":"now","t":"1"}`, 1, "t"},
		"amount above range":        {`{"kind":"event","id":"e","t":1,"ids":[],"amount":1e300}`, 1, "amount"},
		"unknown class":             {`{"kind":"event","id":"e","t":1,"ids":[],"class":"x"}`, 1, "class"},
		"stamp out of range":        {`{"kind":"event","id":"e","t":1,"ids":["cookie:0"],"stamps":{"cookie:0":-1}}`, 1, "stamps"},
		"claim key out of range":    {`{"kind":"event","id":"e","t":1,"ids":[],"claim":{"g":[65536]}}`, 1, "claim.g"},
		"claim with too many keys":  {`{"kind":"event","id":"e","t":1,"ids":[],"claim":{"b":[1,2,3,4,5]}}`, 1, "claim.b"},
		"stated is a text":          {`{"kind":"event","id":"e","t":1,"ids":[],"stated":"yes"}`, 1, "stated"},
		"no point":                  {`{"kind":"decision","id":"d","t":1,"purpose":"unify_core","dec":"grant"}`, 1, "point"},
		"unknown purpose":           {`{"kind":"decision","id":"d","t":1,"point":"cookie:0","purpose":"x","dec":"grant"}`, 1, "purpose"},
		"no decision":               {`{"kind":"decision","id":"d","t":1,"point":"cookie:0","purpose":"unify_core"}`, 1, "dec"},
		"unknown op":                {`{"kind":"act","id":"a","t":1,"op":"merge","a":"card:1","b":"card:2"}`, 1, "op"},
		"no second":                 {`{"kind":"act","id":"a","t":1,"op":"ban","a":"card:1"}`, 1, "b"},
		"no rules":                  {`{"kind":"rules"}`, 1, "rules"},
		"rules with a wrong type":   {`{"kind":"rules","rules":{"claims":"many"}}`, 1, "rules"},
		"rules with unknown names":  {`{"kind":"rules","rules":{"names":"some"}}`, 1, "rules"},
		"same id, other content":    {"{\"kind\":\"event\",\"id\":\"e\",\"t\":1,\"ids\":[]}\n{\"kind\":\"event\",\"id\":\"e\",\"t\":2,\"ids\":[]}", 2, "id"},
		"same version, other rules": {"{\"kind\":\"rules\",\"rules\":{\"claims\":1}}\n{\"kind\":\"rules\",\"version\":0,\"rules\":{\"claims\":2}}", 2, "version"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := identity.Solve(strings.NewReader(c.text), nil)
			var bad *identity.SolveError
			if !errors.As(err, &bad) || answer != nil {
				t.Fatalf("answer %v, error %v", answer, err)
			}
			if bad.Line != c.line || bad.Field != c.field || bad.Reason == "" || bad.Fix == "" {
				t.Errorf("got %v", bad)
			}
		})
	}
}

func TestSolveTakesTheHighestRules(t *testing.T) {
	lines := `{"kind":"event","id":"e1","t":1,"ids":["a:1","b:1"]}
{"kind":"rules","version":2,"rules":{"namespaces":{"a":{"strength":3},"b":{"strength":3,"rank":1}},"blocked":{"a:1":true},"names":"off"}}
{"kind":"rules","version":1,"rules":{"namespaces":{}}}`
	got, err := identity.Solve(strings.NewReader(lines), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Nobody["a:1"] != "blocked" || got.Edges["a:1|b:1"] != "refused:blocked" {
		t.Errorf("%+v", got)
	}
	rules, err := identity.ParseRules([]byte(`{"namespaces":{"a":{"strength":3},"b":{"strength":3}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err = identity.Solve(strings.NewReader(lines), &rules); err != nil || got.Edges["a:1|b:1"] != "joined" {
		t.Errorf("given rules do not replace the lines: %+v, %v", got, err)
	}
}

func TestSolveRefusesMoreThanFitsInMemory(t *testing.T) {
	identity.LimitFacts(t, int64(len(solveExample)-1))
	_, err := identity.Solve(strings.NewReader(solveExample), nil)
	var bad *identity.SolveError
	if !errors.As(err, &bad) || bad.Line != 10 || !strings.Contains(err.Error(), "rcu rules try") {
		t.Errorf("got %v", err)
	}
}

func FuzzReadFacts(f *testing.F) {
	f.Add(solveExample)
	f.Fuzz(func(t *testing.T, text string) {
		facts, err := identity.ReadFacts(strings.NewReader(text), nil)
		if err != nil {
			return
		}
		if _, err := facts.Solve(); err != nil {
			t.Fatal(err)
		}
	})
}
