package statetest

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// Export checks that an export, its lines in any order, solves to what the store answers.
func Export(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 31))
	f := identitytest.History(rng, Large)
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(ctx, []*resolve.Graph{g}, space, f, rng); err != nil {
		t.Fatal(err)
	}
	if err := SweepAll(ctx, g, space, f.Now); err != nil {
		t.Fatal(err)
	}
	lines := exportAgrees(t, g, space, f, seed, false)
	if _, err := identity.Solve(strings.NewReader(strings.Join(lines[1:], "")), nil); err == nil && len(lines) > 1 {
		t.Fatalf("seed %d: an export without a line is taken", seed)
	}
}

// exportAgrees exports a graph, checks that the lines, in any order, solve to what it answers, and returns them.
func exportAgrees(t testing.TB, g *resolve.Graph, space string, f *identity.Facts, seed uint64, erased bool) []string {
	t.Helper()
	ctx, rng := t.Context(), rand.New(rand.NewPCG(seed, 37))
	want, _, err := Answer(ctx, g, space, f)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	written, err := g.Export(ctx, space, f.Now, &out, exportName, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSpace(out.String()), "\n")
	if int64(len(lines)) != written {
		t.Fatalf("seed %d: %d lines are written, %d are told", seed, len(lines), written)
	}
	lines[len(lines)-1] += "\n"
	rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	got, err := identity.Solve(strings.NewReader(strings.Join(lines, "")), nil)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	plain := unnamed(got)
	want.Folds = plain.Folds // an export holds what joins people, not what they did
	oracle := identitytest.Ask(f)
	for pair, outcome := range want.Edges { // a full end does not store its refused edges, so it does not judge them again
		a, b, _ := strings.Cut(pair, "|")
		if strings.HasPrefix(outcome, "refused") && strings.HasPrefix(plain.Edges[pair]+"refused", "refused") && (oracle.Full(a) || oracle.Full(b)) {
			delete(want.Edges, pair)
			delete(plain.Edges, pair)
		}
	}
	for naming, members := range want.Profiles { // left alone by somebody who was erased: seen at a time, and beside nobody
		if erased && len(members) == 1 && plain.Profiles[naming] == nil {
			delete(want.Profiles, naming)
			delete(want.Nobody, naming)
		}
	}
	if diff := cmp.Diff(want, plain); diff != "" {
		t.Fatalf("seed %d (-store +export): %s", seed, diff)
	}
	return lines
}

func exportName(k identifier.Key) string {
	return string(k.Namespace) + ":" + hex.EncodeToString([]byte(k.Value))
}

// unnamed puts the values back for their names.
func unnamed(a *identity.Answer) *identity.Answer {
	value := func(name string) string {
		_, digits, _ := strings.Cut(name, ":")
		raw, _ := hex.DecodeString(digits)
		return string(raw)
	}
	out := &identity.Answer{Now: a.Now, Profiles: map[string][]string{}, Edges: map[string]string{}, Nobody: map[string]string{}, Folds: a.Folds}
	for naming, members := range a.Profiles {
		for _, m := range members {
			out.Profiles[value(naming)] = append(out.Profiles[value(naming)], value(m))
		}
	}
	for pair, outcome := range a.Edges {
		x, y, _ := strings.Cut(pair, "|")
		out.Edges[value(x)+"|"+value(y)] = outcome
	}
	for v, standing := range a.Nobody {
		out.Nobody[value(v)] = standing
	}
	return out
}
