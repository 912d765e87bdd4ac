package resolver

import (
	"errors"
	"fmt"
	"time"

	"rcu/pkg/stream"
)

// Config of the resolver. Zero values take the defaults.
type Config struct {
	// Group is the consumer group. Default: "resolver".
	Group string
	// Spaces whose outbox and clock this resolver looks after. Required.
	Spaces []string
	// BatchRecords is the most events of one partition that are resolved together. Default: 1000.
	BatchRecords int
	// HoldBack is how long an offset is kept back after its batch was written to Redis, which may lose its last
	// second in a crash. Default: 2s.
	HoldBack time.Duration
	// PublishEvery is the time between two publications of one leaf or profile that goes on changing; half of it at least where the first was late. Default: 1s.
	PublishEvery time.Duration
	// OutboxEvery is how long the outbox rests when it was found empty. Default: 100ms.
	OutboxEvery time.Duration
	// SweepEvery is how often permissions that ran out are looked for. Default: 1s.
	SweepEvery time.Duration
	// Lease is how long a publisher of a space may be silent before another takes over. Default: 5s.
	Lease time.Duration
	// Publishers is how many publications of changelogs and profiles are under way at once. Default: 2.
	Publishers int
	// MaxPending is the most leaves and profiles that may wait to be published; then resolving waits. Default: 50000.
	MaxPending int
	// KeysReady is how long a subject's key is used before it is read again: so long one that was destroyed may stay in memory. Default: 5m.
	KeysReady time.Duration
	// History says how events of the history lane yield to live ones.
	History HistoryConfig
	// Batches of events that are worked on at once while more events wait than one batch holds. Default: 4.
	Batches int
	// Instance names this process in leases; unique among resolvers. Required.
	Instance string
}

// Default returns the defaults; Spaces and Instance have none.
func Default() Config {
	return Config{
		Group: "resolver", BatchRecords: 1000, HoldBack: 2 * time.Second, PublishEvery: time.Second,
		OutboxEvery: 100 * time.Millisecond, SweepEvery: time.Second, Lease: 5 * time.Second, MaxPending: 50_000, Publishers: 2, Batches: 4,
		KeysReady: 5 * time.Minute,
		History:   defaultHistory(),
	}
}

// Validate reports every problem, joined.
func (c Config) Validate() error {
	var problems []error
	if c.Group == "" {
		problems = append(problems, errors.New("group: is required"))
	}
	if len(c.Spaces) == 0 {
		problems = append(problems, errors.New("spaces: at least one is required"))
	}
	if c.Instance == "" {
		problems = append(problems, errors.New("instance: is required"))
	}
	if c.BatchRecords < 1 || c.MaxPending < 1 || c.Publishers < 1 {
		problems = append(problems, errors.New("batch_records, max_pending and publishers: must be at least 1"))
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"publish_every", c.PublishEvery}, {"outbox_every", c.OutboxEvery}, {"sweep_every", c.SweepEvery}, {"lease", c.Lease}, {"keys_ready", c.KeysReady}} {
		if d.d <= 0 {
			problems = append(problems, fmt.Errorf("%s: must be above 0", d.name))
		}
	}
	if c.Batches < 1 {
		problems = append(problems, errors.New("batches: must be at least 1"))
	}
	if c.HoldBack < 0 {
		problems = append(problems, errors.New("hold_back: must not be negative"))
	}
	problems = append(problems, c.History.validate(c.MaxPending))
	return errors.Join(problems...)
}

// topics that the resolver reads. rcu.measure is not among them: it has no right to it.
func topics() []string {
	return append(stream.EventTopics(), stream.TopicConsents, stream.TopicActs, stream.TopicMatches)
}
