package resolve

import (
	"context"
	"fmt"

	"rcu/pkg/identifier"
)

// Touch appends an entry to the outbox that names keys as changed. Owners of leaves depend on more than the graph (reference
// registers, the times of the leaf itself); who changes that says so here, after it was written.
func (g *Graph) Touch(ctx context.Context, space string, keys []identifier.Key, now int64) error {
	entry := OutboxEntry{Now: now}
	for _, k := range keys {
		entry.Changed = append(entry.Changed, IdentifierChange{Key: k})
	}
	for again := false; ; again = true {
		rules, err := g.rulesOf(ctx, space, again)
		if err != nil {
			return err
		}
		versions, err := g.state.CommitGraph(ctx, space, []*GraphCommit{{RulesVersion: rules.version, Now: now, Outbox: encodeOutbox(&entry)}})
		if err != nil {
			return fmt.Errorf("appending to the outbox: %w", err)
		}
		if versions[0] > 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // the caller's own
		}
	}
}

// RecordVersion is the version of a record as Records returned it.
func RecordVersion(record string) uint64 {
	version, _, err := recordHeader(record)
	if err != nil {
		return 0
	}
	return version
}
