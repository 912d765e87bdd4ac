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
	// Life, when given, says that it is not the topic that it was.
	Life *LifeError
}

// Error says what is wrong with the topic.
func (p TopicProblem) Error() string {
	if p.Life != nil {
		return p.Life.Error()
	}
	if p.Missing {
		return fmt.Sprintf("topic %s is missing", p.Topic)
	}
	return fmt.Sprintf("topic %s has %d partitions, not %d", p.Topic, p.Have, p.Want)
}

// CheckTopics names every topic that is missing, has another number of
// partitions, or is not the one that it was.
func (c *Client) CheckTopics(ctx context.Context, topics []Topic) ([]TopicProblem, error) {
	have, err := c.metadata(ctx)
	if err != nil {
		return nil, err
	}
	out := compareTopics(have, topics)
	if _, ok := have[TopicMeta]; !ok {
		return out, nil
	}
	logs, err := c.readLogIDs(ctx)
	if err != nil {
		return nil, err
	}
	changed, _, err := c.lives(ctx, logs, names(topics))
	if err != nil {
		return nil, err
	}
	for _, life := range changed {
		i := slices.IndexFunc(out, func(p TopicProblem) bool { return p.Topic == life.Topic })
		if i < 0 {
			i = len(out)
			out = append(out, TopicProblem{Topic: life.Topic})
		}
		out[i].Life = life
	}
	return out, nil
}

func names(topics []Topic) []string {
	out := make([]string, 0, len(topics))
	for _, t := range topics {
		out = append(out, t.Name)
	}
	return out
}

func compareTopics(have map[string]kafka.Topic, topics []Topic) []TopicProblem {
	var out []TopicProblem
	for _, t := range topics {
		switch got, ok := have[t.Name]; {
		case !ok:
			out = append(out, TopicProblem{Topic: t.Name, Missing: true, Want: t.Partitions})
		case len(got.Partitions) != t.Partitions:
			out = append(out, TopicProblem{Topic: t.Name, Have: len(got.Partitions), Want: t.Partitions})
		}
	}
	return out
}

// EnsureTopics creates the topics that are missing and returns when every
// broker question about them can be answered. It is idempotent, and several
// programs may call it at once. A topic with another number of partitions is an
// error: the partitioner would send the same key elsewhere. So is one that was
// deleted, or made again by other means (*LifeError).
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
		have, err := c.metadata(ctx)
		problems := compareTopics(have, topics)
		if err == nil && !slices.ContainsFunc(problems, func(p TopicProblem) bool { return p.Missing }) {
			if err := joinProblems(problems); err != nil {
				return err
			}
			if err = c.leadersStand(ctx, topics); err == nil {
				return c.rememberLives(ctx, topics)
			}
		}
		if !b.sleep(ctx.Done()) {
			return fmt.Errorf("waiting for topics: %w", errors.Join(ctx.Err(), err, joinProblems(problems)))
		}
	}
}

// rememberLives compares the topics with what rcu.meta knows of them, and notes
// there those that are new.
func (c *Client) rememberLives(ctx context.Context, topics []Topic) error {
	have, err := c.metadata(ctx, TopicMeta)
	if err != nil {
		return err
	}
	if _, ok := have[TopicMeta]; !ok {
		return nil // a caller that needs no log ids
	}
	logs, err := c.readLogIDs(ctx)
	if err != nil {
		return err
	}
	return c.checkLives(ctx, logs, names(topics))
}

// metaNeverStood refuses to begin a new life where records lie under an old
// one: without rcu.meta nobody knows what was folded already.
func (c *Client) metaNeverStood(ctx context.Context, topics []Topic, have map[string]kafka.Topic) error {
	ask := map[string][]int{}
	for _, t := range topics {
		for _, p := range have[t.Name].Partitions {
			ask[t.Name] = append(ask[t.Name], p.ID)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	now, _, err := c.topicIDs(ctx, []string{TopicMeta})
	if _, made := now[TopicMeta]; err != nil || made {
		return err // another program has just made it
	}
	found, err := c.bounds(ctx, ask)
	if err != nil {
		return err
	}
	for topic, parts := range found {
		for _, b := range parts {
			if b.End > 0 {
				return fmt.Errorf("topic %s is missing, but %s holds records: restore %s from a backup, "+
					"or begin anew with an empty cluster and an empty Redis", TopicMeta, topic, TopicMeta)
			}
		}
	}
	return nil
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
	var missing []string
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
		missing = append(missing, t.Name)
	}
	if len(req.Topics) == 0 {
		return nil
	}
	if _, ok := have[TopicMeta]; ok {
		if err := c.beginLater(ctx, missing); err != nil {
			return err
		}
	} else if slices.Contains(missing, TopicMeta) {
		if err := c.metaNeverStood(ctx, topics, have); err != nil {
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
