package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// ErrGroupInUse says that a group has members, so its offsets are theirs.
var ErrGroupInUse = errors.New("the consumer group has members")

// Members counts the running members of a group; a group that never was has none.
func (c *Client) Members(ctx context.Context, group string) (int, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	for b := newBackoff(50*time.Millisecond, time.Second); ; {
		res, err := c.kc.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{Addr: c.addr, GroupIDs: []string{group}})
		n := 0
		if err == nil {
			for _, g := range res.Groups {
				n += len(g.Members)
				err = g.Error
			}
		}
		switch {
		case err == nil, errors.Is(err, kafka.GroupIdNotFound):
			return n, nil
		case !temporary(err) || !b.sleep(ctx.Done()):
			return 0, fmt.Errorf("asking for the members of %s: %w", group, err)
		}
	}
}

// SetOffsets commits offsets of a group that has no members.
func (c *Client) SetOffsets(ctx context.Context, group string, offsets map[string]map[int]int64) error {
	n, err := c.Members(ctx, group)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("setting the offsets of %s: %w", group, ErrGroupInUse)
	}
	req := &kafka.OffsetCommitRequest{Addr: c.addr, GroupID: group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{}}
	for topic, parts := range offsets {
		for p, offset := range parts {
			req.Topics[topic] = append(req.Topics[topic], kafka.OffsetCommit{Partition: p, Offset: offset})
		}
	}
	if len(req.Topics) == 0 {
		return nil
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	for b := newBackoff(50*time.Millisecond, time.Second); ; {
		res, err := c.kc.OffsetCommit(ctx, req)
		if err == nil {
			for _, parts := range res.Topics {
				for _, p := range parts {
					err = errors.Join(err, p.Error)
				}
			}
		}
		switch {
		case err == nil:
			return nil
		case !temporary(err) || !b.sleep(ctx.Done()):
			return fmt.Errorf("setting the offsets of %s: %w", group, err)
		}
	}
}

// OffsetAt gives the first offset of a partition whose record is not older than a time; the end of the log when all are.
func (c *Client) OffsetAt(ctx context.Context, topic string, partition int, at time.Time) (int64, error) {
	bounded, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.kc.ListOffsets(bounded, &kafka.ListOffsetsRequest{Addr: c.addr, Topics: map[string][]kafka.OffsetRequest{
		topic: {kafka.TimeOffsetOf(partition, at)},
	}})
	if err != nil {
		return 0, fmt.Errorf("asking %s/%d for an offset by time: %w", topic, partition, err)
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return 0, fmt.Errorf("asking %s/%d for an offset by time: %w", topic, partition, p.Error)
		}
		for offset := range p.Offsets {
			if offset >= 0 {
				return offset, nil
			}
		}
	}
	bounds, err := c.Bounds(ctx, topic, partition)
	return bounds[partition].End, err
}

// ReadFrom gives fn every record that one partition holds now, from an offset on; an offset before the log start is the log start.
func (c *Client) ReadFrom(ctx context.Context, topic string, partition int, from int64, fn func(Record) error) error {
	bounds, err := c.Bounds(ctx, topic, partition)
	if err != nil {
		return err
	}
	at := bounds[partition]
	if from = max(from, at.Start); from >= at.End {
		return nil
	}
	return c.readUpTo(ctx, topic, partition, from, at.End, fn)
}

// TopicLogID is the log id of one topic as rcu.meta says now.
func (c *Client) TopicLogID(ctx context.Context, topic string) (LogID, error) {
	logs, err := c.refreshLogIDs(ctx)
	if err != nil {
		return LogID{}, err
	}
	return logs.of(topic), nil
}
