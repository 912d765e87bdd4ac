package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

// offering: of whatever was taken back under one of its ids, and of nothing else, all points are told at which it permitted offers, in any order.
func offering(h history) error {
	states, err := deliver(h, h.delivery, h.cuts)
	if err != nil {
		return err
	}
	retracted, fact := map[string]bool{}, func(e *eventpb.Event) string {
		if (e.Type == profile.TypeSale || e.Type == profile.TypeOrderPlaced) && len(e.References) > 0 {
			return e.Type + string(e.References[0].Pseudonym)
		}
		return e.Id
	}
	for _, e := range h.events {
		if r := e.GetEventRetracted(); r != nil {
			i := slices.IndexFunc(h.events, func(o *eventpb.Event) bool { return o.Id == r.RetractedId })
			retracted[fact(h.events[i])] = true
		}
	}
	offered := map[string][]string{}
	for _, e := range h.events {
		for _, o := range e.Offered {
			if retracted[fact(e)] {
				offered[fact(e)] = append(offered[fact(e)], string(o.Pseudonym))
			}
		}
	}
	for _, e := range h.events {
		if e.GetEventRetracted() != nil {
			continue
		}
		var told []string
		for _, s := range states {
			points, _ := s.TakenBack(e.Source, e.Id)
			for _, k := range points {
				told = append(told, k.Value)
			}
		}
		want := slices.Clone(offered[fact(e)])
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(told, want) {
			return fmt.Errorf("%s tells %d points, not %d", e.Id, len(told), len(want))
		}
	}
	return nil
}

// A sale keeps its references apart from the points at which it permits offers, and no more of these than it may.
func TestOffersAreNoReferences(t *testing.T) {
	e := sale("s1", "0017", day0, 100, "EUR")
	for i := range 20 {
		e.Offered = append(e.Offered, &eventpb.Identifier{Namespace: string(identifier.Phone), Pseudonym: pseudo(strings.Repeat("1", i))})
	}
	var s profile.State
	s.Fold(profile.Folding{Event: e})
	s.Fold(profile.Folding{Event: retract("r1", e)})
	again, err := profile.Decode(s.Encode())
	require.NoError(t, err)
	points, at := again.TakenBack(e.Source, e.Id)
	require.Len(t, points, 16)
	require.Equal(t, e.OccurredAt, at)
	before, _ := s.TakenBack(e.Source, e.Id)
	require.Equal(t, before, points)
	require.Len(t, again.Log(), 1)
	require.Equal(t, s.Log()[0].Refs, again.Log()[0].Refs)
	require.Len(t, again.Log()[0].Refs, 1)
}
