package main

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/services/resolver"
)

// tellRules puts the rules in force on the changelog of the graph, so that they come back with it. It runs at every start of a resolver.
func (d *deps) tellRules(ctx context.Context, out *stream.Producer, spaces []string) error {
	state := stateredis.NewGraph(d.redis)
	var records []stream.Record
	for _, space := range spaces {
		version, content, err := state.GraphRules(ctx, space)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		if version == 0 {
			continue
		}
		r, err := resolver.GraphControl(space, resolver.GraphRules, version, content, time.Now())
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		records = append(records, r)
	}
	if err := out.PublishAll(ctx, records); err != nil {
		return fmt.Errorf("publishing identity rules: %w", err)
	}
	return nil
}
