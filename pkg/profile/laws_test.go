package profile_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/identity"
	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

// confluent: any order, repetition and batching gives the states of the plain order, byte for byte, and so the same profiles.
func confluent(h history) error {
	want, err := deliver(h, allOf(h), nil)
	if err != nil {
		return err
	}
	got, err := deliver(h, h.delivery, h.cuts)
	if err != nil {
		return err
	}
	for i := range want {
		if !bytes.Equal(want[i].Content(), got[i].Content()) {
			return fmt.Errorf("leaf %d of %d differs", i, len(want))
		}
	}
	slices.Reverse(got)
	p, q := profile.Combine(want), profile.Combine(got)
	if a, b := fmt.Sprintf("%+v", p), fmt.Sprintf("%+v", q); a != b {
		return fmt.Errorf("profiles differ:\n%s\n%s", a, b)
	}
	return nil
}

// survivorships are choices that an operator may make.
var survivorships = []profile.Survivorship{
	nil,
	{"*": {identity.Recency}},
	{"*": {identity.MostFrequent}},
	{"*": {identity.VerifiedFirst, identity.MostFrequent}},
	{"city": {identity.SourceTrust, identity.Recency}, "*": {identity.MostFrequent, identity.Recency}},
}

// surviving: whatever the operator's survivorship, the same values survive in any order of arrival and of leaves, and each is one that
// was said.
func surviving(h history) error {
	want, err := deliver(h, allOf(h), nil)
	if err != nil {
		return err
	}
	got, err := deliver(h, h.delivery, h.cuts)
	if err != nil {
		return err
	}
	slices.Reverse(got)
	for _, by := range survivorships {
		p, q := profile.CombineBy(want, by), profile.CombineBy(got, by)
		if a, b := fmt.Sprintf("%+v", p.Traits), fmt.Sprintf("%+v", q.Traits); a != b {
			return fmt.Errorf("by %v survive\n%s\n%s", by, a, b)
		}
	}
	return nil
}

func allOf(h history) []int {
	out := make([]int, len(h.events))
	for i := range out {
		out[i] = i
	}
	return out
}

type cell struct {
	currency string
	month    int32
	channel  eventpb.Channel
}

// recomputed sums the set of events the plain way: a ticket or order once, none that was taken back.
func recomputed(h history) map[cell]profile.Sum {
	retracted, gone := map[string]bool{}, map[string]bool{}
	for _, e := range h.events {
		if r := e.GetEventRetracted(); r != nil {
			retracted[r.RetractedId] = true
		}
	}
	fact := func(e *eventpb.Event) string {
		if e.Type != profile.TypeReturn && len(e.References) > 0 {
			return e.Type + string(e.References[0].Pseudonym)
		}
		return e.Id
	}
	for _, e := range h.events {
		if retracted[e.Id] {
			gone[fact(e)] = true
		}
	}
	out, done := map[cell]profile.Sum{}, map[string]bool{}
	for _, e := range h.events {
		if !money(e) || gone[fact(e)] || done[fact(e)] {
			continue
		}
		done[fact(e)] = true
		var total *eventpb.Money
		sign := profile.Sum{Sales: 1, Tickets: 1}
		switch e.Type {
		case profile.TypeSale:
			total = e.GetSale().Total
		case profile.TypeOrderPlaced:
			total = e.GetOrderPlaced().Total
		case profile.TypeReturn:
			total, sign = e.GetReturn().Total, profile.Sum{Returns: 1}
		}
		k := cell{total.Currency, profile.Month(e.OccurredAt, e.Zone), e.Channel}
		x := out[k]
		out[k] = profile.Sum{Sales: x.Sales + sign.Sales*total.Minor, Returns: x.Returns + sign.Returns*total.Minor, Tickets: x.Tickets + sign.Tickets}
	}
	maps.DeleteFunc(out, func(_ cell, s profile.Sum) bool { return s == profile.Sum{} })
	return out
}

// conserved: over all profiles, however the leaves are assigned, the sums are those of the distinct events.
func conserved(h history) error {
	states, err := deliver(h, h.delivery, h.cuts)
	if err != nil {
		return err
	}
	parts := map[int][]*profile.State{}
	for i, s := range states {
		parts[h.profiles[i]] = append(parts[h.profiles[i]], s)
	}
	got := map[cell]profile.Sum{}
	for _, leaves := range parts {
		p := profile.Combine(leaves)
		for _, s := range p.Spend {
			k := cell{s.Currency, s.Month, s.Channel}
			x := got[k]
			got[k] = profile.Sum{Sales: x.Sales + s.Sales, Returns: x.Returns + s.Returns, Tickets: x.Tickets + s.Tickets}
		}
	}
	if want := recomputed(h); !maps.Equal(got, want) {
		return fmt.Errorf("sums %v, want %v", got, want)
	}
	return nil
}

// fenced: an offset that was folded is fenced and changes nothing, even where the event itself is no longer known.
func fenced(h history) error {
	s := &profile.State{}
	at := func(n int) profile.SourceOffset {
		return profile.SourceOffset{LogID: "log", Topic: "rcu.events.store", Partition: 3, Offset: int64(n)}
	}
	for n, i := range h.delivery {
		s.Fold(profile.Folding{Event: h.events[i], Traits: traits(h.events[i]), Offset: at(n)})
	}
	s.Forget()
	before := s.Encode()
	for n, i := range h.delivery {
		if out := s.Fold(profile.Folding{Event: h.events[i], Traits: traits(h.events[i]), Offset: at(n)}); out != profile.Fenced {
			return fmt.Errorf("offset %d again: %s", n, out)
		}
	}
	if !bytes.Equal(before, s.Encode()) {
		return errors.New("a fenced event changed the state")
	}
	return nil
}

var laws = map[string]struct {
	versions bool
	holds    func(history) error
}{
	"confluent": {true, confluent},
	"conserved": {false, conserved},
	"fenced":    {false, fenced},
	"surviving": {true, surviving},
	"emptied":   {true, emptied},
	"offering":  {true, offering},
}

func TestLaws(t *testing.T) {
	for _, small := range []bool{false, true} {
		for name, law := range laws {
			if small && name == "offering" {
				continue // points of sales are remembered as long as the sale is in full
			}
			t.Run(fmt.Sprintf("%s small=%t", name, small), func(t *testing.T) {
				if small {
					smallLimits(t)
				}
				rapid.Check(t, func(rt *rapid.T) {
					if err := law.holds(histories(law.versions).Draw(rt, "history")); err != nil {
						rt.Fatal(err)
					}
				})
			})
		}
	}
}

// smallLimits makes nearly every event leave the log, so that the short form is what is tested.
func smallLimits(t testing.TB) {
	t.Helper()
	profile.SetLimits(t, func(l *profile.Limits) { l.Log, l.Tail = 3, 64 })
}

// Every planted fault breaks a law.
func TestPlantedFaultsAreCaught(t *testing.T) {
	for fault, law := range map[string]string{
		"currencies summed":           "conserved",
		"double fold":                 "conserved",
		"fence ignored":               "fenced",
		"tickets known by id only":    "conserved",
		"early retraction lost":       "conserved",
		"trait of the last arrival":   "confluent",
		"first version of a ticket":   "confluent",
		"survivor of the last leaf":   "surviving",
		"what left the log is forgot": "conserved",
		"offers of what is gone stay": "offering",
		"emptying counts as a value":  "emptied",
		"emptying is for good":        "emptied",
	} {
		t.Run(fault, func(t *testing.T) {
			if law != "offering" {
				smallLimits(t)
			}
			gen := histories(laws[law].versions)
			require.NoError(t, firstBroken(gen, laws[law].holds), "without the fault")
			profile.Plant(t, fault)
			assert.Error(t, firstBroken(gen, laws[law].holds))
		})
	}
}

func firstBroken(gen *rapid.Generator[history], law func(history) error) error {
	for seed := range 60 {
		if err := law(gen.Example(seed)); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}
