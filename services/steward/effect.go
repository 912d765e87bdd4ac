package steward

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// effectOf plans an act on the graph as it is, and writes nothing.
func (s *Service) effectOf(ctx context.Context, space string, act *identity.Act) (Effect, error) {
	planned, err := s.deps.Graph.Preview(ctx, space, []identity.Fact{act}, s.deps.Now().Unix())
	if err != nil {
		return Effect{}, fmt.Errorf("previewing an act: %w", err)
	}
	out := Effect{Before: s.people(space, planned.Before), After: s.people(space, planned.After), Standings: []Standing{}, Changes: []Change{}}
	for _, c := range planned.Standings {
		out.Standings = append(out.Standings, Standing{s.identifier(space, c.Key), c.Before.String(), c.After.String()})
	}
	if out.ID, err = digest(out); err != nil {
		return Effect{}, err
	}
	for _, x := range planned.Transitions {
		if tells(x.Kind) {
			out.Changes = append(out.Changes, Change{string(x.Kind), x.Reason, s.identifiers(space, x.Identifiers)})
		}
	}
	return out, nil
}

// tells reports whether a transition says something that the people before and after do not.
func tells(k resolve.TransitionKind) bool {
	switch k {
	case resolve.Banned, resolve.Lifted, resolve.Refused, resolve.Activated, resolve.Deactivated, resolve.Oversized:
		return true
	default:
		return false
	}
}

// digest names an effect: who is who before and after, and the standings.
func digest(e Effect) (string, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encoding an effect: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8]), nil
}
