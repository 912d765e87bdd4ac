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
	// Life names the tables that stand: those that are made anew have another.
	Life(ctx context.Context) (string, error)
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
	// Earlier is a rebuild that was cut short; nil when there was none.
	Earlier *SinkNote
	// Begun is called once the tables and offsets are set back, and what is left is to be read.
	Begun func(SinkNote) error
	// Progress is told of every step; may be nil.
	Progress func(step string, done, total int64)
	// Every is how often it is looked how far the sink is. Default: 300ms.
	Every time.Duration
}

// SinkNote is what a rebuild that is cut short leaves behind, so that the next goes on with it.
type SinkNote struct {
	Life    string `json:"life"` // of the tables that it writes
	Dropped bool   `json:"dropped"`
	Until   ends   `json:"until"`
}

// ends are where logs ended when a rebuild began, by topic and partition: what comes later is the sink's everyday work.
type ends map[string]map[int]int64

// SinkReport is what a rebuild of ClickHouse did.
type SinkReport struct {
	Resumed bool      `json:"resumed"`
	Dropped bool      `json:"dropped"`
	Oldest  time.Time `json:"oldest"` // received_at of the oldest event on Kafka: what is older does not come back
	Older   uint64    `json:"older"`  // events that stood in ClickHouse and are older than that
	Records int64     `json:"records"`
	Seconds float64   `json:"seconds"`
}

// ClickHouse sets the sink's group back to the start of the logs and lets run, which is the sink, write until it has read what they held then.
func ClickHouse(ctx context.Context, cfg SinkConfig, client *stream.Client, tables Tables, run func(ctx context.Context) error) (SinkReport, error) {
	began := time.Now()
	if cfg.Group == "" {
		cfg.Group = sink.Default().Group
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, int64, int64) {}
	}
	if cfg.Every == 0 {
		cfg.Every = 300 * time.Millisecond
	}
	n, err := client.Members(ctx, cfg.Group)
	if err != nil {
		return SinkReport{}, err //nolint:wrapcheck // says all
	}
	if n > 0 {
		return SinkReport{}, ErrSinkRuns
	}
	report, until, err := prepareTables(ctx, cfg, client, tables)
	if err != nil {
		return report, err
	}
	report.Records, err = catchUp(ctx, cfg, client, until, run)
	report.Seconds = time.Since(began).Seconds()
	return report, err
}

// prepareTables finds out what would be lost, and goes on where an earlier rebuild was cut short, or begins anew.
func prepareTables(ctx context.Context, cfg SinkConfig, client *stream.Client, tables Tables) (report SinkReport, until ends, err error) {
	if err := tables.Migrate(ctx); err != nil {
		return report, nil, fmt.Errorf("making the tables: %w", err)
	}
	if report.Oldest, err = oldest(ctx, client); err != nil {
		return report, nil, err
	}
	if report.Older, err = tables.OlderRows(ctx, report.Oldest); err != nil {
		return report, nil, fmt.Errorf("counting what kafka no longer has: %w", err)
	}
	if report.Resumed, err = goesOn(ctx, cfg, client, tables); err != nil {
		return report, nil, err
	}
	if report.Resumed {
		report.Dropped = cfg.Earlier.Dropped
		return report, cfg.Earlier.Until, nil
	}
	if cfg.Drop && report.Older > 0 && !cfg.LoseOlder {
		return report, nil, fmt.Errorf("%d events from before %s: %w", report.Older, report.Oldest.Format(time.DateTime), ErrOlder)
	}
	until, err = begin(ctx, cfg, client, tables)
	report.Dropped = cfg.Drop && err == nil
	return report, until, err
}

// goesOn reports whether what an earlier rebuild left is the first part of this one: into the same tables, and not read to its end since, as a sink does
// that is started after the cut. Whoever asks for a drop gets one.
func goesOn(ctx context.Context, cfg SinkConfig, client *stream.Client, tables Tables) (bool, error) {
	if cfg.Earlier == nil || cfg.Drop && !cfg.Earlier.Dropped {
		return false, nil
	}
	life, err := tables.Life(ctx)
	if err != nil || life != cfg.Earlier.Life {
		return false, err //nolint:wrapcheck // says all
	}
	left, err := behind(ctx, cfg.Group, client, cfg.Earlier.Until)
	return left > 0, err
}

// begin sets the group back, then drops if asked to: cut short between the two, a sink that is started instead of another rebuild writes everything again.
func begin(ctx context.Context, cfg SinkConfig, client *stream.Client, tables Tables) (ends, error) {
	until, err := fromStart(ctx, cfg.Group, client)
	if err != nil {
		return nil, err
	}
	if cfg.Drop {
		if err := errors.Join(tables.DropTables(ctx), tables.Migrate(ctx)); err != nil {
			return nil, fmt.Errorf("making the tables anew: %w", err)
		}
	}
	if cfg.Begun == nil {
		return until, nil
	}
	life, err := tables.Life(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	return until, cfg.Begun(SinkNote{Life: life, Dropped: cfg.Drop, Until: until})
}

// firstRecords is how many records of a partition are looked at for the oldest: the resolver reads several topics side by side, so the first that it wrote
// is not always the first that came.
const firstRecords = 1000

// oldest is the time of the oldest event that Kafka retains; now when there is none.
func oldest(ctx context.Context, client *stream.Client) (time.Time, error) {
	first := time.Now()
	n, err := client.Partitions(ctx, stream.TopicResolved)
	if err != nil {
		return first, fmt.Errorf("asking for the partitions of %s: %w", stream.TopicResolved, err)
	}
	for p := range n {
		looked := 0
		err := client.ReadFrom(ctx, stream.TopicResolved, p, 0, func(r stream.Record) error {
			if r.Time.Before(first) {
				first = r.Time
			}
			if looked++; looked == firstRecords {
				return errFound
			}
			return nil
		})
		if err != nil && !errors.Is(err, errFound) {
			return first, fmt.Errorf("reading the oldest event: %w", err)
		}
	}
	return first, nil
}

// fromStart sets the group to the start of everything that the sink reads, and tells where that ends.
func fromStart(ctx context.Context, group string, client *stream.Client) (ends, error) {
	offsets, until := map[string]map[int]int64{}, ends{}
	for _, topic := range sink.Topics() {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		offsets[topic], until[topic] = map[int]int64{}, map[int]int64{}
		for p := range n {
			bounds, err := client.Bounds(ctx, topic, p)
			if err != nil {
				return nil, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
			}
			offsets[topic][p], until[topic][p] = bounds[p].Start, bounds[p].End
		}
	}
	err := client.SetOffsets(ctx, group, offsets)
	if errors.Is(err, stream.ErrGroupInUse) {
		return nil, ErrSinkRuns
	}
	return until, err //nolint:wrapcheck // says all
}

// behind counts the records before the ends that the group has still to commit.
func behind(ctx context.Context, group string, client *stream.Client, until ends) (int64, error) {
	lags, err := client.Lag(ctx, group, sink.Topics()...)
	n := int64(0)
	for _, l := range lags {
		l.End = min(l.End, until[l.Topic][l.Partition]) // the log of a note may have been made anew since
		n += l.Lag()
	}
	return n, err //nolint:wrapcheck // says all
}

// catchUp runs the sink until it has read everything up to the ends. Events that arrive meanwhile do not put them off.
func catchUp(ctx context.Context, cfg SinkConfig, client *stream.Client, until ends, run func(ctx context.Context) error) (records int64, err error) {
	total, err := behind(ctx, cfg.Group, client, until)
	if err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(running) }()
	tick := time.NewTicker(cfg.Every)
	defer tick.Stop()
	for left := total; left > 0; {
		select {
		case err := <-ended:
			return total - left, errors.Join(errors.New("the sink ended before it had caught up"), err, ctx.Err())
		case <-tick.C:
		}
		if n, err := behind(ctx, cfg.Group, client, until); err == nil { // a broker that is away is the sink's concern
			left = n
		}
		cfg.Progress("writing to clickhouse", total-left, total)
	}
	stop()
	return total, <-ended
}
