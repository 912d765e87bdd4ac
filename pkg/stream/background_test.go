package stream

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// yielding is a priority with a clock that the test moves.
type yielding struct {
	*priority

	mu   sync.Mutex
	at   time.Time
	whys []string
}

var (
	live = topicPartition{"live", 0}
	busy = topicPartition{"live", 1}
)

func newYielding(cfg BackgroundConfig) *yielding {
	y := &yielding{at: time.Unix(1_760_000_000, 0)}
	cfg.Topics = []string{"history"}
	y.priority = newPriority(cfg, func(why string) { y.whys = append(y.whys, why) }, func() time.Time {
		y.mu.Lock()
		defer y.mu.Unlock()
		return y.at
	})
	y.few, y.many = 1, 2
	return y
}

func (y *yielding) pass(d time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.at = y.at.Add(d)
}

// ask queues a turn without waiting for it.
func (y *yielding) ask() *turn {
	t := &turn{began: make(chan struct{})}
	y.priority.mu.Lock()
	defer y.priority.mu.Unlock()
	y.queue = append(y.queue, t)
	y.admit()
	return t
}

// look asks again for those who wait.
func (y *yielding) look() {
	y.priority.mu.Lock()
	defer y.priority.mu.Unlock()
	y.admit()
}

func begun(t *turn) bool {
	select {
	case <-t.began:
		return true
	default:
		return false
	}
}

func TestPriority_yieldsToLag(t *testing.T) {
	y := newYielding(BackgroundConfig{Lag: 100, Wait: 50 * time.Millisecond})
	first := y.ask()
	require.True(t, begun(first), "nothing else to do")
	y.pass(10 * time.Millisecond)
	y.leave(first)

	y.saw(live, 0, 60)
	y.saw(busy, 0, 60)
	second := y.ask()
	require.False(t, begun(second), "120 records wait over both partitions")
	y.saw(busy, 30, 60)
	require.True(t, begun(second), "90 records wait")
	y.leave(second)
}

func TestPriority_yieldsToAPartitionThatStands(t *testing.T) {
	y := newYielding(BackgroundConfig{Lag: 100, Wait: 50 * time.Millisecond, Share: 0.001})
	y.leave(y.ask())
	y.rest = time.Hour
	y.saw(live, 0, 5)
	y.pass(40 * time.Millisecond)
	y.saw(live, 0, 6) // more came, none was handled
	y.pass(40 * time.Millisecond)
	slice := y.ask()
	require.False(t, begun(slice), "its batch is under way for 80 ms")
	y.saw(live, 5, 6)
	require.True(t, begun(slice), "it made progress")
}

func TestPriority_leastShare(t *testing.T) {
	y := newYielding(BackgroundConfig{Lag: 1, Share: 0.1})
	y.saw(live, 0, 1_000)
	first, second := y.ask(), y.ask()
	require.True(t, begun(first), "the first is due at once")
	require.False(t, begun(second))
	y.pass(20 * time.Millisecond)
	y.leave(first)
	y.pass(179 * time.Millisecond)
	y.look()
	require.False(t, begun(second))
	y.pass(time.Millisecond)
	y.look()
	require.True(t, begun(second), "20 ms of 200 ms were the lane's")
	y.pass(time.Hour)
	y.leave(second)
	third := y.ask()
	y.pass(backgroundRest)
	y.look()
	require.True(t, begun(third), "the rest is bounded")
	require.Equal(t, []string{whyShare, whyShare, whyShare}, y.whys)
}

func TestPriority_hold(t *testing.T) {
	hold := true
	y := newYielding(BackgroundConfig{Hold: func() bool { return hold }})
	y.leave(y.ask())
	y.rest = time.Minute
	slice := y.ask()
	require.False(t, begun(slice))
	hold = false
	y.look()
	require.True(t, begun(slice))
}

func TestPriority_slicesAtOnce(t *testing.T) {
	y := newYielding(BackgroundConfig{})
	y.saw(live, 0, 1)
	a, b, c := y.ask(), y.ask(), y.ask()
	require.True(t, begun(a))
	require.False(t, begun(b), "one beside live work")
	y.saw(live, 1, 1)
	y.pass(backgroundAlone)
	y.look()
	require.True(t, begun(b), "two when there is none")
	require.False(t, begun(c))
	y.leave(a)
	require.True(t, begun(c), "in the order of their coming")
}

func TestPriority_forgetsPartitionsGivenBack(t *testing.T) {
	y := newYielding(BackgroundConfig{Lag: 1})
	y.saw(live, 0, 1_000)
	y.forget()
	require.Zero(t, y.lag)
	y.saw(topicPartition{"history", 0}, 0, 1_000)
	slice := y.ask()
	require.True(t, begun(slice), "its own lag is none of the foreground's")
	require.Equal(t, []string{whyIdle}, y.whys)
}

func TestPriority_aTurnThatIsNotWantedAnyMore(t *testing.T) {
	y := newYielding(BackgroundConfig{})
	y.saw(live, 0, 1)
	a, b := y.ask(), y.ask()
	y.abandon(b)
	y.abandon(a) // it had begun
	require.Zero(t, y.atWork)
	require.Empty(t, y.queue)
	done := make(chan struct{})
	close(done)
	held := y.ask()
	require.Nil(t, y.enter(done, func() {}))
	y.leave(held)
	require.Zero(t, y.atWork)
}

func TestBackgroundConfig_validate(t *testing.T) {
	topics := []string{"live", "history"}
	require.NoError(t, BackgroundConfig{}.validate(topics))
	require.NoError(t, BackgroundConfig{Topics: []string{"history"}}.validate(topics))
	for _, bad := range []BackgroundConfig{
		{Topics: []string{"other"}}, {Topics: topics}, {Share: 1}, {Share: -.1}, {Records: -1}, {Lag: -1}, {Wait: -1},
	} {
		require.Error(t, bad.validate(topics), "%+v", bad)
	}
}

func TestPriority_aWorkerThatWaitsIsAlive(t *testing.T) {
	y := newYielding(BackgroundConfig{})
	y.saw(live, 0, 1)
	held := y.ask()
	done := make(chan struct{})
	late := time.AfterFunc(10*time.Second, func() { close(done) })
	alive := false
	require.Nil(t, y.enter(done, func() {
		if alive = true; late.Stop() {
			close(done)
		}
	}))
	require.True(t, alive)
	y.leave(held)
}
