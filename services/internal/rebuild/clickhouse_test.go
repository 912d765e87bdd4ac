package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
	"rcu/services/sink"
)

var errKilled = errors.New("killed")

// analysis is a ClickHouse in memory, and the sink that writes into it, on a real broker. Every step of theirs is a moment at which a test can kill them.
type analysis struct {
	t      *testing.T
	client *stream.Client
	out    *stream.Producer
	events int // that were published

	life   int             // of the tables; 0 where there are none
	rows   map[string]bool // of rcu.resolved, by partition and offset
	writes int             // rows written, those that stood already included
	older  uint64          // rows that Kafka no longer has
	left   int             // steps until the kill; negative: none
	note   *rebuild.SinkNote
	live   int // events that arrive with every step of the sink
}

func newAnalysis(t *testing.T, events int) *analysis {
	t.Helper()
	client, err := stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	a := &analysis{t: t, client: client, out: out, left: -1}
	a.publish(events)
	a.runs()
	require.Len(t, a.rows, events)
	return a
}

func (a *analysis) publish(n int) {
	a.t.Helper()
	batch := make([]stream.Record, n)
	for i := range batch {
		var err error
		batch[i], err = stream.Encode(stream.TopicResolved, fmt.Append(nil, a.events+i), &eventpb.Resolved{}, time.Now())
		require.NoError(a.t, err)
	}
	require.NoError(a.t, a.out.PublishAll(a.t.Context(), batch))
	a.events += n
}

// step is a moment of a kill.
func (a *analysis) step() error {
	if a.left == 0 {
		return errKilled
	}
	a.left--
	return nil
}

// Migrate implements rebuild.Tables.
func (a *analysis) Migrate(context.Context) error {
	if a.rows == nil {
		a.life++
		a.rows = map[string]bool{}
	}
	return a.step()
}

// Life implements rebuild.Tables.
func (a *analysis) Life(context.Context) (string, error) { return fmt.Sprint(a.life), a.step() }

// OlderRows implements rebuild.Tables.
func (a *analysis) OlderRows(context.Context, time.Time) (uint64, error) { return a.older, a.step() }

// DropTables implements rebuild.Tables.
func (a *analysis) DropTables(context.Context) error {
	a.rows, a.older = nil, 0
	return a.step()
}

// sink writes until ctx ends.
func (a *analysis) sink(ctx context.Context) error {
	for {
		a.publish(a.live)
		wrote, err := a.write()
		if err != nil {
			return err
		}
		if wrote && ctx.Err() == nil {
			continue
		}
		idle := time.NewTimer(5 * time.Millisecond)
		select {
		case <-ctx.Done():
			return nil
		case <-idle.C:
		}
	}
}

// write writes a few of the records that are not committed, and commits them.
func (a *analysis) write() (wrote bool, err error) {
	ctx := a.t.Context()
	lags, err := a.client.Lag(ctx, sink.Default().Group, stream.TopicResolved)
	if err != nil {
		return false, err
	}
	next := map[int]int64{}
	for _, l := range lags {
		from := max(0, l.Committed)
		next[l.Partition] = min(l.End, from+7)
		for o := from; o < next[l.Partition]; o++ {
			a.rows[fmt.Sprint(l.Partition, "/", o)] = true
			a.writes++
			wrote = true
		}
	}
	if !wrote {
		return false, nil
	}
	if err := a.step(); err != nil {
		return true, err
	}
	if err := a.client.SetOffsets(ctx, sink.Default().Group, map[string]map[int]int64{stream.TopicResolved: next}); err != nil {
		return true, err
	}
	return true, a.step()
}

// runs is `rcu up`: the sink makes the tables that are missing and writes to the end.
func (a *analysis) runs() {
	a.t.Helper()
	require.NoError(a.t, a.Migrate(a.t.Context()))
	for wrote := true; wrote; {
		var err error
		wrote, err = a.write()
		require.NoError(a.t, err)
	}
}

// rebuild is `rcu rebuild clickhouse`, with the note that lies in the data folder.
func (a *analysis) rebuild(cfg rebuild.SinkConfig) (rebuild.SinkReport, error) {
	a.t.Helper()
	cfg.Earlier, cfg.Every = a.note, 10*time.Millisecond
	cfg.Begun = func(n rebuild.SinkNote) error {
		a.note = &n
		return a.step()
	}
	report, err := rebuild.ClickHouse(a.t.Context(), cfg, a.client, a, a.sink)
	if err == nil {
		a.note = nil
	}
	return report, err
}

// whole checks that every event has its row.
func (a *analysis) whole(why ...any) {
	a.t.Helper()
	require.Len(a.t, a.rows, a.events, why...)
}

func (a *analysis) committed() map[int]int64 {
	a.t.Helper()
	offsets, err := a.client.Committed(a.t.Context(), sink.Default().Group, stream.TopicResolved)
	require.NoError(a.t, err)
	return offsets[stream.TopicResolved]
}

func TestTablesAreNotDroppedWhereRowsWouldBeLost(t *testing.T) {
	a := newAnalysis(t, 30)
	a.older = 12
	life, offsets := a.life, a.committed()
	_, err := a.rebuild(rebuild.SinkConfig{Drop: true})
	require.ErrorIs(t, err, rebuild.ErrOlder)
	require.ErrorContains(t, err, "12 events from before ")
	require.ErrorContains(t, err, "--drop --lose-older")
	require.Equal(t, life, a.life, "nothing is dropped")
	require.Equal(t, offsets, a.committed(), "nothing is set back")
	require.Nil(t, a.note)
	a.whole()

	report, err := a.rebuild(rebuild.SinkConfig{})
	require.NoError(t, err, "without a drop they stay")
	require.False(t, report.Dropped)
	require.EqualValues(t, 12, report.Older)
	require.Equal(t, life, a.life)

	report, err = a.rebuild(rebuild.SinkConfig{Drop: true, LoseOlder: true})
	require.NoError(t, err)
	require.True(t, report.Dropped)
	require.EqualValues(t, 12, report.Older, "that many are lost, and it says so")
	require.Greater(t, a.life, life)
	a.whole()
	report, err = a.rebuild(rebuild.SinkConfig{Drop: true})
	require.NoError(t, err, "Kafka has every event")
	require.True(t, report.Dropped)
	a.whole()
}

// What came first is not what the resolver wrote first: an event that Kafka has behind younger ones is not taken for one that it lost.
func TestTheOldestEventMayLieBehindYoungerOnes(t *testing.T) {
	a := newAnalysis(t, 30)
	came := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	r, err := stream.Encode(stream.TopicResolved, []byte("late"), &eventpb.Resolved{}, came)
	require.NoError(t, err)
	require.NoError(t, a.out.PublishAll(t.Context(), []stream.Record{r}))
	a.events++
	report, err := a.rebuild(rebuild.SinkConfig{Drop: true})
	require.NoError(t, err)
	require.Equal(t, came.UnixMilli(), report.Oldest.UnixMilli())
	a.whole()
}

func TestNoTablesAreRebuiltBesideASink(t *testing.T) {
	a := newAnalysis(t, 10)
	c, err := a.client.NewConsumer(stream.ConsumerConfig{Group: sink.Default().Group, Topics: []string{stream.TopicResolved}},
		stream.HandlerFunc(func(context.Context, stream.Batch) error { return nil }))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	require.Eventually(t, c.Ready, 10*time.Second, 10*time.Millisecond)
	_, err = a.rebuild(rebuild.SinkConfig{Drop: true})
	require.ErrorIs(t, err, rebuild.ErrSinkRuns)
	stop()
	require.NoError(t, <-ended)
	a.whole()
}

// A rebuild goes on where it was cut short, and only where what was written so far still stands.
func TestARebuildOfTablesGoesOnOnlyWhereItsFirstPartStands(t *testing.T) {
	const events = 60
	for name, c := range map[string]struct {
		meanwhile func(a *analysis)
		drop      bool // of the second call
		resumed   bool
	}{
		"nothing happened":           {resumed: true},
		"the tables were lost":       {meanwhile: func(a *analysis) { a.rows = nil }},
		"a sink finished it":         {meanwhile: func(a *analysis) { a.runs() }},
		"finished, and lost":         {meanwhile: func(a *analysis) { a.runs(); a.rows = nil }},
		"rows were deleted since":    {meanwhile: func(a *analysis) { a.runs(); clear(a.rows) }},
		"now they are to be dropped": {drop: true},
		"Kafka was set up anew": {resumed: true, meanwhile: func(a *analysis) {
			for _, partitions := range a.note.Until {
				for p := range partitions {
					partitions[p] += 1000
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnalysis(t, events)
			a.left = 10 // some of its records are written then
			_, err := a.rebuild(rebuild.SinkConfig{})
			require.ErrorIs(t, err, errKilled)
			require.NotNil(t, a.note)
			a.left = -1
			if c.meanwhile != nil {
				c.meanwhile(a)
			}
			a.writes = 0
			report, err := a.rebuild(rebuild.SinkConfig{Drop: c.drop})
			require.NoError(t, err)
			require.Equal(t, c.resumed, report.Resumed)
			require.Equal(t, c.drop, report.Dropped)
			a.whole()
			if c.resumed {
				require.Less(t, a.writes, events, "what was written is not written again")
			}
		})
	}
}

// Killed at any step, a rebuild that is run again has everything, and so has a sink that is started instead.
func TestARebuildOfTablesIsKilledAtAnyStep(t *testing.T) {
	a := newAnalysis(t, 20)
	for _, drop := range []bool{false, true} {
		for _, up := range []bool{false, true} {
			kills := 0
			for step := 0; ; step++ {
				a.left = step
				_, err := a.rebuild(rebuild.SinkConfig{Drop: drop})
				a.left = -1
				if err == nil {
					break
				}
				require.ErrorIs(t, err, errKilled)
				kills++
				if up {
					a.runs()
					a.whole("drop %v, killed at step %d, then a sink", drop, step)
					continue
				}
				_, err = a.rebuild(rebuild.SinkConfig{})
				require.NoError(t, err)
				a.whole("drop %v, killed at step %d, then again", drop, step)
			}
			require.GreaterOrEqual(t, kills, 8)
		}
	}
}

// What arrives while tables are rebuilt does not keep the rebuild from its end.
func TestARebuildOfTablesEndsBesideLiveEvents(t *testing.T) {
	a := newAnalysis(t, 40)
	a.live = 20 // more than a step writes
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	last, total := int64(-1), int64(0)
	_, err := rebuild.ClickHouse(ctx, rebuild.SinkConfig{Every: 10 * time.Millisecond, Progress: func(_ string, done, of int64) {
		require.GreaterOrEqual(t, done, last)
		last, total = done, of
	}}, a.client, a, a.sink)
	require.NoError(t, err)
	require.EqualValues(t, 40, total)
	require.Equal(t, total, last)
	a.live = 0
	a.runs()
	a.whole()
}
