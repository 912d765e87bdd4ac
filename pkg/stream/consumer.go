package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Batch is a run of consecutive records of one partition.
type Batch struct {
	// Topic and Partition the records lie in.
	Topic string
	// Partition of the topic.
	Partition int
	// LogID of the topic: it changes when the topic is made again.
	LogID LogID
	// Records in order of offset; at least one. They and their bytes are the
	// handler's to keep.
	Records []Record
	// HighWater is the offset of the next record to be written to the
	// partition, as of the fetch.
	HighWater int64
}

// First is the offset of the first record.
func (b Batch) First() int64 { return b.Records[0].Offset }

// Next is the offset behind the last record: what a commit of the batch says.
func (b Batch) Next() int64 { return b.Records[len(b.Records)-1].Offset + 1 }

// Handler takes batches. It is called by one goroutine per assigned partition,
// so for several partitions at once, for one partition in order.
//
// nil commits the batch. *InvalidError sends the records it names to the dead
// letter and commits. *Rewind reads from an earlier offset again. Any other
// error gives the same batch to the handler again after a pause, for as long
// as the partition is assigned. Batches are delivered at least once.
//
// When the partition is given away or the program stops, ctx ends after the
// consumer's grace period: what the handler has begun, it may finish.
type Handler interface {
	Batch(ctx context.Context, b Batch) error
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, b Batch) error

// Batch calls the function.
func (f HandlerFunc) Batch(ctx context.Context, b Batch) error { return f(ctx, b) }

// Assignment is a partition that the consumer reads from now on.
type Assignment struct {
	// Topic and Partition assigned.
	Topic string
	// Partition of the topic.
	Partition int
	// Offset where reading begins. A handler may lower it, not below Start.
	Offset int64
	// Start and End of the log.
	Start, End int64
	// LogID of the topic.
	LogID LogID
}

// Assignable is a Handler that wants to know what it is assigned. No Batch call
// runs while either method does.
type Assignable interface {
	// Assigned is called at the begin of a generation. It may lower the offsets
	// in place; an error leaves the group for a while.
	Assigned(ctx context.Context, parts []Assignment) error
	// Revoked is called at the end of a generation, after the last commit.
	Revoked(parts []Assignment)
}

// ConsumerConfig bounds a consumer. Zero values take the defaults.
type ConsumerConfig struct {
	// Group is the name of the consumer group.
	Group string `yaml:"group"`
	// Topics to read; the same list in every member of the group.
	Topics []string `yaml:"topics"`
	// BatchRecords per handler call, at most. Default: 1000.
	BatchRecords int `yaml:"batch_records"`
	// BatchBytes per fetch and handler call, about. Default: 1 MiB.
	BatchBytes int `yaml:"batch_bytes"`
	// BatchWait is the least time between two fetches of a partition that had
	// no more to give: what lets batches grow. Default: 20ms.
	BatchWait time.Duration `yaml:"batch_wait"`
	// FetchWait is how long the broker holds a fetch without records. Default: 500ms.
	FetchWait time.Duration `yaml:"fetch_wait"`
	// CommitEvery is the least time between two commits. Default: 500ms.
	CommitEvery time.Duration `yaml:"commit_every"`
	// HoldBack keeps an offset back for this long after its batch was handled,
	// except at the end of a generation. Default: 0.
	HoldBack time.Duration `yaml:"hold_back"`
	// Gate, when given, keeps the offsets of batches that were handled after the
	// time it returns, also at the end of a generation: what they made is not
	// out yet. Such batches are delivered again.
	Gate func() time.Time `yaml:"-"`
	// Grace is how long a handler may go on after its partition was taken away.
	// Default: 8s.
	Grace time.Duration `yaml:"grace"`
	// Watchdog is how long a partition with lag may stand still. Default: 30s.
	Watchdog time.Duration `yaml:"watchdog"`
	// BackoffMin and BackoffMax bound the pause before a batch is handled
	// again. Default: 100ms, 5s.
	BackoffMin time.Duration `yaml:"backoff_min"`
	// BackoffMax is the longest pause.
	BackoffMax time.Duration `yaml:"backoff_max"`
	// SessionTimeout after which the group goes on without a silent member.
	// Default: that of the client.
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// RebalanceTimeout is how long the group waits for a member to give its
	// partitions back; more than Grace. Default: 12s.
	RebalanceTimeout time.Duration `yaml:"rebalance_timeout"`
	// SkipTruncated goes on at the log start, with a warning, where records
	// were deleted before they were read. Without it, Run ends with the error.
	SkipTruncated bool `yaml:"skip_truncated"`
	// Background is the low-priority lane of the topics. Default: none.
	Background BackgroundConfig `yaml:"background"`
	// DeadLetter takes the records of an InvalidError; an error keeps the batch
	// from being committed. Without one, such a batch is tried again like any.
	DeadLetter func(ctx context.Context, r Record, invalid *InvalidError) error `yaml:"-"`
}

// joinPatience is how many rebalance timeouts a member waits in a join beyond the first. The embedded broker begins its wait again whenever
// somebody joins: members that give up and come again sooner than that keep each other from ever getting in.
const joinPatience = 2

// DefaultConsumerConfig gives the defaults.
func DefaultConsumerConfig() ConsumerConfig {
	return ConsumerConfig{
		BatchRecords: 1000, BatchBytes: 1 << 20, BatchWait: 20 * time.Millisecond, FetchWait: 500 * time.Millisecond,
		CommitEvery: 500 * time.Millisecond, Grace: 8 * time.Second, Watchdog: 30 * time.Second,
		BackoffMin: 100 * time.Millisecond, BackoffMax: 5 * time.Second,
		SessionTimeout: 10 * time.Second, RebalanceTimeout: 12 * time.Second,
	}
}

func (c ConsumerConfig) withDefaults() ConsumerConfig {
	d := DefaultConsumerConfig()
	c.BatchRecords = cmp.Or(c.BatchRecords, d.BatchRecords)
	c.BatchBytes = cmp.Or(c.BatchBytes, d.BatchBytes)
	c.BatchWait = cmp.Or(c.BatchWait, d.BatchWait)
	c.FetchWait = cmp.Or(c.FetchWait, d.FetchWait)
	c.CommitEvery = cmp.Or(c.CommitEvery, d.CommitEvery)
	c.Grace = cmp.Or(c.Grace, d.Grace)
	c.Watchdog = cmp.Or(c.Watchdog, d.Watchdog)
	c.BackoffMin = cmp.Or(c.BackoffMin, d.BackoffMin)
	c.BackoffMax = cmp.Or(c.BackoffMax, d.BackoffMax)
	c.SessionTimeout = cmp.Or(c.SessionTimeout, d.SessionTimeout)
	c.RebalanceTimeout = cmp.Or(c.RebalanceTimeout, d.RebalanceTimeout)
	return c
}

// Validate returns every problem, joined.
func (c ConsumerConfig) Validate() error {
	var errs []error
	if c.Group == "" {
		errs = append(errs, errors.New("group: is required"))
	}
	if len(c.Topics) == 0 {
		errs = append(errs, errors.New("topics: is required"))
	}
	negatives := []struct {
		path string
		bad  bool
	}{
		{"batch_records", c.BatchRecords < 0},
		{"batch_bytes", c.BatchBytes < 0},
		{"batch_wait", c.BatchWait < 0},
		{"fetch_wait", c.FetchWait < 0},
		{"commit_every", c.CommitEvery < 0},
		{"hold_back", c.HoldBack < 0},
		{"grace", c.Grace < 0},
		{"watchdog", c.Watchdog < 0},
		{"backoff_min", c.BackoffMin < 0},
		{"backoff_max", c.BackoffMax < 0},
		{"session_timeout", c.SessionTimeout < 0},
		{"rebalance_timeout", c.RebalanceTimeout < 0},
	}
	for _, n := range negatives {
		if n.bad {
			errs = append(errs, fmt.Errorf("%s: must not be negative", n.path))
		}
	}
	if d := c.withDefaults(); d.Grace >= d.RebalanceTimeout {
		errs = append(errs, fmt.Errorf("grace: must be below rebalance_timeout (%s), got %s", d.RebalanceTimeout, d.Grace))
	}
	errs = append(errs, c.Background.validate(c.Topics))
	return errors.Join(errs...)
}

// Consumer reads topics as a member of a group. Run it once.
type Consumer struct {
	client  *Client
	cfg     ConsumerConfig
	handler Handler
	log     *zap.Logger
	state   consumerState
	// priority of the foreground topics; nil without a background lane.
	priority *priority
}

// NewConsumer prepares a consumer.
func (c *Client) NewConsumer(cfg ConsumerConfig, h Handler) (*Consumer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the consumer configuration: %w", err)
	}
	if h == nil {
		return nil, errors.New("checking the consumer configuration: handler: is required")
	}
	cfg.SessionTimeout = cmp.Or(cfg.SessionTimeout, c.cfg.SessionTimeout)
	began := func(why string) { c.metrics.background.WithLabelValues(cfg.Group, why).Inc() }
	return &Consumer{
		client: c, cfg: cfg.withDefaults(), handler: h, log: c.log.With(zap.String("group", cfg.Group)),
		priority: newPriority(cfg.Background, began, time.Now),
	}, nil
}

// Run joins the group and gives batches to the handler until ctx ends (nil) or
// a position lies outside the log (*OffsetError). It returns after the last
// commit, having left the group.
func (c *Consumer) Run(ctx context.Context) error {
	if err := c.awaitTopics(ctx); err != nil {
		return stopped(ctx, err)
	}
	if err := c.lifeProblem(ctx); err != nil {
		return err
	}
	cfg := c.cfg
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: cfg.Group, Brokers: c.client.cfg.Brokers, Topics: cfg.Topics, Dialer: c.client.dialer(),
		GroupBalancers:    []kafka.GroupBalancer{balancer{}},
		HeartbeatInterval: cfg.SessionTimeout / 10, SessionTimeout: cfg.SessionTimeout, RebalanceTimeout: cfg.RebalanceTimeout,
		JoinGroupBackoff: 500 * time.Millisecond, WatchPartitionChanges: true, PartitionWatchInterval: 5 * time.Second,
		StartOffset: kafka.FirstOffset, Timeout: max(c.client.cfg.RequestTimeout, joinPatience*cfg.RebalanceTimeout),
	})
	if err != nil {
		return fmt.Errorf("joining group %s: %w", cfg.Group, err)
	}
	runErr := c.generations(ctx, group)
	endJoin(ctx, group, cfg.RebalanceTimeout)
	if err := group.Close(); err != nil && runErr == nil {
		runErr = fmt.Errorf("leaving group %s: %w", cfg.Group, err)
	}
	c.state.set(false)
	return stopped(ctx, runErr)
}

// stopped drops the error of a run that was asked to end.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}

// awaitTopics waits until the log id can be read.
func (c *Consumer) awaitTopics(ctx context.Context) error {
	for b := newBackoff(100*time.Millisecond, 2*time.Second); ; {
		_, err := c.client.refreshLogIDs(ctx)
		if err == nil || !temporary(err) {
			return err
		}
		c.log.Warn("waiting for the log id", zap.Error(err))
		if !b.sleep(ctx.Done()) {
			return ctx.Err()
		}
	}
}

// lifeProblem says whether a topic was deleted, or made again by other means,
// since rcu.meta was read last. A broker that cannot say is no problem here: it
// shows elsewhere.
func (c *Consumer) lifeProblem(ctx context.Context) error {
	c.client.mu.Lock()
	logs := c.client.logs
	c.client.mu.Unlock()
	changed, _, err := c.client.lives(ctx, logs, c.cfg.Topics)
	if err != nil || len(changed) == 0 {
		return nil //nolint:nilerr // see above
	}
	return fmt.Errorf("reading as group %s: %w", c.cfg.Group, changed[0])
}

// shortestGeneration bounds how often the group is joined: a topic that is gone
// ends a generation at once.
const shortestGeneration = 100 * time.Millisecond

// generations runs one generation after the other.
func (c *Consumer) generations(ctx context.Context, group *kafka.ConsumerGroup) error {
	var handled *committer // of the generation before
	for failures := 0; ; {
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, kafka.ErrGroupClosed):
			return err
		case err != nil:
			if failures++; worthALine(failures) {
				c.log.Warn("joining the group", zap.Int("attempt", failures), zap.Error(explain(err)))
			}
			if err := c.lifeProblem(ctx); err != nil {
				return err
			}
			continue // the group itself pauses between two attempts
		}
		failures = 0
		c.client.metrics.rebalances.WithLabelValues(c.cfg.Group).Inc()
		began := time.Now()
		g := newGeneration(c, gen)
		if faults.offsetsOutlive && handled != nil {
			g.commits = handled
		}
		handled = g.commits
		ended := make(chan error, 1)
		gen.Start(func(genCtx context.Context) {
			err := g.run(ctx, genCtx)
			if err != nil || ctx.Err() != nil {
				leave(genCtx, group)
			}
			ended <- err
		})
		if err := <-ended; err != nil {
			return err
		}
		if left := shortestGeneration - time.Since(began); left > 0 {
			if err := c.lifeProblem(ctx); err != nil {
				return err
			}
			pause(left, ctx.Done())
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
