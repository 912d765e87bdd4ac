package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/resp"
)

// tell makes figures of the calls.
func (c *caller) tell(ctx context.Context, r *suggestions) error {
	if err := c.readPublished(ctx); err != nil {
		return err
	}
	var answered, published, found, queued, early, shown []time.Duration
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.calls {
		if !one.shownAt.IsZero() && (one.queued.IsZero() || one.queued.After(one.shownAt)) {
			one.queued = one.shownAt // it was shown and taken off between two looks
		}
		if one.early {
			if !one.shownAt.IsZero() {
				early = append(early, one.queued.Sub(one.answered))
			}
			continue
		}
		r.Calls++
		answered = append(answered, one.answered.Sub(one.sent))
		if one.shownAt.IsZero() {
			continue
		}
		shown = append(shown, one.shownAt.Sub(one.answered))
		queued = append(queued, one.queued.Sub(one.answered))
		if one.queued.Sub(one.answered) <= aim {
			r.Within++
		}
		if !one.published.IsZero() {
			published, found = append(published, one.published.Sub(one.answered)), append(found, one.queued.Sub(one.published))
		}
	}
	r.Answered, r.Published, r.Found, r.Early = spreadOf(answered), spreadOf(published), spreadOf(found), spreadOf(early)
	if err := c.keepCalls(); err != nil {
		return err
	}
	r.Within /= float64(max(1, len(queued)))
	r.Queued, r.Shown, r.Page = spreadOf(queued), spreadOf(shown), spreadOf(c.pages)
	return nil
}

// keepCalls leaves what became of each call in the folder, if it is kept: when it was sent, and when each part of the way ended, in ms from then.
func (c *caller) keepCalls() error {
	if c.stack.o.keep == "" {
		return nil
	}
	var b strings.Builder
	for _, one := range c.calls {
		_, _ = fmt.Fprintf(&b, "%s", one.sent.Format("15:04:05.000"))
		for _, at := range []time.Time{one.answered, one.published, one.queued, one.shownAt} {
			_, _ = fmt.Fprintf(&b, "\t%d", at.Sub(one.sent).Milliseconds())
		}
		b.WriteByte('\n')
	}
	if err := c.stack.write("calls.tsv", []byte(b.String())); err != nil {
		return fmt.Errorf("keeping the calls: %w", err)
	}
	return nil
}

// readPublished reads off rcu.leaves, once all is over, when the leaf of each call was published.
func (c *caller) readPublished(ctx context.Context) error {
	cfg := stream.DefaultConfig()
	cfg.Brokers = []string{c.stack.kafka.Addr()}
	client, err := stream.Connect(cfg, stream.Deps{Log: zap.NewNop()})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer client.Close()
	partitions, err := client.Partitions(ctx, stream.TopicLeaves)
	if err != nil {
		return fmt.Errorf("reading the leaves: %w", err)
	}
	byKey := make(map[string]*called, len(c.calls))
	for _, one := range c.calls {
		byKey[one.key.Value] = one
	}
	for p := range partitions {
		err := client.ReadFrom(ctx, stream.TopicLeaves, p, 0, func(r stream.Record) error {
			if !strings.HasPrefix(string(r.Key), "l:") || r.Value == nil {
				return nil
			}
			m := new(eventpb.Changelog)
			if err := r.Decode(m); err != nil {
				return err //nolint:wrapcheck // says all
			}
			state, err := profile.Decode(m.GetValue())
			if err != nil || state.Empty() {
				return err //nolint:wrapcheck // says all
			}
			if one := byKey[resolve.SubjectOf(state.Leaf()).Value]; one != nil && one.published.IsZero() {
				one.published = r.Time
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the leaves: %w", err)
		}
	}
	return nil
}

// sample takes the memory of matcher and Redis until ctx ends.
func (c *caller) sample(ctx context.Context, r *suggestions) error {
	conn, err := resp.Dial(ctx, c.stack.redis.Addr())
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer conn.Close()
	began := time.Now()
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	for {
		x := memoryAfter{Second: int(time.Since(began).Seconds())}
		if x.Redis, err = conn.UsedMemory(); err != nil {
			return err //nolint:wrapcheck // says all
		}
		if x.Matcher, err = residentMemory(c.matcher.cmd.Process.Pid); err != nil {
			return err
		}
		r.Memory = append(r.Memory, x)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// residentMemory is what a process holds in memory now.
func residentMemory(pid int) (int64, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, errors.New("reading the memory of a process: the line is too short")
	}
	n, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	return n * pageSize, nil
}
