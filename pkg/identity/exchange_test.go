package identity_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rcu/pkg/identity"
)

// Confluence through the exchange format, its lines in any order and repeated.
func TestLawExchangeLinesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		f.Rules.BlockedPatterns = nil // they match plain values, whatever a collector stamped
		for i := range f.Events {
			f.Events[i].Leaf = nil // lines tell none
		}
		want := solve(t, f)
		lines := exchange(f)
		lines = append(lines, lines[:len(lines)/2]...)
		seed := rapid.Uint64().Draw(t, "order")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, err := identity.Solve(strings.NewReader(strings.Join(lines, "\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// exchange writes a history as lines.
func exchange(f *identity.Facts) []string {
	var out []string
	add := func(v map[string]any) {
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(v); err != nil {
			panic(err)
		}
		out = append(out, strings.TrimSpace(b.String()))
	}
	add(map[string]any{"kind": "rules", "rules": f.Rules})
	add(map[string]any{"kind": "now", "t": f.Now})
	for _, e := range f.Events {
		ids, stamps, matches := []string{}, map[string]int64{}, map[string][]string{}
		for i, k := range e.Keys {
			ids, stamps[k.Value] = append(ids, k.Value), e.Stamps[i]
			if i < len(e.Matches) {
				for _, id := range e.Matches[i] {
					matches[k.Value] = append(matches[k.Value], fmt.Sprintf("%016x", uint64(id)))
				}
			}
		}
		class := "core"
		if e.Behaviour {
			class = "behaviour"
		}
		add(map[string]any{
			"kind": "event", "id": e.ID, "t": e.T, "ids": ids, "class": class, "stated": e.Stated, "shared": e.Shared, "stamps": stamps, "matches": matches,
			"claim": map[string]any{"g": e.Claim.Given, "f": e.Claim.Family, "b": e.Claim.Birth}, "amount": e.Amount,
		})
	}
	for _, d := range f.Decisions {
		dec := "grant"
		if d.Denies() {
			dec = "deny"
		}
		purpose := [...]string{"unify_core", "unify_behaviour"}[d.Purpose]
		add(map[string]any{
			"kind": "decision", "id": d.ID, "t": d.At, "point": d.Point.Value, "purpose": purpose, "dec": dec, "exp": d.Expires, "carried": d.Carried,
		})
	}
	for _, a := range f.Acts {
		op := [...]string{"", "ban", "together", "clear", "quarantine", "release", "auto"}[a.Op]
		add(map[string]any{"kind": "act", "id": a.ID, "t": a.T, "op": op, "a": a.A.Value, "b": a.B.Value})
	}
	for _, m := range f.Matches {
		records := []string{hex.EncodeToString([]byte(m.Records[0])), hex.EncodeToString([]byte(m.Records[1]))}
		add(map[string]any{"kind": "match", "id": m.ID, "at": m.At, "a": m.A.Value, "b": m.B.Value, "records": records, "millionths": m.Millionths})
	}
	return out
}
