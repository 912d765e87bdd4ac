package stream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protojson"
)

// TailConfig says what to show of a topic.
type TailConfig struct {
	// Topic to read.
	Topic string
	// Last is the number of records to begin with, over all partitions.
	Last int
	// Follow goes on with new records until the context ends.
	Follow bool
}

// Tail gives fn the last records of a topic in order of their time, and then,
// if asked to, new ones as they come. fn is called by one goroutine at a time.
func (c *Client) Tail(ctx context.Context, cfg TailConfig, fn func(Record) error) error {
	n, err := c.Partitions(ctx, cfg.Topic)
	if err != nil {
		return fmt.Errorf("tailing %s: %w", cfg.Topic, err)
	}
	parts := make([]int, n)
	for p := range parts {
		parts[p] = p
	}
	bounds, err := c.Bounds(ctx, cfg.Topic, parts...)
	if err != nil {
		return fmt.Errorf("tailing %s: %w", cfg.Topic, err)
	}
	last, err := c.lastRecords(ctx, cfg, bounds)
	if err != nil {
		return fmt.Errorf("tailing %s: %w", cfg.Topic, err)
	}
	for _, r := range last {
		if err := fn(r); err != nil {
			return err
		}
	}
	if !cfg.Follow {
		return nil
	}
	turn := make(chan struct{}, 1)
	eg, ctx := errgroup.WithContext(ctx)
	for p, b := range bounds {
		eg.Go(func() error {
			return c.Follow(ctx, cfg.Topic, p, b.End, func(r Record) error {
				turn <- struct{}{}
				defer func() { <-turn }()
				return fn(r)
			}, nil)
		})
	}
	return eg.Wait()
}

// lastRecords reads back far enough in every partition to have the last ones
// of the topic. Compacted partitions may hold fewer than their offsets say.
func (c *Client) lastRecords(ctx context.Context, cfg TailConfig, bounds map[int]Bounds) ([]Record, error) {
	var out []Record
	for p, b := range bounds {
		if cfg.Last <= 0 || b.Start >= b.End {
			continue
		}
		var tail []Record
		err := c.readUpTo(ctx, cfg.Topic, p, max(b.Start, b.End-int64(cfg.Last)), b.End, func(r Record) error {
			tail = append(tail, r)
			return nil
		})
		if err != nil {
			return nil, err
		}
		out = append(out, tail...)
	}
	slices.SortStableFunc(out, func(a, b Record) int { return a.Time.Compare(b.Time) })
	if len(out) > cfg.Last {
		out = out[len(out)-cfg.Last:]
	}
	return out, nil
}

// readUpTo gives fn the records of a partition from an offset up to end.
func (c *Client) readUpTo(ctx context.Context, topic string, partition int, from, end int64, fn func(Record) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := c.Follow(ctx, topic, partition, from, func(r Record) error {
		if r.Offset >= end {
			return errCaughtUp
		}
		return fn(r)
	}, func() { cancel(errCaughtUp) })
	if errors.Is(err, errCaughtUp) || errors.Is(context.Cause(ctx), errCaughtUp) {
		return nil
	}
	return err
}

// tailed is a record as `rcu topic tail` prints it.
type tailed struct {
	Topic     string            `json:"topic"`
	Partition int               `json:"partition"`
	Offset    int64             `json:"offset"`
	Time      time.Time         `json:"time"`
	Key       string            `json:"key,omitempty"`
	Type      string            `json:"type,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Message   json.RawMessage   `json:"message,omitempty"`
	Value     string            `json:"value_base64,omitempty"`
	Deleted   bool              `json:"deleted,omitempty"`
}

// JSON renders the record on one line, its value decoded by its type header
// when the program knows that type, else in base64.
func (r Record) JSON() ([]byte, error) {
	t := tailed{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Time: r.Time, Type: string(r.Type()), Deleted: r.Value == nil}
	t.Key = printable(r.Key)
	for _, h := range r.Headers {
		if h.Key == HeaderType {
			continue
		}
		if t.Headers == nil {
			t.Headers = map[string]string{}
		}
		t.Headers[h.Key] = printable(h.Value)
	}
	if m, err := r.Message(); err == nil && r.Value != nil {
		raw, err := protojson.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("rendering a record of %s: %w", r.Topic, err)
		}
		t.Message = raw
	} else {
		t.Value = base64.StdEncoding.EncodeToString(r.Value)
	}
	return json.Marshal(t)
}

// printable gives bytes as they are when they are plain text, else in base64.
func printable(b []byte) string {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return "base64:" + base64.StdEncoding.EncodeToString(b)
		}
	}
	return string(b)
}
