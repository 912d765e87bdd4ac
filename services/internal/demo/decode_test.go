package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

// origins are the sources as the ingestors know them.
func origins(t *testing.T) map[string]*event.Origin {
	t.Helper()
	out := map[string]*event.Origin{}
	for _, s := range Sources() {
		zone, err := time.LoadLocation(s.Zone)
		require.NoError(t, err)
		out[s.Name] = &event.Origin{
			Space: s.Space, Controller: s.Controller, Source: s.Name, Channel: event.ChannelOf(s.Channel), Brand: s.Brand, Store: s.Store,
			Zone: zone, Country: s.Country, Currency: s.Currency, Trust: eventpb.Trust_TRUST_STATED, SharedDevice: s.SharedDevice,
		}
	}
	return out
}

func accepted(t *testing.T, d *event.Decoder, o map[string]*event.Origin, e Event, now time.Time) {
	t.Helper()
	draft, no := d.Decode(e.JSON, o[e.Source], now)
	if no != nil {
		t.Fatalf("%s rejected at %s: %s (%s)\n%s", e.Type, no.Field, no.Reason, no.Fix, e.JSON)
	}
	require.Empty(t, draft.Dropped(), string(e.JSON))
	require.Empty(t, draft.NotIdentifiers(), string(e.JSON))
	require.Zero(t, draft.Surplus())
}

func TestEveryEventIsTakenAsItIs(t *testing.T) {
	d, err := event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	o := origins(t)
	cfg := Default()
	for e := range func(yield func(Event) bool) {
		for _, e := range history(t, cfg) {
			if !yield(e) {
				return
			}
		}
		l := NewLoad(LoadConfig{Seed: 3, Start: cfg.From})
		for _, e := range l.Grants(50) {
			if !yield(e) {
				return
			}
		}
		for range 3000 {
			if !yield(l.Next()) {
				return
			}
		}
	} {
		accepted(t, d, o, e, cfg.To)
	}
}
