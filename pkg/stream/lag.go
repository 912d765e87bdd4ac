package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// PartitionLag is how far a group is behind on one partition.
type PartitionLag struct {
	// Topic and Partition concerned.
	Topic string
	// Partition of the topic.
	Partition int
	// Committed offset of the group; -1 when it committed none.
	Committed int64
	// Start and End of the log.
	Start, End int64
}

// Lag is the number of records that the group has still to read.
func (p PartitionLag) Lag() int64 {
	from := max(p.Committed, p.Start)
	return max(0, p.End-from)
}

// Lag compares what a group committed with the ends of the logs. Without
// topics it covers those that the group has committed on.
func (c *Client) Lag(ctx context.Context, group string, topics ...string) ([]PartitionLag, error) {
	committed, err := c.Committed(ctx, group, topics...)
	if err != nil {
		return nil, err
	}
	ask := map[string][]int{}
	for topic, parts := range committed {
		for p, offset := range parts {
			if offset >= 0 || len(topics) > 0 {
				ask[topic] = append(ask[topic], p)
			}
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	bounds, err := c.bounds(ctx, ask)
	if err != nil {
		return nil, err
	}
	var out []PartitionLag
	for topic, parts := range ask {
		for _, p := range parts {
			b := bounds[topic][p]
			out = append(out, PartitionLag{Topic: topic, Partition: p, Committed: committed[topic][p], Start: b.Start, End: b.End})
		}
	}
	slices.SortFunc(out, func(a, b PartitionLag) int {
		if cmp := strings.Compare(a.Topic, b.Topic); cmp != 0 {
			return cmp
		}
		return a.Partition - b.Partition
	})
	return out, nil
}

// Committed reads the committed offsets of a group, -1 where there is none.
// Without topics it covers those that the group has committed on.
func (c *Client) Committed(ctx context.Context, group string, topics ...string) (map[string]map[int]int64, error) {
	req := &kafka.OffsetFetchRequest{Addr: c.addr, GroupID: group}
	if len(topics) > 0 {
		req.Topics = map[string][]int{}
		for _, topic := range topics {
			n, err := c.Partitions(ctx, topic)
			if err != nil {
				return nil, err
			}
			for p := range n {
				req.Topics[topic] = append(req.Topics[topic], p)
			}
		}
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.offsetFetch(ctx, req)
	if errors.Is(err, kafka.GroupIdNotFound) {
		return nothingCommitted(req.Topics), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the committed offsets of %s: %w", group, err)
	}
	out := make(map[string]map[int]int64, len(res.Topics))
	for topic, parts := range res.Topics {
		out[topic] = make(map[int]int64, len(parts))
		for _, p := range parts {
			if p.Error != nil {
				return nil, fmt.Errorf("reading the committed offset of %s on %s/%d: %w", group, topic, p.Partition, p.Error)
			}
			out[topic][p.Partition] = p.CommittedOffset
		}
	}
	return out, nil
}

// nothingCommitted is the answer for a group that nobody has joined yet: some
// brokers call that an error.
func nothingCommitted(topics map[string][]int) map[string]map[int]int64 {
	out := make(map[string]map[int]int64, len(topics))
	for topic, parts := range topics {
		out[topic] = make(map[int]int64, len(parts))
		for _, p := range parts {
			out[topic][p] = -1
		}
	}
	return out
}

// offsetFetch asks until the group's coordinator is there.
func (c *Client) offsetFetch(ctx context.Context, req *kafka.OffsetFetchRequest) (*kafka.OffsetFetchResponse, error) {
	for b := newBackoff(50*time.Millisecond, time.Second); ; {
		res, err := c.kc.OffsetFetch(ctx, req)
		if err == nil {
			err = res.Error
		}
		if err == nil || !temporary(err) || !b.sleep(ctx.Done()) {
			return res, err
		}
	}
}
