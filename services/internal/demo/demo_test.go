package demo

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func history(t *testing.T, cfg Config) []Event {
	t.Helper()
	g, err := New(cfg)
	require.NoError(t, err)
	out := make([]Event, 0, g.Len())
	for e := range g.All() {
		out = append(out, e)
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	a, b := history(t, Default()), history(t, Default())
	require.Equal(t, a, b)
	other := Default()
	other.Seed = 2
	require.NotEqual(t, a, history(t, other))
}

func TestHistoryHasEveryKindOfEventAndTrouble(t *testing.T) {
	kinds, channels := map[string]int{}, map[string]int{}
	bodies := map[string][]byte{}
	retracted, repeated, late, anonymous, decisions := 0, 0, 0, 0, map[string]int{}
	last := time.Time{}
	orderOnly, orders, returnFirst := 0, map[string]bool{}, 0
	for _, e := range history(t, Default()) {
		require.False(t, e.At.Before(last), "in the order of sending")
		last = e.At
		var env envelope
		require.NoError(t, json.Unmarshal(e.JSON, &env))
		kinds[env.Type]++
		channels[e.Channel]++
		key := e.Source + "/" + e.ID
		if old, ok := bodies[key]; ok {
			repeated++
			require.Equal(t, string(old), string(e.JSON), "a repetition has the same bytes")
		}
		bodies[key] = bytes.Clone(e.JSON)
		occurred, err := time.Parse(time.RFC3339, env.OccurredAt)
		require.NoError(t, err)
		if e.At.Sub(occurred) > time.Hour && env.Type != "event.retracted" {
			late++
		}
		if e.Person < 0 {
			anonymous++
		}
		for _, d := range env.Consent {
			decisions[d.Decision]++
		}
		for _, id := range env.Identifiers {
			if id.Namespace == "order" && env.Type == "order.placed" {
				orders[id.Value] = true
			}
			if env.Type == "return" && id.Namespace == "order" && len(env.Identifiers) == 1 {
				orderOnly++
				if !orders[id.Value] {
					returnFirst++
				}
			}
		}
		if env.Type == "event.retracted" {
			retracted++
		}
	}
	t.Log(kinds, channels, "retracted", retracted, "repeated", repeated, "late", late, "anonymous", anonymous, decisions, "returns by order number", orderOnly, "before the order", returnFirst)
	for _, k := range []string{
		"sale", "return", "loyalty.enrolled", "loyalty.card_replaced", "page.viewed", "product.viewed", "basket.updated", "order.placed", "account.logged_in",
		"app.opened", "screen.viewed", "call.ended", "case.opened", "case.closed", "identifier.provided", "order.state_changed", "consent.decided", "customer.recorded", "event.retracted",
	} {
		require.Positive(t, kinds[k], k)
	}
	for _, c := range []string{Store, Web, Mobile, CallCentre} {
		require.Positive(t, channels[c], c)
	}
	for what, n := range map[string]int{
		"retracted": retracted, "repeated": repeated, "late": late, "anonymous": anonymous, "granted": decisions["grant"], "withdrawn": decisions["withdraw"],
		"refused": decisions["refuse"], "returns by order number": orderOnly, "returns before their order": returnFirst,
	} {
		require.Positive(t, n, what)
	}
}

func TestSkewMakesFewCustomersBusy(t *testing.T) {
	share := func(skew float64) float64 {
		cfg := Default()
		cfg.Skew, cfg.Journeys = skew, 3000
		count, all := map[int]int{}, 0
		for _, e := range history(t, cfg) {
			count[e.Person]++
			all++
		}
		top := 0
		for p := range 25 {
			top += count[p]
		}
		return float64(top) / float64(all)
	}
	require.Greater(t, share(1.2), 3*share(0))
}

func TestValidateNamesEveryProblem(t *testing.T) {
	_, err := New(Config{Skew: 0.5})
	for _, want := range []string{"people", "to", "skew"} {
		require.ErrorContains(t, err, want)
	}
}

func TestLoadIsEndlessAndItsIdsAreDistinct(t *testing.T) {
	l := NewLoad(LoadConfig{Seed: 7, Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	seen := map[string]bool{}
	for range 5000 {
		e := l.Next()
		require.False(t, seen[e.ID])
		seen[e.ID] = true
		require.True(t, json.Valid(e.JSON))
	}
	orders := NewLoad(LoadConfig{Seed: 8, Mix: OrdersOnly()})
	require.Equal(t, "order.placed", orders.Next().Type)
	require.Len(t, orders.Grants(10), 10)
}

func BenchmarkLoad(b *testing.B) {
	l := NewLoad(LoadConfig{Seed: 7})
	b.ReportAllocs()
	for b.Loop() {
		l.Next()
	}
}

func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		g, err := New(Default())
		if err != nil {
			b.Fatal(err)
		}
		for range g.All() {
		}
	}
}
