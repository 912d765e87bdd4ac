package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// finest is how exactly effects are timed that are asked for: in parts of the time that has passed. Asking on and on as often as at first would make
// those who wait longest the largest part of the load.
const finest = 40

// pollSlower asks until the answer is yes, an error, or the deadline, the less often the longer it takes.
func pollSlower(ctx context.Context, ask func() (bool, error)) error {
	began := time.Now()
	for {
		ok, err := ask()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller says what for
		case <-time.After(max(probePoll, time.Since(began)/finest)):
		}
	}
}

// readLeaves asks which leaf the page of each person lies in.
func (w *withdrawer) readLeaves(ctx context.Context) error {
	text, err := w.stack.ask(ctx, "SELECT event_id, replaceAll(toString(leaf), '-', '') FROM events FINAL WHERE event_id LIKE 'page-%'")
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		id, leaf, _ := strings.Cut(strings.TrimSpace(line), "\t")
		w.leaves[id] = leaf
	}
	if len(w.leaves) != w.people {
		return fmt.Errorf("%d leaves of %d pages", len(w.leaves), w.people)
	}
	return nil
}

// begins takes note of when somebody withdraws.
func (w *withdrawer) begins(n int) time.Time {
	began, leaf := time.Now(), w.leaves[pageOf(n)]
	w.waits("override", leaf, began)
	w.waits("rows", leaf, began)
	return began
}

// follow reads rcu.owners until ctx ends, and takes the times at which leaves are told to be nobody's.
func (w *withdrawer) follow(ctx context.Context) error {
	cfg := stream.DefaultConfig()
	cfg.Brokers = []string{w.stack.kafka.Addr()}
	client, err := stream.Connect(cfg, stream.Deps{Log: zap.NewNop()})
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	defer client.Close()
	n, err := client.Partitions(ctx, stream.TopicOwners)
	if err != nil {
		return fmt.Errorf("asking for the partitions of %s: %w", stream.TopicOwners, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for p := range n {
		g.Go(func() error {
			err := client.Follow(ctx, stream.TopicOwners, p, stream.FromStart, func(r stream.Record) error {
				o := new(eventpb.Owner)
				if err := r.Decode(o); err != nil {
					return err //nolint:wrapcheck // says all
				}
				if o.GetRcuId() == "" {
					w.ended("override", hex.EncodeToString(o.GetLeafKey()))
				}
				return nil
			}, nil)
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err //nolint:wrapcheck // says all
		})
	}
	return g.Wait() //nolint:wrapcheck // of ours
}

// watch asks ClickHouse which leaves of those who withdrew are shown without a person, until all are. It asks for what every view asks, one
// leaf at a time, and not for the rows: to read these again and again would be the largest part of ClickHouse's work.
func (w *withdrawer) watch(ctx context.Context) error {
	done := 0
	err := poll(ctx, probeRows, func() (bool, error) {
		waiting := w.waiting("rows")
		if len(waiting) == 0 {
			return done == w.people, nil
		}
		text, err := w.stack.ask(ctx, "SELECT l FROM (SELECT arrayJoin(['"+strings.Join(waiting, "','")+"']) AS l) WHERE "+
			"dictGetOrDefault('rcu.leaf_owner_overrides', 'rcu_id', tuple(toUUID(l)), '?') = ''")
		if err != nil {
			return false, err
		}
		for leaf := range strings.FieldsSeq(text) {
			if w.ended("rows", leaf) {
				done++
			}
		}
		return done == w.people, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %d of %d withdrawals in clickhouse: %w", w.people-done, w.people, err)
	}
	return w.shownNoMore(ctx)
}

// shownNoMore fails when a row still has a person: the dictionary is what the views ask, and the rows have to agree.
func (w *withdrawer) shownNoMore(ctx context.Context) error {
	n, err := w.stack.count(ctx, "SELECT count() FROM events FINAL WHERE event_id LIKE 'page-%' AND "+
		"dictGetOrDefault('rcu.leaf_owner_overrides', 'rcu_id', tuple(leaf), rcu_id) = ''")
	if err == nil && n != int64(w.people) {
		err = fmt.Errorf("%d of %d pages have no person in clickhouse", n, w.people)
	}
	return err
}
