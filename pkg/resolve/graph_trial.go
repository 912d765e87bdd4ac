package resolve

import (
	"context"
	"errors"
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// trialStep is how many components are read at once: small, so that live traffic hardly notices.
const trialStep = 200

// Progress is told how far a walk is: the step, how much is done, and of how much, -1 where that is not known.
type Progress func(step string, done, total int)

func (f Progress) tell(step string, done, total int) {
	if f != nil {
		f(step, done, total)
	}
}

// Try tells what rules would do to the people of a space, without changing anything: everything stored is judged in memory by the rules
// in force and by the new ones. tell, which may be nil, gets each change in a fixed order.
func (g *Graph) Try(ctx context.Context, space string, rules identity.Rules, now int64, tell func(identity.Change) error, progress Progress) (identity.Effect, error) {
	var none identity.Effect
	wanted, err := identity.NewKernel(rules)
	if err != nil {
		return none, err //nolint:wrapcheck // says all
	}
	held, err := g.rulesOf(ctx, space, true)
	if err != nil {
		return none, err
	}
	if fixed := held.kernel.Rules().FixedProblems(rules); len(fixed) > 0 {
		return none, fmt.Errorf("%w: %w", ErrRulesFixed, fixed)
	}
	ev, err := g.evidence(ctx, space, held.kernel, progress)
	if err != nil {
		return none, err
	}
	all := ev.Everybody()
	before := ev.Count(held.kernel, all, now, func(done int) { progress.tell("judging by the rules in force", done, len(all)) })
	if err := ctx.Err(); err != nil {
		return none, err //nolint:wrapcheck // the caller's own
	}
	after := ev.Count(wanted, all, now, func(done int) { progress.tell("judging by the new rules", done, len(all)) })
	return identity.Compare(all, before, after, tell) //nolint:wrapcheck // the caller's own
}

// evidence reads all that is stored of a space. What changes while it is read may be seen as it was, or as it is.
func (g *Graph) evidence(ctx context.Context, space string, k *identity.Kernel, progress Progress) (*identity.Evidence, error) {
	ev := identity.NewEvidence(k)
	read := 0
	for cursor := ""; ; {
		keys, next, err := g.state.ScanComponents(ctx, space, cursor, trialStep)
		if err != nil {
			return nil, fmt.Errorf("walking over components: %w", err)
		}
		n, err := g.readEvidence(ctx, space, keys, ev)
		if err != nil {
			return nil, err
		}
		read += n
		progress.tell("reading identifiers", read, -1)
		if cursor = next; cursor == "" {
			break
		}
	}
	return ev, g.completeEvidence(ctx, space, ev)
}

func (g *Graph) readEvidence(ctx context.Context, space string, keys []ComponentKey, ev *identity.Evidence) (int, error) {
	if len(keys) == 0 {
		return 0, nil
	}
	s, err := g.state.LoadComponents(ctx, space, keys)
	if err != nil {
		return 0, fmt.Errorf("loading components: %w", err)
	}
	return takeEvidence(s, ev)
}

// takeEvidence adds the identifiers of records; of one that moved while the walk went on, the newer record counts.
func takeEvidence(s GraphSnapshot, ev *identity.Evidence) (n int, err error) {
	for _, packed := range s.Records {
		rec, err := decodeRecord(packed)
		if err != nil {
			return n, err
		}
		for _, m := range rec.members {
			if held := ev.Node(m.Key); held != nil && keptVersion(held) >= rec.version {
				continue
			}
			m.Kept = rec.version
			ev.Add(m.Node)
			n++
		}
	}
	ev.Mend(&identity.Changes{})
	return n, nil
}

func keptVersion(n *identity.Node) uint64 {
	v, _ := n.Kept.(uint64)
	return v
}

// completeEvidence reads the ends of edges that the walk did not meet because they moved meanwhile.
func (g *Graph) completeEvidence(ctx context.Context, space string, ev *identity.Evidence) error {
	for range maxAttempts {
		missing := ev.Missing()
		if len(missing) == 0 {
			return nil
		}
		some := missing[:min(len(missing), trialStep)]
		s, err := g.state.LoadGraph(ctx, space, some)
		if err != nil && !errors.Is(err, ErrContended) {
			return fmt.Errorf("loading graph: %w", err)
		}
		if _, err := takeEvidence(s, ev); err != nil {
			return err
		}
		ev.Complete(absent(ev, some))
	}
	return ErrContended
}

func absent(ev *identity.Evidence, keys []identifier.Key) (out []identifier.Key) {
	for _, k := range keys {
		if ev.Node(k) == nil {
			out = append(out, k)
		}
	}
	return out
}
