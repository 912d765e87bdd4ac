package resolve_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
)

// looksAt tells what the queue of a story asks a person to look at: kind, values, weight, why and since when.
func looksAt(t *testing.T, s *Story) (out []string) {
	t.Helper()
	g := graphOf(t, statemem.NewGraph(), s)
	apply(t, g, s, 1000*Day)
	for kind := range identity.ReviewKinds {
		items, next, err := g.Review(t.Context(), space, kind, resolve.ReviewPlace{}, 100, 1000*Day)
		require.NoError(t, err)
		require.Zero(t, next)
		for i := range items {
			m, values := &items[i], ""
			for _, v := range m.Values {
				values += " " + Short(v.Value)
			}
			why := string(m.Why.Code)
			if kind == identity.ReviewRefused {
				why = m.Links[0].Reason.String()
			}
			out = append(out, fmt.Sprintf("%s%s %d %s %d", kind, values, m.Weight, why, m.Since))
		}
	}
	return out
}

func TestReview(t *testing.T) {
	contested := func() *Story {
		return story().Core(1*Day, "K1 p", Says("Marie")).Core(2*Day, "K1 p", Says("Marie")).
			Core(50*Day, "K2 p", Says("Paul"), Stated).Core(51*Day, "K2 p", Says("Paul"), Stated)
	}
	for name, c := range map[string]struct {
		s    *Story
		want []string
	}{
		"nobody is in doubt": {story().Core(1, "K m").Core(2, "m U"), nil},
		"a phone that two customers proved, since the second": {
			story().Core(1, "U1 p").Core(7, "U2 p").Core(9, "U2 p"), []string{"quarantined p 2 owners 7"},
		},
		"is its new owner's": {story().Core(1, "U1 p").Core(7, "U2 p").Act(8, identity.Ban, "p", "U1"), nil},
		"a phone that very many only stated, one proved, since the ninth": {
			story().Core(1, "K1 p").Core(2, "K2 p", Stated).Core(3, "K3 p", Stated).Core(4, "K4 p", Stated).Core(5, "K5 p", Stated).
				Core(6, "K6 p", Stated).Core(7, "K7 p", Stated).Core(8, "K8 p", Stated).Core(20, "K9 p", Stated),
			[]string{"quarantined p 9 claims 20"},
		},
		"two names on a phone, since both were said on two days": {contested(), []string{fmt.Sprintf("contested p 2 names %d", 51*Day)}},
		"the owner alone is not enough where names differ": {
			contested().Act(60*Day, identity.Ban, "p", "K1"), []string{fmt.Sprintf("contested p 1 names %d", 51*Day)},
		},
		"released": {contested().Act(60*Day, identity.Ban, "p", "K1").Act(60*Day, identity.Release, "p"), nil},
		"a steward who quarantined it said what it is": {contested().Act(60*Day, identity.Quarantine, "p"), nil},
		"and asks again when he takes it back": {
			contested().Act(60*Day, identity.Quarantine, "p").Act(61*Day, identity.Auto, "p"), []string{fmt.Sprintf("contested p 2 names %d", 51*Day)},
		},
		"one account, two cards": {story().Core(1, "U K1").Core(5, "U K2"), []string{"refused K2 U 1 unique 5"}},
		"two links between the same two people are one matter, the stronger first": {
			story().Core(1, "U K1").Core(2, "K1 m").Core(5, "m K2", Stated).Core(9, "U K2"), []string{"refused K2 U 2 unique 5"},
		},
		"never one person": {story().Core(1, "U K1").Core(5, "U K2").Act(9, identity.Ban, "K1", "K2"), nil},
		"one person":       {story().Core(1, "U K1").Core(5, "U K2").Act(9, identity.Together, "K1", "K2"), nil},
		"an address on the card of a stranger with another name": {
			story().Core(1*Day, "U m", Says("Marie")).Core(2*Day, "U m", Says("Marie")).
				Core(1*Day, "K", Says("Paul")).Core(2*Day, "K", Says("Paul")).Core(3*Day, "K m", Stated),
			[]string{fmt.Sprintf("refused K m 1 person %d", 3*Day)},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, looksAt(t, c.s)) })
	}
}

// A component that is too large is one matter, with its parts inside, however many those are.
func TestReview_aComponentTooLargeIsOneMatter(t *testing.T) {
	large := func() *Story {
		s := NewStory(func(r *identity.Rules) { r.MaxNodes = 6 }, Owners(identifier.Pay, 0))
		for i := range int64(6) { // one token on six cards, each with an address
			s.Core(i+1, fmt.Sprintf("K%d m%d", i, i)).Core(20+i, fmt.Sprintf("m%d y", i))
		}
		return s
	}
	require.Equal(t, []string{"oversized y 6 evidence 0"}, looksAt(t, large()))
	g := graphOf(t, statemem.NewGraph(), large())
	apply(t, g, large(), 1000*Day)
	items, _, err := g.Review(t.Context(), space, identity.ReviewOversized, resolve.ReviewPlace{}, 100, 1000*Day)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, 7, items[0].Parts)
	require.Len(t, items[0].People, 6)
	resolve.ReviewPartsAlone(t)
	require.Greater(t, len(looksAt(t, large())), 1)
}
