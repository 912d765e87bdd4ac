package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/fleet"
)

// planned are the options of a plan, as they are by default.
func planned(seed uint64) options {
	return options{seed: seed, losses: lossShare, pauses: pauseShare, session: 3 * time.Second}
}

func strikes(t *testing.T, seed uint64, n int) (out []strike) {
	t.Helper()
	p, err := newPlan(planned(seed))
	require.NoError(t, err)
	for range n {
		out = append(out, p.next())
	}
	return out
}

func TestPlan_isThatOfItsSeed(t *testing.T) {
	all := strikes(t, 7, 200)
	require.Equal(t, all, strikes(t, 7, 200))
	require.Equal(t, all[:20], strikes(t, 7, 20), "a longer run begins as a shorter one")
	require.NotEqual(t, strikes(t, 7, 20), strikes(t, 8, 20))
}

// Who asks for no losses of power gets the same plan without them.
func TestPlan_losesByItsSeed(t *testing.T) {
	with := strikes(t, 7, 200)
	o := planned(7)
	o.losses = 0
	p, err := newPlan(o)
	require.NoError(t, err)
	lost, kept := 0, 0
	for _, s := range with {
		plain := p.next()
		require.Nil(t, plain.Loss)
		if s.Loss != nil {
			lost++
			require.Contains(t, s.Victims, victim{Kind: "redis"})
			require.Less(t, s.Loss.Back, lossUpTo)
			s.Loss = nil
		} else if slices.Contains(s.Victims, victim{Kind: "redis"}) {
			kept++
		}
		require.Equal(t, s, plain)
	}
	require.Positive(t, lost)
	require.Positive(t, kept)
}

// Who asks for no pauses gets the same plan without them.
func TestPlan_pausesByItsSeed(t *testing.T) {
	with := strikes(t, 7, 1000)
	o := planned(7)
	o.pauses = 0
	p, err := newPlan(o)
	require.NoError(t, err)
	stopped, beyond, within := map[string]int{}, 0, 0
	for _, s := range with {
		plain := p.next()
		require.Nil(t, plain.Pause)
		if s.Pause != nil {
			kind := s.Pause.Victim.Kind
			stopped[kind]++
			require.GreaterOrEqual(t, s.Pause.For, shortestPause)
			require.Less(t, s.Pause.For, longestPause)
			if slices.Contains(fleet.ServerNames(), kind) {
				require.Less(t, s.Pause.For, serverPause)
			}
			switch {
			case members[kind] == 0:
			case s.Pause.For > o.session:
				beyond++
			default:
				within++
			}
			s.Pause = nil
		}
		require.Equal(t, s, plain)
	}
	require.Len(t, stopped, len(cards), "every kind of process")
	require.Positive(t, within)
	require.InDelta(t, within, beyond, 1, "of the pauses of members every second one")
}

func TestPlan_doesEverything(t *testing.T) {
	killed, pairs, guest := map[victim]int{}, 0, ""
	how, servers, joins, gone := map[disturbance]int{}, map[string]int{}, map[string]int{}, map[bool]int{}
	for _, s := range strikes(t, 1, 400) {
		for _, v := range s.Victims {
			killed[v]++
		}
		if len(s.Victims) == 2 {
			pairs++
			require.NotEqual(t, s.Victims[0], s.Victims[1])
		}
		if s.Cut != nil {
			how[s.Cut.How]++
			servers[s.Cut.Server]++
		}
		if s.Move == nil {
			continue
		}
		require.Equal(t, s.Move.Joins == "", guest != "", "only who has joined goes, and one joins at a time")
		if guest = s.Move.Joins; guest != "" {
			joins[guest]++
		} else {
			gone[s.Move.Killed]++
		}
	}
	for _, c := range cards {
		for n := range max(1, members[c.kind]) {
			require.Positive(t, killed[victim{c.kind, n}], "%s %d", c.kind, n)
		}
	}
	require.Positive(t, pairs)
	require.Len(t, how, int(disturbances))
	require.Len(t, servers, 3)
	require.Len(t, joins, 2)
	require.Len(t, gone, 2)
}
