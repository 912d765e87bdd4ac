package whole

import (
	"context"
	"fmt"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// Topics tell how far they go; *stream.Client.
type Topics interface {
	Partitions(ctx context.Context, topic string) (int, error)
	Bounds(ctx context.Context, topic string, partitions ...int) (map[int]stream.Bounds, error)
	TopicLogID(ctx context.Context, topic string) (stream.LogID, error)
}

// decided are the topics on which a decision of a person or a steward lies before it is answered.
func decided() []string { return []string{stream.TopicConsents, stream.TopicActs} }

// end of a partition at some moment.
type end struct {
	key   resolve.MarkerKey
	logID stream.LogID
	next  int64 // offset of the next record
	held  bool  // there is a record
}

// endsOf asks where the topics of decisions end now.
func endsOf(ctx context.Context, t Topics, group string) ([]end, error) {
	ends := []end{}
	for _, topic := range decided() {
		n, err := t.Partitions(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		numbers := make([]int, n)
		for p := range numbers {
			numbers[p] = p
		}
		logID, err := t.TopicLogID(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("asking which life of %s this is: %w", topic, err)
		}
		bounds, err := t.Bounds(ctx, topic, numbers...)
		if err != nil {
			return nil, fmt.Errorf("asking how far %s goes: %w", topic, err)
		}
		for p, b := range bounds {
			ends = append(ends, end{resolve.MarkerKey{Group: group, Topic: topic, Partition: p}, logID, b.End, b.Start < b.End})
		}
	}
	return ends, nil
}
