package demo

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/schemas"
)

var until = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func baseOf(t *testing.T, seed uint64, customers, events int) (lines []Event, truth Truth) {
	t.Helper()
	b, err := NewBase(BaseConfig{Seed: seed, Customers: customers, Events: events, Until: until})
	require.NoError(t, err)
	for e, _, ok := b.Next(); ok; e, _, ok = b.Next() {
		lines = append(lines, e)
	}
	return lines, b.Truth()
}

// TestBase_sameSeedSameLines also counts from the lines what the truth says of them.
func TestBase_sameSeedSameLines(t *testing.T) {
	lines, truth := baseOf(t, 1, 2_500, 9_000)
	again, same := baseOf(t, 1, 2_500, 9_000)
	require.Equal(t, lines, again)
	require.Equal(t, truth, same)
	other, _ := baseOf(t, 2, 2_500, 9_000)
	require.NotEqual(t, lines[0].JSON, other[0].JSON)

	seen, sums, customers, decisions := map[string]bool{}, map[string]int64{}, 0, 0
	for _, e := range lines {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		var x struct {
			Type    string
			Consent []json.RawMessage
			Data    struct {
				Total struct {
					Amount   int64
					Currency string
				}
			}
		}
		require.NoError(t, json.Unmarshal(e.JSON, &x))
		if decisions += len(x.Consent); x.Type == "customer.recorded" {
			customers++
			continue
		}
		sums[x.Type+"/"+x.Data.Total.Currency] += x.Data.Total.Amount
	}
	require.Len(t, lines, 9_000)
	require.Len(t, seen, truth.Distinct())
	require.Equal(t, 9_000-8, truth.Distinct(), "every thousandth line is a repetition")
	require.Equal(t, sums, truth.Sums)
	require.Equal(t, customers, truth.Customers)
	require.Equal(t, 2_500-2, customers)
	require.Equal(t, decisions, truth.Decisions)
	require.InDelta(t, 45, len(truth.Samples), 5)
}

// TestBase_linesAreEvents decodes every line by the contracts of its channel.
func TestBase_linesAreEvents(t *testing.T) {
	decoder, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	origins := map[string]*event.Origin{}
	for _, s := range BaseSources() {
		zone, err := time.LoadLocation(s.Zone)
		require.NoError(t, err)
		origins[s.Name] = &event.Origin{Space: s.Space, Controller: s.Controller, Source: s.Name, Channel: event.ChannelOf(s.Channel), Zone: zone, Country: s.Country, Currency: s.Currency}
	}
	lines, _ := baseOf(t, 1, 500, 2_000)
	first, last := until, time.Time{}
	for _, e := range lines {
		require.NotNil(t, origins[e.Source], e.Source)
		d, no := decoder.Decode(e.JSON, origins[e.Source], until)
		require.Nil(t, no, "%+v: %s", no, e.JSON)
		require.Empty(t, d.Dropped(), "%s", e.JSON)
		require.Empty(t, d.NotIdentifiers(), "%s", e.JSON)
		if e.Type != "customer.recorded" && e.At.Before(first) {
			first = e.At
		}
		if e.At.After(last) {
			last = e.At
		}
	}
	require.Equal(t, 2021, first.Year())
	require.False(t, last.After(until))
}

func TestBaseConfig_validate(t *testing.T) {
	for _, bad := range []BaseConfig{
		{},
		{Customers: 2, Events: 1, Until: until},
		{Customers: MaxBase + 1, Events: MaxBase + 1, Until: until},
		{Customers: 1, Events: 1},
		{Customers: 1, Events: 1, Until: until, Years: 21},
	} {
		require.Error(t, bad.Validate(), "%+v", bad)
	}
}
