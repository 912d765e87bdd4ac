package profile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event/registry"
	"rcu/pkg/profile"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

func TestActs_areThoseOfTheRegister(t *testing.T) {
	r, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	require.ElementsMatch(t, r.Activity.Types, profile.Acts())
}

// What a person does is a sign of life, what the company does is none; an event that was taken back never happened.
func TestLastAct(t *testing.T) {
	day := func(n int) int64 { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC).Unix() }
	fold := func(s *profile.State, id, typ string, at int64, change func(*eventpb.Event)) {
		e := &eventpb.Event{
			Id: id, Source: "x", Space: "s", Controller: "shop", Type: typ, Channel: eventpb.Channel_CHANNEL_WEB, OccurredAt: at * 1e6, ReceivedAt: at * 1e6,
		}
		if change != nil {
			change(e)
		}
		s.Fold(profile.Folding{Event: e})
	}
	var s profile.State
	require.Zero(t, profile.LastAct([]*profile.State{&s}))
	fold(&s, "1", profile.TypeOrderPlaced, day(1), nil)
	fold(&s, "2", profile.TypeOrderState, day(2), nil)
	fold(&s, "3", profile.TypeRecorded, day(3), nil)
	require.Equal(t, day(1), s.LastAct())
	fold(&s, "4", profile.TypeLoggedIn, day(4), nil)
	require.Equal(t, day(4), s.LastAct())
	fold(&s, "5", profile.TypeRetracted, day(5), func(e *eventpb.Event) {
		e.Data = &eventpb.Event_EventRetracted{EventRetracted: &eventpb.EventRetracted{RetractedId: "4"}}
	})
	require.Equal(t, day(1), s.LastAct())
	for n := range 200 { // more than are remembered in full
		fold(&s, string(rune('a'+n)), profile.TypeCall, day(6)+int64(n), nil)
	}
	require.Equal(t, day(6)+199, s.LastAct())
	again, err := profile.Decode(s.Encode())
	require.NoError(t, err)
	require.Equal(t, day(6)+199, profile.LastAct([]*profile.State{again}))
}
