package ingest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	errAway = errors.New("away")
	errFull = errors.New("full")
)

// tried is a breaker on a clock of the test's own.
type tried struct {
	*breaker
	clock time.Time
}

func newTried() *tried {
	x := &tried{clock: time.Unix(1_000, 0)}
	x.breaker = &breaker{rest: time.Second, now: func() time.Time { return x.clock }, fails: func(err error) bool { return !errors.Is(err, errFull) }}
	return x
}

func (x *tried) fail(err error) (changed, asked bool) {
	changed, _ = x.do(func() error { asked = true; return err })
	return changed, asked
}

func TestBreakerTriesOnceARestUntilTheServerIsBack(t *testing.T) {
	x := newTried()
	changed, asked := x.fail(errAway)
	require.True(t, changed && asked)
	for range 5 {
		changed, asked = x.fail(errAway)
		require.False(t, changed || asked, "resting")
		x.clock = x.clock.Add(199 * time.Millisecond)
	}
	x.clock = x.clock.Add(5 * time.Millisecond)
	changed, asked = x.fail(errAway)
	require.True(t, asked, "one tries")
	require.False(t, changed)
	_, asked = x.fail(nil)
	require.False(t, asked, "and no other with it")
	x.clock = x.clock.Add(time.Second)
	changed, asked = x.fail(nil)
	require.True(t, changed && asked, "back")
	changed, asked = x.fail(nil)
	require.True(t, asked)
	require.False(t, changed)
}

func TestBreakerBelievesALaterSuccessMoreThanAnEarlierBeginning(t *testing.T) {
	x := newTried()
	changed, err := x.do(func() error {
		x.clock = x.clock.Add(20 * time.Second) // while this one waits, another gets through
		_, asked := x.fail(nil)
		require.True(t, asked)
		return errAway
	})
	require.ErrorIs(t, err, errAway)
	require.False(t, changed)
	_, asked := x.fail(nil)
	require.True(t, asked, "the server was there meanwhile")
}

func TestBreakerKnowsErrorsThatSayNothingOfTheServer(t *testing.T) {
	x := newTried()
	for range 3 {
		changed, asked := x.fail(errFull)
		require.True(t, asked)
		require.False(t, changed)
	}
	_, _ = x.fail(errAway)
	x.clock = x.clock.Add(time.Second)
	changed, asked := x.fail(errFull)
	require.True(t, asked)
	require.False(t, changed, "neither away nor back")
	_, asked = x.fail(nil)
	require.False(t, asked, "it still rests")
}
