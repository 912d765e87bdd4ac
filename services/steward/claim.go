package steward

import (
	"context"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// register reads the register of what an act is on.
func (s *Service) register(ctx context.Context, m *eventpb.Act) (resolve.Acts, resolve.Cell, error) {
	cells, err := s.deps.Cells.LoadCells(ctx, []string{resolve.ActsCellOf(m)})
	if err != nil {
		return nil, resolve.Cell{}, fmt.Errorf("reading a register of acts: %w", err)
	}
	register, err := resolve.DecodeActs(cells[0].Value)
	return register, cells[0], err
}

// held is the act that holds on a pair or an identifier: the latest of the graph's, which may have come with an event, and of the register's,
// which may not be in the graph yet.
type held struct {
	last      identity.LastAct
	actor     string
	effective bool
}

// shown is the act as it is answered; nil where there is none.
func (h *held) shown() *Held {
	if h.last.Op == identity.NoOp {
		return nil
	}
	return &Held{ID: h.last.ID, Op: h.last.Op.String(), At: seconds(h.last.T), Actor: h.actor, Effective: h.effective}
}

// overdue is how long after an act was claimed one that is not in the graph is published again, by whoever meets it: its steward's
// process may have ended between the two.
const overdue = 5_000_000 // microseconds

// heldOn finds the act that holds on what m is on, and the register that it was found in. The graph is read first: what comes after it
// is in the register, which an act reaches before it reaches the graph.
func (s *Service) heldOn(ctx context.Context, m *eventpb.Act) (h held, register resolve.Acts, cell resolve.Cell, err error) {
	a, b := ends(m)
	now := s.deps.Now()
	last, err := s.deps.Graph.ActOn(ctx, m.GetSpace(), a, b, now.Unix())
	if err != nil {
		return held{}, nil, cell, fmt.Errorf("reading the act that holds: %w", err)
	}
	if register, cell, err = s.register(ctx, m); err != nil {
		return held{}, nil, cell, err
	}
	h = held{last: last, effective: true}
	latest := register.Latest()
	if latest == nil {
		return h, register, cell, nil
	}
	switch order := compareLast(lastOf(latest), last); {
	case order < 0:
		return h, register, cell, nil
	case order > 0:
		h = held{last: lastOf(latest)}
		if latest.GetReceivedAt()+overdue < now.UnixMicro() {
			if err := s.publish(ctx, latest); err != nil {
				return held{}, nil, cell, err
			}
		}
	}
	h.actor = latest.GetActor()
	return h, register, cell, nil
}

// claimAttempts bounds how often a claim is planned again because the register moved under it.
const claimAttempts = 20

// claim writes an act into the register of what it is on, if the act that its steward saw still holds there. Of two stewards at once one
// is first, and the other is told so. An act that is there already is the answer to one that is sent again.
func (s *Service) claim(ctx context.Context, q request, m *eventpb.Act, body *Asked) (claimed *eventpb.Act, repeated bool, err error) {
	told := false
	for range claimAttempts {
		h, register, cell, err := s.heldOn(ctx, m)
		if err != nil {
			return nil, false, err
		}
		if done := register.Find(m.GetId()); done != nil {
			if !sameAct(done, m) {
				return nil, false, errReused()
			}
			return done, true, nil
		}
		if err := s.mayFollow(ctx, m, &h, body); err != nil {
			return nil, false, err
		}
		plan := proto.CloneOf(m)
		if err := s.complete(ctx, plan, &h, body); err != nil {
			return nil, false, err
		}
		joined, _ := register.Join(plan)
		if cell.Value, err = joined.Encode(); err != nil {
			return nil, false, err
		}
		if !told { // before it is done: what cannot be told must not happen
			if err := s.tell(q, outcomeOK); err != nil {
				return nil, false, fmt.Errorf("writing an act down: %w", err)
			}
			told = true
		}
		written, err := s.deps.Cells.CommitCells(ctx, []resolve.Cell{cell})
		if err != nil {
			return nil, false, fmt.Errorf("claiming an act: %w", err)
		}
		if written[0] {
			return plan, false, nil
		}
	}
	return nil, false, fmt.Errorf("claiming an act: %w", resolve.ErrContended)
}

// complete gives an act its time, which comes behind the act that holds, and its sealed reason.
func (s *Service) complete(ctx context.Context, m *eventpb.Act, h *held, body *Asked) error {
	now := s.deps.Now()
	m.ReceivedAt, m.T = now.UnixMicro(), max(now.Unix(), h.last.T+1)
	if h.last.Op != identity.NoOp {
		m.Before, m.BeforeOp = h.last.ID, h.last.Op.String()
	}
	return s.seal(ctx, m, body.Reason)
}

// mayFollow refuses an act whose steward saw something else than what holds, or saw it do something else than it would.
func (s *Service) mayFollow(ctx context.Context, m *eventpb.Act, h *held, body *Asked) error {
	seen := ""
	if body.Seen != nil {
		seen = *body.Seen
	}
	if seen != h.last.ID {
		fix := "look at what was decided meanwhile, and send the id of that act as seen if yours is still right"
		if h.last.Op == identity.NoOp {
			fix = "no act holds here: send an empty seen"
		}
		return &refusal{http.StatusConflict, outcomeConflict, problem{Reason: "act_moved", Field: "/seen", Fix: fix, Held: h.shown()}}
	}
	if h.last.Op == event.OpOf(m.GetOp()) && m.GetUndoes() == "" {
		return &refusal{http.StatusConflict, outcomeConflict, problem{Reason: "already_so", Field: "/op", Fix: "this is what holds already", Held: h.shown()}}
	}
	if body.Effect == "" {
		return nil
	}
	plan := proto.CloneOf(m)
	plan.T = max(s.deps.Now().Unix(), h.last.T+1)
	now, err := s.effectOfMessage(ctx, plan)
	if err != nil {
		return err
	}
	if now.ID != body.Effect {
		return &refusal{http.StatusConflict, outcomeConflict, problem{
			Reason: "effect_moved", Field: "/effect", Fix: "the act would do something else by now: look at its effect again", Held: h.shown(), Effect: &now,
		}}
	}
	return nil
}
