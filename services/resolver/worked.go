package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rcu/pkg/stream"
)

// firstSubjectPartition of rcu.keys holds keys of subjects; the one before it holds daily keys, which ingestors publish.
const firstSubjectPartition = 1

// Worked reports whether resolvers of a group have read or published anything: then a Redis without state has lost it. Whoever began anew over
// an empty one would make other keys of subjects than those that sealed what lies on the changelogs, and a resolver that is killed before its
// first commit has published some already. An empty group is the default one.
func Worked(ctx context.Context, client *stream.Client, group string) (bool, error) {
	if group == "" {
		group = Default().Group
	}
	committed, err := client.Committed(ctx, group, topics()...)
	if err != nil {
		return false, err //nolint:wrapcheck // says all
	}
	for _, parts := range committed {
		for _, at := range parts {
			if at >= 0 { // 0 after a rebuild that set everything back
				return true, nil
			}
		}
	}
	for topic, first := range map[string]int{stream.TopicKeys: firstSubjectPartition, stream.TopicLeaves: 0, stream.TopicGraph: 0} {
		n, err := client.Partitions(ctx, topic)
		if err != nil {
			return false, fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		for p := first; p < n; p++ {
			if found, err := bearsWork(ctx, client, topic, p); found || err != nil {
				return found, err
			}
		}
	}
	return false, nil
}

var errWork = errors.New("made of events")

// bearsWork reports whether anything that was made of events lies on a partition. Rules are no such thing: an operator sets them before
// the first event, and every resolver tells them when it starts.
func bearsWork(ctx context.Context, client *stream.Client, topic string, partition int) (bool, error) {
	bounds, err := client.Bounds(ctx, topic, partition)
	if err != nil {
		return false, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
	}
	if b := bounds[partition]; topic != stream.TopicGraph || partition != GraphControlPartition || b.End <= b.Start {
		return b.End > b.Start, nil
	}
	err = client.ReadFrom(ctx, topic, partition, bounds[partition].Start, func(r stream.Record) error {
		if strings.HasSuffix(string(r.Key), ":"+GraphRules) {
			return nil
		}
		return errWork
	})
	if errors.Is(err, errWork) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", topic, err)
	}
	return false, nil
}
