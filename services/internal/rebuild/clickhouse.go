package rebuild

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/stream"
	"rcu/services/sink"
)

// Errors that say what to do about them.
var (
	ErrSinkRuns = errors.New("a sink is running: stop it first (rcu up, or every rcu run sink)")
	ErrOlder    = errors.New("clickhouse holds rows that kafka no longer has, and dropping the tables would lose them: without --drop they stay, with --drop --lose-older they go")
)

// Tables is what a rebuild needs of ClickHouse.
type Tables interface {
	// Migrate makes the tables that are missing.
	Migrate(ctx context.Context) error
	// OlderRows counts the rows of events that were received before a time.
	OlderRows(ctx context.Context, before time.Time) (uint64, error)
	// DropTables drops the database's tables, views and dictionary.
	DropTables(ctx context.Context) error
}

// SinkConfig of a rebuild of ClickHouse.
type SinkConfig struct {
	// Group of the sink. Default: that of the sink.
	Group string
	// Drop drops the tables first; without LoseOlder only if Kafka has every event of theirs.
	Drop, LoseOlder bool
	// Continue goes on with a rebuild that was cut short: the tables and the offsets stay as they are.
	Continue bool
	// Begun is called once the tables and offsets are set back, and what is left is to be read.
	Begun func() error
	// Progress is told of every step; may be nil.
	Progress func(step string, done, total int64)
}

// SinkReport is what a rebuild of ClickHouse did.
type SinkReport struct {
	Dropped bool      `json:"dropped"`
	Oldest  time.Time `json:"oldest"` // received_at of the oldest event on Kafka: what is older does not come back
	Older   uint64    `json:"older"`  // events that stood in ClickHouse and are older than that
	Records int64     `json:"records"`
	Seconds float64   `json:"seconds"`
}

// ClickHouse sets the sink's group back to the start of the logs and lets run, which is the sink, write until it has caught up.
func ClickHouse(ctx context.Context, cfg SinkConfig, client *stream.Client, tables Tables, run func(ctx context.Context) error) (SinkReport, error) {
	began := time.Now()
	if cfg.Group == "" {
		cfg.Group = sink.Default().Group
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, int64, int64) {}
	}
	n, err := client.Members(ctx, cfg.Group)
	if err != nil {
		return SinkReport{}, err //nolint:wrapcheck // says all
	}
	if n > 0 {
		return SinkReport{}, ErrSinkRuns
	}
	report, err := prepareTables(ctx, cfg, client, tables)
	if err != nil {
		return report, err
	}
	if cfg.Begun != nil {
		if err := cfg.Begun(); err != nil {
			return report, err
		}
	}
	report.Records, err = catchUp(ctx, cfg, client, run)
	report.Seconds = time.Since(began).Seconds()
	return report, err
}

// prepareTables finds out what would be lost, drops if asked to, and sets the group back.
func prepareTables(ctx context.Context, cfg SinkConfig, client *stream.Client, tables Tables) (report SinkReport, err error) {
	if err := tables.Migrate(ctx); err != nil {
		return report, fmt.Errorf("making the tables: %w", err)
	}
	if report.Oldest, err = oldest(ctx, client); err != nil {
		return report, err
	}
	if report.Older, err = tables.OlderRows(ctx, report.Oldest); err != nil {
		return report, fmt.Errorf("counting what kafka no longer has: %w", err)
	}
	if cfg.Continue {
		return report, nil
	}
	if cfg.Drop {
		if report.Older > 0 && !cfg.LoseOlder {
			return report, fmt.Errorf("%d events from before %s: %w", report.Older, report.Oldest.Format(time.DateTime), ErrOlder)
		}
		if err := errors.Join(tables.DropTables(ctx), tables.Migrate(ctx)); err != nil {
			return report, fmt.Errorf("making the tables anew: %w", err)
		}
		report.Dropped = true
	}
	return report, fromStart(ctx, cfg.Group, client)
}

// oldest is the time of the oldest event that Kafka retains; now when there is none.
func oldest(ctx context.Context, client *stream.Client) (time.Time, error) {
	first := time.Now()
	n, err := client.Partitions(ctx, stream.TopicResolved)
	if err != nil {
		return first, fmt.Errorf("asking for the partitions of %s: %w", stream.TopicResolved, err)
	}
	for p := range n {
		err := client.ReadFrom(ctx, stream.TopicResolved, p, 0, func(r stream.Record) error {
			if r.Time.Before(first) {
				first = r.Time
			}
			return errFound
		})
		if err != nil && !errors.Is(err, errFound) {
			return first, fmt.Errorf("reading the oldest event: %w", err)
		}
	}
	return first, nil
}

// fromStart sets the group to the start of everything that the sink reads.
func fromStart(ctx context.Context, group string, client *stream.Client) error {
	offsets := map[string]map[int]int64{}
	for _, topic := range sink.Topics() {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		offsets[topic] = map[int]int64{}
		for p := range n {
			bounds, err := client.Bounds(ctx, topic, p)
			if err != nil {
				return fmt.Errorf("asking for the bounds of %s: %w", topic, err)
			}
			offsets[topic][p] = bounds[p].Start
		}
	}
	err := client.SetOffsets(ctx, group, offsets)
	if errors.Is(err, stream.ErrGroupInUse) {
		return ErrSinkRuns
	}
	return err //nolint:wrapcheck // says all
}

// lagEvery is how often the progress is looked at.
const lagEvery = 300 * time.Millisecond

// catchUp runs the sink until it has read everything.
func catchUp(ctx context.Context, cfg SinkConfig, client *stream.Client, run func(ctx context.Context) error) (records int64, err error) {
	behind := func() (int64, error) {
		lags, err := client.Lag(ctx, cfg.Group, sink.Topics()...)
		n := int64(0)
		for _, l := range lags {
			n += l.Lag()
		}
		return n, err //nolint:wrapcheck // says all
	}
	total, err := behind()
	if err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(running) }()
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for left := total; left > 0; {
		select {
		case err := <-ended:
			return total - left, errors.Join(errors.New("the sink ended before it had caught up"), err, ctx.Err())
		case <-tick.C:
		}
		if n, err := behind(); err == nil { // a broker that is away is the sink's concern
			left = n
		}
		cfg.Progress("writing to clickhouse", total-left, total)
	}
	stop()
	return total, <-ended
}
