package matcher

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// entersBeforeItEnds reports whether somebody in turn is let in while something is taken ahead of its turn.
func entersBeforeItEnds(t *testing.T, p *precedence, end func()) bool {
	t.Helper()
	in := make(chan func(), 1)
	go func() {
		leave, err := p.enter(t.Context())
		if err == nil {
			in <- leave
		}
	}()
	select {
	case leave := <-in:
		leave()
		end()
		return true
	case <-time.After(givesWay / 4):
	}
	end()
	(<-in)()
	return false
}

// TestPrecedence_inTurnGivesWay to what is taken ahead of its turn, and not for ever.
func TestPrecedence_inTurnGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPrecedence()
		first, second := p.goAhead(), p.goAhead()
		first()
		require.False(t, entersBeforeItEnds(t, p, second))

		never := p.goAhead()
		leave, err := p.enter(t.Context())
		require.NoError(t, err, "it may never end")
		leave()

		plant(t, func() { faults.pushing = true })
		require.True(t, entersBeforeItEnds(t, p, never))
	})
}

// TestPrecedence_fewInTurnAtOnce, over all partitions.
func TestPrecedence_fewInTurnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPrecedence()
		var leave func()
		for range inTurnMost {
			var err error
			leave, err = p.enter(t.Context())
			require.NoError(t, err)
		}
		require.False(t, entersBeforeItEnds(t, p, leave))
	})
}
