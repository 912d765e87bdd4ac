package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/demo"
)

func TestSumMetric_addsTheLinesOfOneName(t *testing.T) {
	const text = "# HELP rcu_x_total x\nrcu_x_total{outcome=\"folded\",a=\"1\"} 3\nrcu_x_total{outcome=\"conflict\"} 2\nrcu_x_total_more 9\nrcu_y 1\n"
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{{"rcu_x_total", nil, 5}, {"rcu_x_total", []string{`outcome="folded"`}, 3}, {"rcu_y", nil, 1}, {"rcu_z", nil, 0}} {
		got, err := sumMetric(strings.NewReader(text), tt.name, tt.labels)
		require.NoError(t, err)
		require.InDelta(t, tt.want, got, 0, tt.name)
	}
}

func TestKindOf_readsTheBeginningOfAKey(t *testing.T) {
	for key, want := range map[string]string{
		"{maison}:p:x": "p:", "{maison}:c:x": "c:", "{maison}:out": "", "l:maison:c:00": "l:", "li:maison:00": "li:", "lo:maison:00": "lo:",
		"r:maison:00": "r:", "cr:maison:c:00": "cr:", "k:maison:c:00": "k:", "pv:maison": "",
	} {
		require.Equal(t, want, kinds[kindOf(key)].prefix, key)
	}
}

func TestPack_losesNoEventAndMixesNoSources(t *testing.T) {
	events := take(demo.NewLoad(demo.LoadConfig{Seed: 1, People: 50}), 1000)
	n := 0
	for _, r := range pack(events, 64) {
		require.LessOrEqual(t, r.events, 64)
		require.Equal(t, r.events, strings.Count(string(r.body), "\n"))
		n += r.events
	}
	require.Equal(t, len(events), n)
}

func TestAgain_takesWhatIsToBeSentAgainAndRefusesTheRest(t *testing.T) {
	r := &request{channel: demo.Web, source: "shop-fr", body: []byte("a\nb\nc\n"), events: 3}
	var a answer
	require.NoError(t, json.Unmarshal([]byte(`{"rejected":1,"results":[{"index":0,"status":"accepted"},{"index":1,"status":"rejected","reason":"consent_unavailable","retry":true}]}`), &a))
	again, err := a.again(r)
	require.NoError(t, err)
	require.Equal(t, "b\n", string(again.body))
	require.Equal(t, 1, again.events)

	a.Results[1].Retry = false
	_, err = a.again(r)
	require.ErrorContains(t, err, "consent_unavailable")
}

func TestSpreadAndThirdsTellWhatGrows(t *testing.T) {
	var took []time.Duration
	for i := 100; i > 0; i-- {
		took = append(took, time.Duration(i)*time.Millisecond)
	}
	require.Equal(t, spread{Count: 100, P50: 51, P99: 100, Max: 100}, spreadOf(took))
	require.Zero(t, spreadOf(nil))

	var growing []backlog
	for i := range 9 {
		growing = append(growing, backlog{Sink: int64(i)})
	}
	require.Equal(t, [3]float64{1, 4, 7}, thirds(growing, func(b backlog) int64 { return b.Sink }))
	require.Zero(t, thirds(growing[:2], func(b backlog) int64 { return b.Sink }))
}

func TestPartsWatch_countsAPartOnce(t *testing.T) {
	w := newPartsWatch(nil)
	for range 2 { // it is seen again and again
		require.NoError(t, w.take([]string{"events", "202611_1_1_0", "0", "10", "2000000", "1"}))
		require.NoError(t, w.take([]string{"events", "202611_2_2_0", "0", "5", "1000000", "0"}))
		require.NoError(t, w.take([]string{"events", "202611_1_2_1", "1", "15", "3000000", "1"}))
		require.NoError(t, w.take([]string{"orders", "202611_1_2_1", "1", "7", "1000000", "1"}))
	}
	require.Equal(t, []written{
		{Table: "events", Inserts: 2, Rows: 15, MB: 3, Merges: 1, Again: 15, AgainMB: 3},
		{Table: "orders", Merges: 1, Again: 7, AgainMB: 1},
	}, w.all())
}
