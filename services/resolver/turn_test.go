package resolver

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// TestTimetable: at first everything is due; from then on each portion has its turn once a second, at a moment of its own.
func TestTimetable(t *testing.T) {
	plan := timetable{every: time.Second}
	now := time.Unix(1_700_000_000, 370_000_000)
	require.Equal(t, everything(), plan.due(now))
	plan.took(everything(), now)
	require.Equal(t, chosen{}, plan.due(now))

	var turns [portions][]time.Time
	for end := now.Add(10 * time.Second); now.Before(end); {
		now = plan.first()
		due := plan.due(now)
		plan.took(due, now)
		had := 0
		for i, is := range due {
			if is {
				turns[i] = append(turns[i], now)
				had++
			}
		}
		require.Equal(t, 1, had, "two portions at one moment")
	}
	for i, at := range turns {
		require.GreaterOrEqual(t, len(at), 9)
		for n := 1; n < len(at); n++ {
			require.Equal(t, time.Second, at[n].Sub(at[n-1]), "portion %d", i)
		}
	}
}

// TestTimetable_late: portions that were late go together, once, and none again within half a second.
func TestTimetable_late(t *testing.T) {
	plan := timetable{every: time.Second}
	now := time.Unix(1_700_000_000, 0)
	plan.took(everything(), now)
	now = now.Add(3*time.Second + 100*time.Millisecond)
	require.Equal(t, everything(), plan.due(now))
	plan.took(everything(), now)
	for i := range portions {
		require.Greater(t, plan.next[i].Sub(now), time.Second/2)
		require.LessOrEqual(t, plan.next[i].Sub(now), 3*time.Second/2)
		for j := range i {
			require.NotEqual(t, plan.next[i], plan.next[j])
		}
	}
}

func newTestPending() (p *pending, clock *time.Time) {
	now := time.Unix(1_700_000_000, 0)
	return newPending(1000, func() time.Time { return now }, prometheus.NewGauge(prometheus.GaugeOpts{Name: "pending"})), &now
}

// tooEarly counts the times, over random additions and publications of which some fail, at which pending says that something is out that is not.
func tooEarly(seed uint64) (wrong int) {
	rng := rand.New(rand.NewPCG(seed, 55))
	p, now := newTestPending()
	type owes struct {
		at    time.Time
		round uint64
	}
	waits := map[string]owes{} // since when, by what is pending
	for range 400 {
		*now = now.Add(time.Millisecond)
		name := strconv.Itoa(rng.IntN(60))
		switch rng.IntN(4) {
		case 0, 1:
			p.add([]cellRef{{key: name, topic: stream.TopicLeaves, stored: resolve.Cell{Version: uint64(now.UnixNano())}}}, nil)
			if _, is := waits["c"+name]; !is {
				waits["c"+name] = owes{*now, p.round}
			}
		case 2:
			round := p.owe([]owedProfile{{person: person{"maison", identifier.Key{Namespace: identifier.Card, Value: name}}, everywhere: true}})
			if _, is := waits["p"+name]; !is {
				waits["p"+name] = owes{*now, round}
			}
		case 3:
			var of chosen
			for i := range of {
				of[i] = rng.IntN(3) == 0
			}
			t := p.take(of)
			if rng.IntN(4) == 0 { // it could not be published
				p.add(t.cells, nil)
				p.owe(t.profiles)
				break
			}
			for _, c := range t.cells {
				delete(waits, "c"+c.key)
			}
			for _, o := range t.profiles {
				delete(waits, "p"+o.key.Value)
			}
			p.done(t)
		}
		for _, w := range waits {
			if w.at.Before(p.through()) || p.isOut(w.round) {
				wrong++
			}
		}
	}
	return wrong
}

func TestPending_nothingCountsAsOutBeforeItIs(t *testing.T) {
	for seed := range uint64(50) {
		require.Zero(t, tooEarly(seed), "seed %d", seed)
	}
	faults.outBlindly = true
	defer func() { faults.outBlindly = false }()
	require.Positive(t, tooEarly(1))
}

// TestPending_keysGoInEveryTurn: what they seal may be in any, and they go before it.
func TestPending_keysGoInEveryTurn(t *testing.T) {
	p, _ := newTestPending()
	for i := range 20 {
		p.add([]cellRef{
			{key: "k" + strconv.Itoa(i), topic: stream.TopicKeys, stored: resolve.Cell{Version: 1}},
			{key: "l:" + strconv.Itoa(i), topic: stream.TopicLeaves, stored: resolve.Cell{Version: 1}},
		}, nil)
	}
	taken := p.take(chosen{true})
	keys, leaves := keysFirst(taken.cells)
	require.Len(t, keys, 20)
	require.NotEmpty(t, leaves)
	require.Less(t, len(leaves), 20)
}

// TestPending_holdersGoTogether: a person whose identifiers had each a name of its own is read and told once, in the turn of the first of them.
func TestPending_holdersGoTogether(t *testing.T) {
	p, _ := newTestPending()
	card := identifier.Key{Namespace: identifier.Card, Value: "card"}
	var owed []owedProfile
	for i := range 20 {
		owed = append(owed, owedProfile{person: person{"maison", identifier.Key{Namespace: identifier.Email, Value: strconv.Itoa(i)}}, holder: card})
	}
	p.owe(owed)
	var of chosen
	of[portionOf("7")] = true
	require.Len(t, p.take(of).profiles, 20)
}
