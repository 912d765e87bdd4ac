package resolve

import (
	"context"
	"fmt"
	"slices"
)

// Overrule gives components versions above all that were given before, and returns a version above which none of theirs is. A store that was
// lost leaves records on its changelog that nothing in it knows of: a load would take them for what came later as soon as the changelog is
// whole up to their versions. Components that stand are written as they are; those that do not are gone by the version that is returned.
func (g *Graph) Overrule(ctx context.Context, space string, keys []ComponentKey, now int64) (uint64, error) {
	if faults.notOverruled {
		return 0, nil
	}
	for range maxAttempts {
		commits, err := g.overruling(ctx, space, keys, now)
		if err != nil {
			return 0, err
		}
		versions, err := g.state.CommitGraph(ctx, space, commits)
		if err != nil {
			return 0, fmt.Errorf("overruling records: %w", err)
		}
		if !slices.Contains(versions, 0) {
			return versions[len(versions)-1], nil
		}
	}
	return 0, ErrContended
}

// overruling makes a commit of each component that stands, and behind them one that tells nothing.
func (g *Graph) overruling(ctx context.Context, space string, keys []ComponentKey, now int64) ([]*GraphCommit, error) {
	s, err := g.state.LoadComponents(ctx, space, keys)
	if err != nil {
		return nil, fmt.Errorf("loading components: %w", err)
	}
	commits := make([]*GraphCommit, 0, len(s.Records)+1)
	for component, value := range s.Records {
		r, err := Summarise(component, value)
		if err != nil {
			return nil, err
		}
		_, clock, err := recordHeader(value)
		if err != nil {
			return nil, err
		}
		commits = append(commits, &GraphCommit{
			RulesVersion: s.RulesVersion, Now: clock, Records: []RecordRead{{Component: component, Version: r.Version}},
			Writes: []RecordWrite{{Component: component, Value: []byte(value), Boundary: r.Boundary, Review: r.Review}},
			Outbox: encodeOutbox(&OutboxEntry{Now: now}),
		})
	}
	return append(commits, &GraphCommit{RulesVersion: s.RulesVersion, Now: now, Outbox: encodeOutbox(&OutboxEntry{Now: now})}), nil
}
