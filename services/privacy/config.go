package privacy

import (
	"errors"
	"fmt"
	"time"
)

// Deadline is how long a key may live after its person's erasure was received: 24 hours (reference/consent.md 4.3, lock 2).
const Deadline = 24 * time.Hour

// BytesDeadline is how long anything else of an erased person may be found in a store: 30 days (reference/consent.md 4.3, lock 3).
const BytesDeadline = 30 * 24 * time.Hour

// compaction is how long brokers may take until what was told to be gone is gone from changelogs: their longest lag of compaction, a segment, and how long
// tombstones are kept (stream.Topics).
const compaction = 9 * 24 * time.Hour

// Config of the privacy worker.
type Config struct {
	// Group is the consumer group. Default: "privacy".
	Group string
	// Delay is how long after an erasure was received its keys are destroyed: until then it can be lifted, and nothing is lost. With Every it ends well
	// before the Deadline. Default: 6h.
	Delay time.Duration
	// Every is how often keys that are due are destroyed. Each round has Redis write its files anew. Default: 1h.
	Every time.Duration
	// Settle is how long after its destruction a key is looked for again: longer than what Redis may lose in a crash. Default: 3s.
	Settle time.Duration
	// BytesDelay is how long after an erasure was received everything else that is kept of the person goes: by default the events of before have left
	// Kafka by then, so nothing brings it back. With a shorter one an event that is read once more does. Default: 9 days.
	BytesDelay time.Duration
	// Again is how long after changelogs were told that values are gone they are told once more: longer than a segment of theirs is written, which no
	// broker compacts before. Default: 25h.
	Again time.Duration
}

// Default returns the defaults.
func Default() Config {
	return Config{Group: "privacy", Delay: 6 * time.Hour, Every: time.Hour, Settle: 3 * time.Second, BytesDelay: 9 * 24 * time.Hour, Again: 25 * time.Hour}
}

// margin is how much of the deadline is left to a round itself.
const margin = time.Hour

// Validate reports every problem, joined.
func (c Config) Validate() error {
	var problems []error
	if c.Group == "" {
		problems = append(problems, errors.New("group: is required"))
	}
	if c.Delay < 0 || c.Settle < 0 {
		problems = append(problems, errors.New("delay and settle: must not be negative"))
	}
	if c.Every <= 0 {
		problems = append(problems, errors.New("every: must be above 0"))
	}
	if c.Delay+c.Every > Deadline-margin {
		problems = append(problems, fmt.Errorf("delay and every: must be together at most %s, so that keys are destroyed within %s", Deadline-margin, Deadline))
	}
	if c.BytesDelay < c.Delay || c.Again <= 0 {
		problems = append(problems, errors.New("bytes_delay: must not be below delay, and again must be above 0"))
	}
	if c.BytesDelay+2*(c.Again+c.Every) > BytesDeadline-compaction {
		problems = append(problems, fmt.Errorf("bytes_delay and again: with all that comes behind them, everything must be gone within %s", BytesDeadline))
	}
	return errors.Join(problems...)
}
