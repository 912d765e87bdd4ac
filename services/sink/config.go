package sink

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/stream"
)

// Config of the sink. Zero values take the defaults.
type Config struct {
	// Group is the consumer group. Default: "sink".
	Group string
	// FlushEvery is the least time between two inserts of the rows of all partitions, while no more waits than can be fetched at once. Default: 500ms.
	FlushEvery time.Duration
	// FlushRows inserts earlier, once so many records are gathered. Default: 50000.
	FlushRows int
	// BatchRecords is the most records of one partition that are gathered at a time. Default: 10000.
	BatchRecords int
	// ReloadEvery is the least time between two reloads of the owners of leaves. Default: 1s.
	ReloadEvery time.Duration
	// SquashEvery is how often overrides that are old are written into the rows and dropped. Default: 10m.
	SquashEvery time.Duration
	// SquashAfter is how old an override must be for that. Default: 24h.
	SquashAfter time.Duration
	// TokenPrefix stands before deduplication tokens. A rebuild has one of its own: ranges that were inserted before come again.
	TokenPrefix string
	// InsertTimeout bounds one insert. Default: 30s.
	InsertTimeout time.Duration
}

// batchBytes bounds what one partition holds in memory, about.
const batchBytes = 4 << 20

// Default returns the defaults.
func Default() Config {
	return Config{
		Group: "sink", FlushEvery: 500 * time.Millisecond, FlushRows: 50_000, BatchRecords: 10_000, ReloadEvery: time.Second,
		InsertTimeout: 30 * time.Second, SquashEvery: 10 * time.Minute, SquashAfter: 24 * time.Hour,
	}
}

// Validate reports every problem, joined.
func (c Config) Validate() error {
	var problems []error
	if c.Group == "" {
		problems = append(problems, errors.New("group: is required"))
	}
	for _, n := range []struct {
		name string
		n    int
	}{{"flush_rows", c.FlushRows}, {"batch_records", c.BatchRecords}} {
		if n.n < 1 || n.n > 200_000 {
			problems = append(problems, fmt.Errorf("%s: must be 1 to 200000", n.name))
		}
	}
	for _, d := range []struct {
		name     string
		d, limit time.Duration
	}{
		{"flush_every", c.FlushEvery, 5 * time.Second},
		{"reload_every", c.ReloadEvery, 5 * time.Second},
		{"insert_timeout", c.InsertTimeout, 5 * time.Minute},
		{"squash_every", c.SquashEvery, 24 * time.Hour},
		{"squash_after", c.SquashAfter, 28 * 24 * time.Hour},
	} {
		if d.d <= 0 || d.d > d.limit {
			problems = append(problems, fmt.Errorf("%s: must be above 0 and at most %s", d.name, d.limit))
		}
	}
	return errors.Join(problems...)
}

// topics that the sink reads.
func topics() []string {
	return []string{stream.TopicResolved, stream.TopicOwners, stream.TopicProfiles, stream.TopicIdentity, stream.TopicConsents, stream.TopicContacts}
}
