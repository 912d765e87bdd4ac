package privacy

import (
	"errors"
	"fmt"
	"time"
)

// Deadline is how long a key may live after its person's erasure was received: 24 hours (reference/consent.md 4.3, lock 2).
const Deadline = 24 * time.Hour

// Config of the privacy worker.
type Config struct {
	// Group is the consumer group. Default: "privacy".
	Group string `yaml:"group"`
	// Delay is how long after an erasure was received its keys are destroyed: until then it can be lifted, and nothing is lost. With Every it ends well
	// before the Deadline. Default: 6h.
	Delay time.Duration `yaml:"delay"`
	// Every is how often keys that are due are destroyed. Each round has Redis write its files anew. Default: 1h.
	Every time.Duration `yaml:"every"`
	// Settle is how long after its destruction a key is looked for again: longer than what Redis may lose in a crash. Default: 3s.
	Settle time.Duration `yaml:"settle"`
}

// Default returns the defaults.
func Default() Config {
	return Config{Group: "privacy", Delay: 6 * time.Hour, Every: time.Hour, Settle: 3 * time.Second}
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
	return errors.Join(problems...)
}
