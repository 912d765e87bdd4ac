package lifecycle_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"rcu/pkg/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) read() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

// part starts after a while and stops after a while, and writes both down.
func (j *journal) part(name string) lifecycle.Part {
	var mu sync.Mutex
	ready := errors.New("not yet")
	return lifecycle.Part{
		Name: name,
		Run: func(ctx context.Context) error {
			<-time.After(100 * time.Millisecond)
			mu.Lock()
			ready = nil
			mu.Unlock()
			j.add("up " + name)
			<-ctx.Done()
			<-time.After(time.Second)
			j.add("down " + name)
			return ctx.Err()
		},
		Ready: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return ready
		},
	}
}

func TestGroupStartsInOrderAndStopsInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		g := lifecycle.New(zap.NewNop(), 0)
		g.Add(j.part("a"))
		g.Add(j.part("b"))
		g.Add(j.part("c"))
		require.Error(t, g.Ready(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		err := g.Run(ctx, func() {
			j.add("started")
			require.NoError(t, g.Ready(ctx))
			cancel()
		})
		require.NoError(t, err)
		require.Equal(t, []string{"up a", "up b", "up c", "started", "down c", "down b", "down a"}, j.read())
		require.Error(t, g.Ready(t.Context()), "a stopped group is not ready")
	})
}

func TestGroupStopsWhenOnePartEnds(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name        string
		bad         lifecycle.Part
		errContains string
		up          bool
	}{
		{"with an error", lifecycle.Part{Name: "bad", Run: func(context.Context) error { <-time.After(time.Second); return boom }}, "running bad: boom", true},
		{"without an error", lifecycle.Part{Name: "bad", Run: func(context.Context) error { <-time.After(time.Second); return nil }}, "bad ended by itself", true},
		{"before it is ready", lifecycle.Part{
			Name: "bad", Run: func(context.Context) error { return boom }, Ready: func(context.Context) error { return errors.New("no") },
		}, "running bad: boom", false},
		{"never ready", lifecycle.Part{
			Name: "bad", Run: func(ctx context.Context) error { <-ctx.Done(); return nil }, Ready: func(context.Context) error { return errors.New("no disk") },
		}, "waiting for bad to be ready: no disk", false},
		{"never stops", lifecycle.Part{Name: "bad", Grace: time.Second, Run: func(ctx context.Context) error {
			<-ctx.Done()
			<-time.After(time.Minute)
			return nil
		}}, "stopping bad: still running after 1s", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j journal
				g := lifecycle.New(zap.NewNop(), 0)
				g.Add(j.part("good"))
				g.Add(tt.bad)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				up := false
				err := g.Run(ctx, func() { up = true })
				require.ErrorContains(t, err, tt.errContains)
				require.Equal(t, tt.up, up)
				require.Contains(t, j.read(), "down good")
				<-time.After(2 * time.Minute) // lets the part that overran end
			})
		})
	}
}

func TestGroupWaitsBeforeItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := lifecycle.New(zap.NewNop(), 5*time.Second)
		var stopped, left time.Time
		g.Add(lifecycle.Part{
			Name: "a", Run: func(ctx context.Context) error { <-ctx.Done(); stopped = time.Now(); return nil },
			Leave: func() { left = time.Now(); require.Error(t, g.Ready(t.Context()), "who asks is told first") },
		})
		ctx, cancel := context.WithCancel(t.Context())
		var asked time.Time
		require.NoError(t, g.Run(ctx, func() { asked = time.Now(); cancel() }))
		require.Equal(t, asked, left)
		require.Equal(t, 5*time.Second, stopped.Sub(asked))
	})
}

func TestGroupThatNeverServedStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := lifecycle.New(zap.NewNop(), time.Hour)
		var stopped time.Time
		g.Add(lifecycle.Part{
			Name: "a", Run: func(ctx context.Context) error { <-ctx.Done(); stopped = time.Now(); return nil },
			Ready: func(context.Context) error { return errors.New("waiting") }, StartLimit: -1,
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		require.NoError(t, g.Run(ctx, nil))
		require.Equal(t, time.Minute, stopped.Sub(began), "nobody sends it requests")
	})
}

func TestGroupTellsOfPartsThatFailWhileItStops(t *testing.T) {
	fails := func(name string, after time.Duration) lifecycle.Part {
		return lifecycle.Part{Name: name, Run: func(context.Context) error { <-time.After(after); return errors.New("no disk") }}
	}
	slow := lifecycle.Part{Name: "slow", Run: func(ctx context.Context) error { <-ctx.Done(); <-time.After(5 * time.Second); return nil }}
	for name, tt := range map[string]struct {
		parts []lifecycle.Part
		delay time.Duration
		want  string
	}{
		"in the delay":           {[]lifecycle.Part{fails("bad", 3*time.Second)}, 5 * time.Second, "running bad: no disk"},
		"while another one ends": {[]lifecycle.Part{fails("bad", 3*time.Second), slow}, 0, "running bad: no disk"},
		"after the first":        {[]lifecycle.Part{fails("bad", 3*time.Second), fails("first", 0), slow}, 0, "running first: no disk\nrunning bad: no disk"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := lifecycle.New(zap.NewNop(), tt.delay)
				for _, p := range tt.parts {
					g.Add(p)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				require.EqualError(t, g.Run(ctx, nil), tt.want)
			})
		})
	}
}

func TestGroupTellsWhatAPartWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		g := lifecycle.New(zap.NewNop(), 0)
		p := j.part("slow")
		var mu sync.Mutex
		missing := errors.New("no server")
		p.StartLimit = -1
		p.Ready = func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return missing
		}
		g.Add(p)
		ctx, cancel := context.WithCancel(t.Context())
		ended, up := make(chan error, 1), make(chan struct{})
		go func() { ended <- g.Run(ctx, func() { close(up) }) }()
		<-time.After(time.Hour) // thirty times as long as a part may take by default
		require.EqualError(t, g.Ready(ctx), "starting slow: no server")
		mu.Lock()
		missing = nil
		mu.Unlock()
		<-up
		require.NoError(t, g.Ready(ctx))
		cancel()
		require.NoError(t, <-ended)
		require.EqualError(t, g.Ready(ctx), "starting or stopping")
	})
}
