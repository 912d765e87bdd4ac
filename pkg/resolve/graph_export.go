package resolve

import (
	"context"
	"fmt"
	"io"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Export writes what is stored of a space as facts of the exchange format, in bounded memory, and returns the number of lines. name gives
// an identifier without its plain value. While facts are applied some identifiers are written as they were, others as they are.
func (g *Graph) Export(ctx context.Context, space string, now int64, out io.Writer, name func(identifier.Key) string, progress Progress) (int64, error) {
	rules, err := g.rulesOf(ctx, space, true)
	if err != nil {
		return 0, err
	}
	x := identity.NewExporter(out, rules.kernel.Rules(), now, name)
	written := 0
	for cursor := ""; ; {
		keys, next, err := g.state.ScanComponents(ctx, space, cursor, trialStep)
		if err != nil {
			return 0, fmt.Errorf("walking over components: %w", err)
		}
		n, err := g.exportSome(ctx, space, keys, x)
		if err != nil {
			return 0, err
		}
		written += n
		progress.tell("writing identifiers", written, -1)
		if cursor = next; cursor == "" {
			return x.Close(rules.version) //nolint:wrapcheck // says all
		}
	}
}

func (g *Graph) exportSome(ctx context.Context, space string, keys []ComponentKey, x *identity.Exporter) (n int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	s, err := g.state.LoadComponents(ctx, space, keys)
	if err != nil {
		return 0, fmt.Errorf("loading components: %w", err)
	}
	for _, packed := range s.Records {
		rec, err := decodeRecord(packed)
		if err != nil {
			return n, err
		}
		for _, m := range rec.members {
			if err := x.Node(m.Node); err != nil {
				return n, err //nolint:wrapcheck // says all
			}
			n++
		}
	}
	return n, nil
}
