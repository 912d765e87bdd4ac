package sink

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

func testTables() *tables { return newTables(newZones(), newMetrics(prometheus.NewRegistry())) }

func TestGatherer_oneGroupForAllPartitionsAndEveryoneIsTold(t *testing.T) {
	g := newGatherer(1000, testTables)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	broken := errors.New("away")
	var tokens []string
	go g.run(ctx, 20*time.Millisecond, func(_ context.Context, c *group) error {
		tokens = append(tokens, c.token("events"))
		return broken
	})
	var wg sync.WaitGroup
	var first *group
	for i, offsets := range []string{"log/t/1/0-9", "log/t/0/5-7"} {
		c := g.add(1, offsets, nil, false, func(t *tables) { t.first("store", "ka", string(rune('a'+i)), "") })
		if first == nil {
			first = c
		}
		require.Same(t, first, c)
		wg.Go(func() { <-c.done })
	}
	wg.Wait()
	require.ErrorIs(t, first.err, broken)
	require.Equal(t, []string{"log/t/0/5-7,log/t/1/0-9/events"}, tokens)

	g.mu.Lock()
	require.Empty(t, g.spare[0].seen, "stores of a group that was not written have to be written again")
	g.mu.Unlock()
}

func TestGatherer_fullGroupDoesNotWait(t *testing.T) {
	g := newGatherer(10, testTables)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go g.run(ctx, time.Hour, func(context.Context, *group) error { return nil })
	for range 3 { // a signal left over from one group must not end the next one early, nor be missed
		c := g.add(10, "o", nil, false, func(*tables) {})
		select {
		case <-c.done:
			require.NoError(t, c.err)
		case <-time.After(10 * time.Second):
			require.FailNow(t, "the full group was not taken")
		}
	}
}

// Partitions are let go together, when the next insert is due, and what came meanwhile waits no longer; whoever has more is let go at once.
func TestGatherer_letsPartitionsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGatherer(1000, testTables)
		ctx, cancel := context.WithCancel(t.Context())
		var flushed []time.Duration
		began := time.Now()
		go g.run(ctx, time.Second, func(context.Context, *group) error {
			flushed = append(flushed, time.Since(began))
			<-time.After(50 * time.Millisecond) // what an insert takes
			return nil
		})
		sleep := func(d time.Duration) { <-time.After(d) }
		letGo := func(c *group) time.Duration { <-c.done; return time.Since(began) }

		first := g.add(1, "a", nil, false, func(*tables) {})
		sleep(100 * time.Millisecond)
		require.Same(t, first, g.add(1, "b", nil, false, func(*tables) {}))
		sleep(200 * time.Millisecond)
		late := g.add(1, "c", nil, false, func(*tables) {})
		require.NotSame(t, first, late)
		require.Equal(t, 1200*time.Millisecond, letGo(first), "a second behind its insert")
		require.Same(t, late, g.add(1, "a", nil, true, func(*tables) {}), "who is let go meets who waits")
		require.Equal(t, 1450*time.Millisecond, letGo(late), "right behind its insert: more waits")
		require.Equal(t, []time.Duration{200 * time.Millisecond, 1400 * time.Millisecond}, flushed)
		cancel()
		synctest.Wait()
	})
}

// A partition that could not fetch all that waits goes on as soon as its rows are inserted.
func TestSink_whoHasMoreIsLetGoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{cfg: Default(), zones: newZones(), metrics: newMetrics(prometheus.NewRegistry())}
		s.gather = newGatherer(1000, testTables)
		ctx, cancel := context.WithCancel(t.Context())
		go s.gather.run(ctx, time.Second, func(context.Context, *group) error { return nil })
		profile, err := stream.Encode(stream.TopicProfiles, []byte("k"), &eventpb.Profile{Controller: "c", RcuId: "p", Version: 1}, time.Now())
		require.NoError(t, err)
		takes := func(highWater int64) time.Duration {
			began := time.Now()
			require.NoError(t, s.handle(ctx, stream.Batch{Topic: stream.TopicProfiles, Records: []stream.Record{profile}, HighWater: highWater}))
			return time.Since(began)
		}
		require.Equal(t, 200*time.Millisecond, takes(2))
		require.Equal(t, 1200*time.Millisecond, takes(1))
		cancel()
		synctest.Wait()
	})
}

func TestBusinessDay_isTheDayOfTheSource(t *testing.T) {
	z := newZones()
	for _, c := range []struct {
		at, zone string
		day      string
		month    uint32
	}{
		{"2026-03-31T22:30:00Z", "Europe/Paris", "2026-04-01", 202604},
		{"2026-03-31T22:30:00Z", "UTC", "2026-03-31", 202603},
		{"2026-01-01T02:00:00Z", "America/New_York", "2025-12-31", 202512},
		{"2000-01-01T00:00:00Z", "Asia/Tokyo", "2000-01-01", 200001},
	} {
		loc, err := z.get(c.zone)
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339, c.at)
		require.NoError(t, err)
		days, month := businessDay(at.UnixMicro(), loc)
		require.Equal(t, c.day, time.Unix(int64(days)*86400, 0).UTC().Format(time.DateOnly), c.zone)
		require.Equal(t, c.month, month, c.zone)
	}
	for _, bad := range []string{"Mars/Olympus", "Local", "../etc/passwd"} {
		_, err := z.get(bad)
		require.ErrorIs(t, err, errZone)
	}
}

func TestReloader_triesAgainUntilItWorks(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	done := make(chan struct{})
	r := newReloader(time.Millisecond, func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls < 3 {
			return errors.New("away")
		}
		close(done)
		return nil
	}, newMetrics(prometheus.NewRegistry()), zap.NewNop())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.run(ctx)
	r.changed()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		require.FailNow(t, "not reloaded")
	}
}

func TestConfig_Validate_namesEveryProblem(t *testing.T) {
	require.NoError(t, Default().Validate())
	err := Config{FlushEvery: time.Hour}.Validate()
	for _, field := range []string{"group", "flush_every", "flush_rows", "batch_records", "reload_every", "insert_timeout"} {
		require.ErrorContains(t, err, field+":")
	}
	_, err = New(Default(), Deps{})
	require.ErrorContains(t, err, "sink needs")
}

func TestDimensions_areWrittenOnce(t *testing.T) {
	rows := testTables()
	e := &eventpb.Event{Controller: "ka", Store: "s"}
	for range 3 {
		rows.dimensions(e, "A", "coats")
		rows.dimensions(e, "A", "hats")
		rows.dimensions(e, "", "")
	}
	require.Equal(t, 1, rows.stores.Rows())
	require.Equal(t, 2, rows.products.Rows())
}
