package identity_test

import (
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
)

// Each test is the smallest history on which a simpler variant of the kernel goes wrong. Those that concern commits, workers
// and the outbox are tests of resolve. Tell solves in many orders and compares with the oracle.

func loose(r *identity.Rules) {
	for n, rule := range r.Namespaces {
		rule.Owners *= 5
		r.Namespaces[n] = rule
	}
	r.Claims = 40
}

func TestCounterexample01_JoinInArrivalOrder(t *testing.T) {
	NewStory(loose).Core(1, "U1 m").Core(2, "U2 m").Tell(t).People("U1 m", "U2").Edge("U2", "m", "refused:unique")
}

func TestCounterexample03_HubIsAnIdentifierNotAProfile(t *testing.T) {
	NewStory().Core(1, "m K").Core(2, "m U").Core(3, "K U").Tell(t).People("m K U").Standing("m", identity.Clean)
}

func TestCounterexample04_OneWitnessPerGrant(t *testing.T) {
	NewStory().Page(5, "c U", 0).Grant(10, "c", 0).Page(12, "c U", 10).Tell(t).People("c U")
}

func TestCounterexample05_DenialsAreRemembered(t *testing.T) {
	NewStory().Grant(1, "c", 0).Withdraw(5, "c").Page(6, "c U", 1, Worth(7)).Grant(10, "c", 0).Tell(t).
		People("c", "U").Edge("c", "U", "refused:permission").Sum("nobody:c", 7).Sum("U", 0)
}

func TestCounterexample06_CapIsAPropertyOfTheComponent(t *testing.T) {
	small := func(r *identity.Rules) { r.MaxNodes = 3 }
	NewStory(small).Core(1, "y1 y2").Core(1, "y2 y3").Core(1, "y3 y4").Tell(t).
		People("y1", "y2", "y3", "y4").Edge("y1", "y2", "refused:overflow")
}

func TestCounterexample07_FullIsForGood(t *testing.T) {
	narrow := func(r *identity.Rules) { r.MaxDegree = 3 }
	NewStory(narrow).Core(10, "p m1").Core(1, "p m1").Core(5, "p m2").Core(6, "p m3").Tell(t).
		People("p", "m1", "m2", "m3").Standing("p", identity.Quarantined)
	NewStory(narrow).Core(10, "p m1").Core(1, "p m1").Core(5, "p m2").Tell(t).People("p m1 m2")
}

func TestCounterexample10_NamesAreNoAliases(t *testing.T) {
	told := NewStory().Core(1, "m").Core(2, "m K").Act(3, identity.Ban, "m", "K").Tell(t).People("m", "K")
	if got := told.Of("m"); got != "m" {
		t.Errorf("the id of m leads to %s", got)
	}
}

func TestCounterexample11_TheStrongestNamesTheProfile(t *testing.T) {
	s := NewStory().Grant(1, "c", 0).Page(2, "c m", 1).Core(3, "m U")
	if got := s.Tell(t).People("c m U").Of("c"); got != "U" {
		t.Errorf("the profile is named after %s", got)
	}
	told := s.Withdraw(5, "c").Tell(t).People("c", "m U")
	if told.Of("m") != "U" || told.Of("c") != "c" {
		t.Error("the customer's id left with the device")
	}
}

func TestCounterexample12_BrowsingGoesToTheDevice(t *testing.T) {
	NewStory().Grant(1, "c", 0).Page(2, "c U", 1, Worth(5)).Tell(t).Sum("U", 5)
	NewStory().Grant(1, "c", 0).Page(2, "c U", 1, Worth(5)).Withdraw(5, "c").Tell(t).Sum("U", 0).Sum("nobody:c", 5)
}

func TestCounterexample13_ALeafHasTwoIdentifiers(t *testing.T) {
	NewStory().Core(1, "m y", Worth(30)).Core(2, "m K1").Core(3, "m K2").Core(4, "y K7").Tell(t).
		People("y K7", "m").Sum("K7", 30)
}

func TestCounterexample14_WindowsLookAtFirstSightings(t *testing.T) {
	s := NewStory()
	for i, m := range []string{"m1", "m2", "m3", "m4", "m5", "m6"} {
		s.Core(int64(1+10*i)*Day, "U "+m)
	}
	for _, now := range []int64{100 * Day, 500 * Day} {
		s.At(now).Tell(t).People("U m1 m2 m3 m4 m5", "m6").Edge("U", "m6", "refused:limit")
	}
	s.Core(400*Day, "U m7").At(500*Day).Tell(t).People("U m1 m2 m3 m4 m5 m7", "m6")
}

func TestCounterexample15_EveryPairIsAnEdge(t *testing.T) {
	s := NewStory()
	for i, k := range []string{"K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9"} {
		s.Core(int64(i+1), "U "+k)
	}
	s.Core(20, "U m p").Tell(t).People("U", "m p").Standing("U", identity.Quarantined)
}

func TestCounterexample18_OwnersAreCountedInTheRawEvidence(t *testing.T) {
	NewStory().Grant(1, "c", 0).Page(2, "c U1", 1).Page(3, "c U2", 1).Page(4, "c", 1, Worth(9)).Object(5, "U2").Tell(t).
		People("c", "U1", "U2").Sum("U1", 0).Sum("nobody:c", 9)
}

func TestCounterexample19_GreedyNotBestAtBothEnds(t *testing.T) {
	NewStory().Core(1, "U2 K1").Core(2, "U1 K1").Core(3, "U1 K2").Tell(t).People("U2 K1", "U1 K2")
}

func TestCounterexample20_BlockedValuesAreKept(t *testing.T) {
	s := NewStory(func(r *identity.Rules) { r.Blocked = map[string]bool{K("m").Value: true} }).Core(1, "m K")
	s.Tell(t).People("m", "K").Standing("m", identity.Blocked).Edge("m", "K", "refused:blocked")
	s.Facts().Rules.Blocked = nil
	s.Tell(t).People("m K")
}

func TestCounterexample21_LeavesDoNotDependOnRules(t *testing.T) {
	e := &identity.Event{T: 1, Keys: []identifier.Key{K("K"), K("U")}}
	if l := identity.LeafOf(e); l.First != K("U") {
		t.Errorf("leaf %v", l)
	}
	swapped := identity.DefaultRules()
	Change(identifier.Card, func(r *identity.NamespaceRule) { r.Rank = 0 })(&swapped)
	if identity.DefaultRules().FixedDiffers(swapped) == "" {
		t.Error("the namespace order may be reloaded")
	}
}

func TestCounterexample22_DecisionsOnUnknownDevicesAreKept(t *testing.T) {
	NewStory().Grant(1, "c", 0).Page(2, "c U", 1).Tell(t).People("c U")
	NewStory().Page(2, "c U", 1).Grant(1, "c", 0).Tell(t).People("c U")
}

func TestCounterexample24_StandingReachesOlderEdges(t *testing.T) {
	NewStory().Core(1, "m K1").Core(2, "m K2").Tell(t).People("m", "K1", "K2").
		Edge("m", "K1", "refused:quarantined").Edge("m", "K2", "refused:quarantined")
}

func TestCounterexample25_WhatAFullIdentifierForgetsIsJudged(t *testing.T) {
	narrow := func(r *identity.Rules) { r.MaxDegree = 5 }
	NewStory(narrow).Core(1, "m1 m2 m3").Core(2, "m2 U1 p U2").Tell(t).
		Standing("m2", identity.Quarantined).People("m1 m3", "m2", "U1", "U2")
}

func TestCounterexample29_NamesAreComparedPerIdentifier(t *testing.T) {
	NewStory().
		Core(Day, "m", Says("Marie")).Core(2*Day, "m", Says("Marie")).
		Core(Day, "K", Says("Marie")).Core(2*Day, "K", Says("Marie")).Core(Day, "K", Says("Paul")).Core(2*Day, "K", Says("Paul")).
		Core(Day, "p", Says("Paul")).Core(2*Day, "p", Says("Paul")).
		Core(1, "m K").Core(2, "K p").Core(3, "p m").Tell(t).
		People("m K", "p").Edge("K", "p", "refused:person").Edge("p", "m", "refused:person")
}

func TestCounterexample30_TooManyNamesAreForgottenForGood(t *testing.T) {
	three := func(r *identity.Rules) { r.MaxNames = 3 }
	NewStory(three).Core(2*Day, "m", Says("Bruno")).Core(3*Day, "m", Says("Claude")).
		Core(4*Day, "m", Says("Adele")).Core(1*Day, "m", Says("Adele")).Tell(t).Standing("m", identity.Contested)
	NewStory(three).Core(2*Day, "m", Says("Bruno")).Core(4*Day, "m", Says("Adele")).Core(1*Day, "m", Says("Adele")).Tell(t).
		Standing("m", identity.Clean)
}

func TestCounterexample31_OneDayAttestsNothing(t *testing.T) {
	NewStory().Core(1*Day, "U m", Says("Marie")).Core(2*Day, "U m", Says("Marie")).
		Core(3*Day, "m", Says("Paul")).Core(3*Day+60, "m", Says("Paul"), Worth(8)).Tell(t).
		Standing("m", identity.Clean).People("U m").Sum("U", 8)
}

func TestCounterexample32_TogetherCountsAsOneWithTheNamesOfAll(t *testing.T) {
	s := NewStory().
		Core(Day, "U", Says("Marie")).Core(2*Day, "U", Says("Marie")).Core(Day, "K", Says("Paul")).Core(2*Day, "K", Says("Paul")).
		Act(3*Day, identity.Together, "U", "K").Core(4*Day, "U m", Says("Marie")).Core(5*Day, "U m", Says("Marie"))
	s.Tell(t).People("U K m")
}

func TestCounterexample33_AReferenceKeepsAWitnessPerNamespace(t *testing.T) {
	NewStory().Core(1, "o m").Core(2, "m K1").Core(3, "m K2").Core(9, "o K1").Core(10, "o", Worth(12)).Tell(t).
		Standing("m", identity.Quarantined).Sum("K1", 12).Sum("nobody:o", 0)
}

func TestCounterexample34_AReferenceJoinsNobody(t *testing.T) {
	NewStory().Core(1, "o K1", Worth(5)).Core(2, "o K2", Worth(7)).Core(3, "o", Worth(11)).Tell(t).
		People("K1", "K2").Sum("K1", 16).Sum("K2", 7)
}

// Sightings of one second go to the lesser event id (e01 comes before e02), those of one event to the lesser identifier.
func TestAReferenceInOneSecondIsThatOfTheLesserEvent(t *testing.T) {
	for name, c := range map[string]struct {
		shown *Story
		want  string
	}{
		"two events":            {NewStory().Core(5, "o K5").Core(5, "o K4"), "K5"},
		"one event":             {NewStory().Core(5, "o K5 K4"), "K4"},
		"proved before lesser":  {NewStory().Core(5, "o K5").Core(5, "o K4", Stated), "K5"},
		"earlier before lesser": {NewStory().Core(4, "o K5").Core(5, "o K4"), "K5"},
		"the lesser speaks for nobody": {
			NewStory().Core(5, "o K4").Core(5, "o K5").Core(5, "o m").Act(6, identity.Quarantine, "K4"), "m",
		},
	} {
		t.Run(name, func(t *testing.T) {
			told := c.shown.Core(9, "o", Worth(12)).Tell(t)
			for _, k := range []string{"K4", "K5", "m"} {
				if k == c.want {
					told.Sum(k, 12)
				} else {
					told.Sum(k, 0)
				}
			}
		})
	}
}

func TestCounterexample38_AStampedLeafStays(t *testing.T) {
	bought := NewStory().Core(1, "K1 y", Worth(30)).Core(2, "K1 U1").Core(3, "K1 U2").Act(4, identity.Quarantine, "K1")
	stamped := identity.LeafOf(bought.Facts().Events[0].Event)
	shared := Change(identifier.Card, func(r *identity.NamespaceRule) { r.Unique = false })
	shared(&bought.Facts().Rules)
	bought.Tell(t).Sum("y", 30) // collected under these rules
	bought.Facts().Events[0].Leaf = &stamped
	bought.Tell(t).Sum("nobody:K1", 30).Sum("y", 0) // collected under those before
}
