package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// consumerState is what others may ask of a running consumer.
type consumerState struct {
	mu      sync.Mutex
	joined  bool
	workers map[topicPartition]*worker
}

type topicPartition struct {
	topic     string
	partition int
}

func (s *consumerState) set(joined bool, workers ...*worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined, s.workers = joined, make(map[topicPartition]*worker, len(workers))
	for _, w := range workers {
		s.workers[w.at] = w
	}
}

// Behind is how many records of the topics beside the background lane are
// known to wait; 0 for a consumer without that lane.
func (c *Consumer) Behind() int64 { return c.priority.backlog() }

// Ready says whether the consumer is a member of its group and reads what it
// was assigned.
func (c *Consumer) Ready() bool {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.joined
}

// SeekBack makes a partition be read again from offset, once the batch under
// way has ended. It is false when the consumer does not have the partition or
// has not come that far.
func (c *Consumer) SeekBack(topic string, partition int, offset int64) bool {
	c.state.mu.Lock()
	w := c.state.workers[topicPartition{topic, partition}]
	c.state.mu.Unlock()
	return w != nil && w.requestSeek(offset)
}

// generation is the consumer's part of one generation of its group.
type generation struct {
	consumer *Consumer
	gen      *kafka.Generation
	logs     logIDs
	commits  *committer
	refused  int // commits in a row
	workers  []*worker
	log      *zap.Logger
	// life ends when the partitions are taken away or the program stops.
	life context.Context //nolint:containedctx // its end is the end of the generation, which all workers share
	end  context.CancelCauseFunc
	// handling outlives it by the grace period.
	handling context.Context //nolint:containedctx // shared by all workers, as life is
}

func newGeneration(c *Consumer, gen *kafka.Generation) *generation {
	return &generation{consumer: c, gen: gen, commits: &committer{}, log: c.log.With(zap.Int32("generation", gen.ID))}
}

// run reads the assigned partitions until the generation ends (nil) or reading
// on would be wrong. Nothing of it is left running when it returns.
func (g *generation) run(ctx, genCtx context.Context) error {
	g.life, g.end = context.WithCancelCause(ctx)
	defer g.end(nil)
	defer context.AfterFunc(genCtx, func() { g.end(kafka.ErrGenerationEnded) })()
	handling, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	g.handling = handling
	defer context.AfterFunc(g.life, func() { //nolint:contextcheck // life is ctx, ended early with the generation
		if pause(g.consumer.cfg.Grace, handling.Done()) {
			abort()
		}
	})()

	parts, err := g.assignments()
	if err != nil {
		return g.unusable(err)
	}
	watcher, watched := g.consumer.handler.(Assignable)
	if watched {
		if err := watcher.Assigned(handling, parts); err != nil {
			g.log.Warn("handler refused its partitions", zap.Error(err))
			pause(time.Second, g.life.Done())
			return nil
		}
	}
	err = g.read(parts)
	if watched {
		watcher.Revoked(parts)
	}
	return err
}

// unusable tells a position outside the log, which ends the consumer, from a
// broker that cannot answer now, for which the group is joined again.
func (g *generation) unusable(err error) error {
	var outside *OffsetError
	var life *LifeError
	if errors.As(err, &outside) || errors.As(err, &life) {
		return fmt.Errorf("reading as group %s: %w", g.consumer.cfg.Group, err)
	}
	g.log.Warn("placing the assigned partitions", zap.Error(err))
	pause(time.Second, g.life.Done())
	return nil
}

// assignments places every assigned partition: at the committed offset, or at
// the log start when nothing was committed.
func (g *generation) assignments() ([]Assignment, error) {
	ask := map[string][]int{}
	for topic, parts := range g.gen.Assignments {
		for _, p := range parts {
			ask[topic] = append(ask[topic], p.ID)
		}
	}
	var err error
	if g.logs, err = g.consumer.client.refreshLogIDs(g.life); err != nil {
		return nil, err
	}
	if err = g.consumer.client.checkLives(g.life, g.logs, g.consumer.cfg.Topics); err != nil || len(ask) == 0 {
		return nil, err
	}
	var out []Assignment
	err = retryBeyond(g.life.Done(), func() error {
		out = out[:0]
		bounds, err := g.consumer.client.bounds(g.life, ask)
		if err != nil {
			return err
		}
		for topic, parts := range g.gen.Assignments {
			for _, p := range parts {
				a, err := g.place(topic, p, bounds[topic][p.ID])
				if err != nil {
					return err
				}
				out = append(out, a)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Assignment) int {
		if c := strings.Compare(a.Topic, b.Topic); c != 0 {
			return c
		}
		return a.Partition - b.Partition
	})
	return out, err
}

func (g *generation) place(topic string, p kafka.PartitionAssignment, b Bounds) (Assignment, error) {
	a := Assignment{Topic: topic, Partition: p.ID, Offset: p.Offset, Start: b.Start, End: b.End, LogID: g.logs.of(topic)}
	if p.Offset < 0 {
		a.Offset = b.Start
	}
	if a.Offset >= a.Start && a.Offset <= a.End {
		return a, nil
	}
	outside := &OffsetError{Topic: topic, Partition: p.ID, Offset: a.Offset, Start: a.Start, End: a.End}
	if !outside.Truncated() || !g.consumer.cfg.SkipTruncated {
		return a, outside
	}
	g.log.Error("records were deleted before they were read; going on at the log start", zap.String("topic", topic),
		zap.Int("partition", p.ID), zap.Int64("offset", a.Offset), zap.Int64("log_start", a.Start))
	a.Offset = a.Start
	return a, nil
}

// retryBeyond repeats f for a while when it finds an offset beyond the log end:
// a leader that was just elected may not know the end of its log yet.
func retryBeyond(done <-chan struct{}, f func() error) error {
	b := newBackoff(100*time.Millisecond, time.Second)
	for range 5 {
		err := f()
		var outside *OffsetError
		if !errors.As(err, &outside) || outside.Truncated() || !b.sleep(done) {
			return err
		}
	}
	return f()
}

// read runs a worker per partition and the committer, and commits once more
// after the last worker has stopped.
func (g *generation) read(parts []Assignment) error {
	now := time.Now()
	for _, a := range parts {
		g.workers = append(g.workers, newWorker(g, a, now))
	}
	g.consumer.state.set(true, g.workers...)
	g.log.Info("reading partitions", zap.Int("partitions", len(parts)))

	errs := make([]error, len(g.workers))
	var reading, keeping sync.WaitGroup
	for i, w := range g.workers {
		reading.Go(func() {
			if errs[i] = w.run(); errs[i] != nil {
				g.end(errs[i])
			}
		})
	}
	stop := make(chan struct{})
	keeping.Go(func() { g.keep(stop) })
	<-g.life.Done()
	g.consumer.state.set(false)
	if faults.workersOutlive {
		close(stop)
		return nil
	}
	reading.Wait()
	close(stop)
	keeping.Wait()
	g.commit(time.Now(), true)
	g.consumer.priority.forget()
	for _, w := range g.workers {
		g.consumer.client.metrics.lag.DeleteLabelValues(g.consumer.cfg.Group, w.at.topic, strconv.Itoa(w.at.partition))
	}
	g.log.Info("gave partitions back", zap.Int("partitions", len(parts)), zap.NamedError("cause", context.Cause(g.life)))
	var life *LifeError
	if errors.As(context.Cause(g.life), &life) {
		errs = append(errs, context.Cause(g.life))
	}
	return errors.Join(errs...)
}

// keep commits what is due, watches the workers and refreshes the lag of those
// that are held up.
func (g *generation) keep(stop <-chan struct{}) {
	ticker := time.NewTicker(g.consumer.cfg.CommitEvery)
	defer ticker.Stop()
	refreshed := time.Now()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			g.commit(now, false)
			g.watch(now)
			if now.Sub(refreshed) >= lagRefresh {
				refreshed = now
				g.refreshLag(now)
				if err := g.consumer.lifeProblem(g.life); err != nil {
					g.end(err)
				}
			}
		}
	}
}

// commit sends every offset that is due in one request.
func (g *generation) commit(now time.Time, all bool) {
	through := now
	if gate := g.consumer.cfg.Gate; gate != nil {
		through = gate()
	}
	due := g.commits.due(now, g.consumer.cfg.HoldBack, through, all)
	if len(due) == 0 {
		return
	}
	outcome := "ok"
	if err := g.gen.CommitOffsets(due); err != nil {
		outcome = "error"
		if g.refused++; worthALine(g.refused) || all {
			g.log.Warn("committing offsets", zap.Bool("final", all), zap.Error(err))
		}
	} else {
		g.refused = 0
		g.commits.done(due)
	}
	g.consumer.client.metrics.commits.WithLabelValues(g.consumer.cfg.Group, outcome).Inc()
}

// errStalled ends a generation in which a partition stands still.
var errStalled = errors.New("a partition makes no progress")

func (g *generation) watch(now time.Time) {
	for _, w := range g.workers {
		if g.life.Err() == nil && w.stalled(now, g.consumer.cfg.Watchdog) {
			g.consumer.client.metrics.stalls.WithLabelValues(g.consumer.cfg.Group, w.at.topic).Inc()
			g.log.Error("leaving the generation: partition makes no progress", zap.String("topic", w.at.topic),
				zap.Int("partition", w.at.partition), zap.Int64("offset", w.next.Load()), zap.Int64("high_water", w.highWater.Load()))
			g.end(errStalled)
		}
	}
}

// lagRefresh is how old a worker's view of the log end may get.
const lagRefresh = 5 * time.Second

// refreshLag asks for the log ends of partitions whose worker has not fetched
// for a while, so that a blocked handler shows as growing lag.
func (g *generation) refreshLag(now time.Time) {
	ask := map[string][]int{}
	for _, w := range g.workers {
		if now.Sub(time.Unix(0, w.fetched.Load())) >= lagRefresh {
			ask[w.at.topic] = append(ask[w.at.topic], w.at.partition)
		}
	}
	if len(ask) == 0 || g.life.Err() != nil {
		return
	}
	bounds, err := g.consumer.client.bounds(g.life, ask)
	if err != nil {
		return // the next round asks again; a broker that is away shows elsewhere
	}
	for _, w := range g.workers {
		if b, ok := bounds[w.at.topic][w.at.partition]; ok {
			w.sawHighWater(b.End)
		}
	}
}
