package main

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/schemas"
	"rcu/services/internal/boot"
)

// decide runs `rcu consent decide` with arguments over standard input.
func decide(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), boot.IO{Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out})
	return out.String(), err
}

func TestConsentDecide_example(t *testing.T) {
	facts, err := fs.ReadFile(schemas.Files, "consent/example.jsonl")
	require.NoError(t, err)
	want, err := fs.ReadFile(schemas.Files, "consent/example.answers.jsonl")
	require.NoError(t, err)
	got, err := decide(t, string(facts), "--json", "consent", "decide", "--at", "2026-06-01T12:00:00Z", "--known-at", "2026-06-01T12:00:00Z", "--family", "shoes", "-")
	require.NoError(t, err)
	require.Equal(t, string(want), got)

	ask := func(args ...string) string {
		t.Helper()
		args = append([]string{"consent", "decide", "--point", "email:marie@example.com", "--purpose", "marketing", "--channel", "email"}, append(args, "-")...)
		got, err := decide(t, string(facts), args...)
		require.NoError(t, err)
		_, rows, _ := strings.Cut(got, "retail")
		return strings.Join(strings.Fields(rows), " ")
	}
	require.Equal(t, "email:marie@example.com marketing email yes granted d1 2029-01-10T09:00:00Z", ask("--at", "2026-02-01T00:00:00Z"))
	require.Equal(t, "email:marie@example.com marketing email no withdrawn d2 -", ask("--at", "2026-03-02T00:00:00Z"))
	require.Equal(t, "email:marie@example.com marketing email yes granted d1 2029-01-10T09:00:00Z", ask("--at", "2026-03-02T00:00:00Z", "--known-at", "2026-03-04T00:00:00Z"), "the withdrawal was not known yet")
	require.Equal(t, "email:marie@example.com marketing email no withdrawn d2 -", ask("--at", "2026-06-02T00:00:00Z", "--event-at", "2026-02-01T00:00:00Z"), "allowed then, not now")
	require.Equal(t, "email:marie@example.com marketing email no unknown, then - -", ask("--at", "2026-02-01T00:00:00Z", "--event-at", "2026-01-01T00:00:00Z"), "a later grant makes nothing lawful")
}

// Bad input ends with exit code 2, as `rcu identity solve` does, and answers nothing.
func TestConsentDecide_badInput(t *testing.T) {
	good, err := fs.ReadFile(schemas.Files, "consent/example.jsonl")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"bad line":           {string(good) + "{}\n", nil, "line 29: field kind: is missing"},
		"other controller":   {string(good), []string{"--controller", "retail"}, "line 9: field controller"},
		"unknown purpose":    {string(good), []string{"--purpose", "fun"}, "--purpose"},
		"no such channel":    {string(good), []string{"--purpose", "profiling", "--channel", "sms"}, "--purpose"},
		"time without zone":  {string(good), []string{"--at", "yesterday"}, "--at"},
		"point without name": {string(good), []string{"--point", "marie@example.com"}, "--point"},
	} {
		out, err := decide(t, c.stdin, append(append([]string{"consent", "decide"}, c.args...), "-")...)
		var usage *boot.UsageError
		require.ErrorAs(t, err, &usage, name)
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, out, name)
	}
	_, err = decide(t, "", "consent", "decide", t.TempDir()+"/none.jsonl")
	var usage *boot.UsageError
	require.ErrorAs(t, err, &usage)
}
