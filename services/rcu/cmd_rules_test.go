package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
)

func TestRulesCheckTellsAllProblems(t *testing.T) {
	file := rulesFile(t, func(doc map[string]any) { doc["names"], doc["max_nodes"], doc["colour"] = "perhaps", 0, "red" })
	out, _, code := call(t, "", "--json", "rules", "check", file)
	require.Equal(t, 2, code)
	var got checked
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.False(t, got.OK)
	require.Len(t, got.Problems, 2, out) // 0 is left out, which is the default
	require.Equal(t, "colour", got.Problems[0].Field)
	out, _, code = call(t, "", "rules", "check", file)
	require.Equal(t, 2, code)
	require.Contains(t, out, "names: is unknown; use off, attested or any")

	out, _, code = call(t, "", "rules", "check", rulesFile(t, func(map[string]any) {}))
	require.Equal(t, 0, code)
	require.Contains(t, out, "can be put in force")

	broken := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(broken, []byte("names: [off\n"), 0o600))
	_, stderr, code := call(t, "", "rules", "check", broken)
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "is no YAML we can read")
}

// Rules are tried, put in force with a kill in the middle, and exported; at every step the running store answers as the offline kernel
// does for an export under the rules that hold.
func TestRulesOfARunningStore(t *testing.T) {
	testkit.Long(t)
	i := newInstallation(t)
	r := i.up()
	i.demo("150")
	i.settled(i.kafka(r))
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	i.must("identity", "export", "--space", i.space(), "--out", facts)
	before := i.solve(facts, "")
	i.sameAsStore(r, before)

	file := rulesFile(t, func(doc map[string]any) {
		doc["version"], doc["names"], doc["blocked_patterns"] = 7, "off", []string{"email:^nobody@"}
		namespaces, _ := doc["namespaces"].(map[string]any)
		for _, n := range []string{"email", "phone", "cookie", "device", "pay"} {
			rule, _ := namespaces[n].(map[string]any)
			rule["owners"] = 4
		}
		card, _ := namespaces["card"].(map[string]any)
		card["unique"] = false
	})
	changes := filepath.Join(t.TempDir(), "changes.csv")
	var trials []tried
	require.NoError(t, json.Unmarshal([]byte(i.must("rules", "try", file, "--csv", changes)), &trials))
	effect := trials[0].Effect
	want := i.solve(facts, file)
	require.Equal(t, len(before.Profiles), effect.PeopleBefore)
	require.Equal(t, len(want.Profiles), effect.PeopleAfter)
	require.NotZero(t, effect.Moved, "the rules change nobody: the test shows nothing")
	rows, err := os.ReadFile(changes)
	require.NoError(t, err)
	require.NotContains(t, string(rows), "@")
	i.sameAsStore(r, before) // nothing was changed

	i.killApply(file)
	i.sameAsStore(r, want) // cut short or not: every answer is by the new rules
	var done []applied
	require.NoError(t, json.Unmarshal([]byte(i.must("rules", "apply", file)), &done))
	require.NotZero(t, done[0].Components)
	i.sameAsStore(r, want)
	var shown []shownRules
	require.NoError(t, json.Unmarshal([]byte(i.must("rules", "show")), &shown))
	require.Equal(t, int64(7), shown[0].Rules.Version)
	require.Equal(t, []string{"email:^nobody@"}, shown[0].Rules.BlockedPatterns)
	i.must("identity", "export", "--space", i.space(), "--out", facts)
	i.sameAsStore(r, i.solve(facts, ""))

	older := rulesFile(t, func(doc map[string]any) { doc["version"] = 6 })
	out, err := i.do("rules", "apply", older)
	require.Error(t, err)
	require.Contains(t, out, "give it a higher one")
	fixed := rulesFile(t, func(doc map[string]any) { doc["version"], doc["max_degree"] = 9, 7 })
	for _, command := range []string{"try", "apply"} {
		out, err = i.do("rules", command, fixed)
		require.Error(t, err)
		require.Contains(t, out, "max_degree: is fixed for the life of a store, because")
	}
	require.NoError(t, r.stop(t, os.Interrupt), r.stderr.String())
}

// space is the one space of the demonstration.
func (i *installation) space() string {
	i.t.Helper()
	var shown []shownRules
	require.NoError(i.t, json.Unmarshal([]byte(i.must("rules", "show")), &shown))
	require.Len(i.t, shown, 1)
	return shown[0].Space
}

// killApply puts rules in force and is killed as soon as they are.
func (i *installation) killApply(file string) {
	i.t.Helper()
	path, err := program()
	require.NoError(i.t, err, path)
	cmd := exec.CommandContext(i.t.Context(), path, "--json", "--data", i.dir, "rules", "apply", file)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(i.t, cmd.Start())
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(i.must("rules", "show"), `"version":7`) {
		require.True(i.t, time.Now().Before(deadline), "the rules do not come into force: %s", out.String())
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// solve answers for a file of facts, offline.
func (i *installation) solve(facts, rules string) *identity.Answer {
	i.t.Helper()
	args := []string{"identity", "solve", facts}
	if rules != "" {
		args = append(args, "--rules", rules)
	}
	var answer identity.Answer
	require.NoError(i.t, json.Unmarshal([]byte(i.must(args...)), &answer))
	return &answer
}

// sameAsStore asks the running store for every identifier of an answer.
func (i *installation) sameAsStore(r *running, want *identity.Answer) {
	i.t.Helper()
	client, err := stateredis.Open(i.t.Context(), stateredis.Config{Addrs: r.in.Redis})
	require.NoError(i.t, err)
	defer func() { _ = client.Close() }()
	graph, err := resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
	require.NoError(i.t, err)
	key := func(name string) identifier.Key {
		n, digits, _ := strings.Cut(name, ":")
		value, err := hex.DecodeString(digits)
		require.NoError(i.t, err)
		return identifier.Key{Namespace: identifier.Namespace(n), Value: string(value)}
	}
	space := i.space()
	require.NotEmpty(i.t, want.Profiles)
	for naming, members := range want.Profiles {
		view, err := graph.View(i.t.Context(), space, []identifier.Key{key(members[0])}, want.Now)
		require.NoError(i.t, err)
		require.Equal(i.t, key(naming), view.Profile(key(members[0])).Canonical)
		require.Len(i.t, view.Profile(key(members[0])).Members, len(members))
		standing := want.Nobody[members[0]]
		if standing == "" {
			standing = identity.Clean.String()
		}
		require.Equal(i.t, standing, view.Standing(key(members[0])).String())
	}
}
