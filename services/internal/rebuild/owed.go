package rebuild

import (
	"context"
	"fmt"

	"rcu/pkg/stream"
	"rcu/services/resolver"
)

// Owed reports whether a Redis has to be rebuilt before a resolver may use it: it is empty although the group has committed offsets or
// something lies on the changelogs, or a rebuild was cut short. A resolver that was killed before its first commit has published keys
// already, and what they seal: whoever began anew would make other keys. An empty group is the resolver's.
func Owed(ctx context.Context, group string, d Deps) (bool, error) {
	if group == "" {
		group = resolver.Default().Group
	}
	state, err := d.Redis.Rebuilding(ctx)
	if err != nil || len(state) > 0 {
		return err == nil, err //nolint:wrapcheck // says all
	}
	empty, err := d.Redis.Empty(ctx)
	if err != nil || !empty {
		return false, err //nolint:wrapcheck // says all
	}
	committed, err := d.Stream.Committed(ctx, group, resolver.Topics()...)
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
	return published(ctx, d)
}

// published reports whether anything of the resolver lies on the changelogs. Keys lie beside those of a day where there is one partition.
func published(ctx context.Context, d Deps) (bool, error) {
	for topic, first := range map[string]int{stream.TopicKeys: firstSubjectPartition, stream.TopicLeaves: 0, stream.TopicGraph: 0} {
		n, err := d.Stream.Partitions(ctx, topic)
		if err != nil {
			return false, fmt.Errorf("asking for the partitions of %s: %w", topic, err)
		}
		for p := first; p < n; p++ {
			bounds, err := d.Stream.Bounds(ctx, topic, p)
			if err != nil {
				return false, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
			}
			if bounds[p].End > bounds[p].Start {
				return true, nil
			}
		}
	}
	return false, nil
}
