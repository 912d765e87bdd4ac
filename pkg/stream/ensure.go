package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// TopicProblem is a topic that does not stand as it must.
type TopicProblem struct {
	// Topic concerned.
	Topic string
	// Missing says that the cluster does not have it.
	Missing bool
	// Have and Want are numbers of partitions, when they differ.
	Have, Want int
}

// Error says what is wrong with the topic.
func (p TopicProblem) Error() string {
	if p.Missing {
		return fmt.Sprintf("topic %s is missing", p.Topic)
	}
	return fmt.Sprintf("topic %s has %d partitions, not %d", p.Topic, p.Have, p.Want)
}

// CheckTopics names every topic that is missing or has another number of
// partitions.
func (c *Client) CheckTopics(ctx context.Context, topics []Topic) ([]TopicProblem, error) {
	have, err := c.metadata(ctx)
	if err != nil {
		return nil, err
	}
	var out []TopicProblem
	for _, t := range topics {
		switch got, ok := have[t.Name]; {
		case !ok:
			out = append(out, TopicProblem{Topic: t.Name, Missing: true, Want: t.Partitions})
		case len(got.Partitions) != t.Partitions:
			out = append(out, TopicProblem{Topic: t.Name, Have: len(got.Partitions), Want: t.Partitions})
		}
	}
	return out, nil
}

// EnsureTopics creates the topics that are missing and returns when every
// broker question about them can be answered. It is idempotent, and several
// programs may call it at once. A topic with another number of partitions is an
// error: the partitioner would send the same key elsewhere.
func (c *Client) EnsureTopics(ctx context.Context, topics []Topic) error {
	b := newBackoff(100*time.Millisecond, 2*time.Second)
	for {
		err := c.createTopics(ctx, topics)
		if err == nil {
			break
		}
		if !temporary(err) || !b.sleep(ctx.Done()) {
			return err
		}
	}
	for {
		problems, err := c.CheckTopics(ctx, topics)
		if err == nil && !slices.ContainsFunc(problems, func(p TopicProblem) bool { return p.Missing }) {
			if err := joinProblems(problems); err != nil {
				return err
			}
			if err = c.leadersStand(ctx, topics); err == nil {
				return nil
			}
		}
		if !b.sleep(ctx.Done()) {
			return fmt.Errorf("waiting for topics: %w", errors.Join(ctx.Err(), err, joinProblems(problems)))
		}
	}
}

func joinProblems(problems []TopicProblem) error {
	var errs []error
	for _, p := range problems {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}

// leadersStand asks the leader of every partition for its offsets.
func (c *Client) leadersStand(ctx context.Context, topics []Topic) error {
	ask := make(map[string][]int, len(topics))
	for _, t := range topics {
		for p := range t.Partitions {
			ask[t.Name] = append(ask[t.Name], p)
		}
	}
	_, err := c.bounds(ctx, ask)
	return err
}

func (c *Client) createTopics(ctx context.Context, topics []Topic) error {
	have, err := c.metadata(ctx)
	if err != nil {
		return err
	}
	req := &kafka.CreateTopicsRequest{Addr: c.addr}
	var names []string
	for _, t := range topics {
		if _, ok := have[t.Name]; ok {
			continue
		}
		tc := kafka.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication}
		settings := t.settings()
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			tc.ConfigEntries = append(tc.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: settings[name]})
		}
		req.Topics = append(req.Topics, tc)
		names = append(names, t.Name)
	}
	if len(req.Topics) == 0 {
		return nil
	}
	if _, ok := have[TopicMeta]; ok {
		if err := c.beginAgain(ctx, names); err != nil {
			return err
		}
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	res, err := c.kc.CreateTopics(ctx, req)
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	var errs []error
	for name, err := range res.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			errs = append(errs, fmt.Errorf("creating topic %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
