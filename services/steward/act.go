package steward

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// preview answers POST /v1/acts/preview.
func (s *Service) preview(w http.ResponseWriter, r *http.Request, q request) {
	var body Asked
	if !s.readBody(w, r, &body, exampleAct) {
		return
	}
	out, err := s.previewOf(r.Context(), q, &body)
	s.answer(w, r, q, out, err)
}

func (s *Service) previewOf(ctx context.Context, q request, body *Asked) (*Preview, error) {
	m, err := s.wanted(ctx, q, body)
	if err != nil {
		return nil, err
	}
	held, _, _, err := s.heldOn(ctx, m)
	if err != nil {
		return nil, err
	}
	a, b := ends(m)
	out := &Preview{Op: m.GetOp(), A: s.optional(m.GetSpace(), a), B: s.optional(m.GetSpace(), b), Undoes: m.GetUndoes(), Held: held.shown()}
	m.Id, m.T = "preview", max(s.deps.Now().Unix(), held.last.T+1)
	out.Effect, err = s.effectOfMessage(ctx, m)
	return out, err
}

// wanted makes the act that a request asks for, or the one that takes back what it names.
func (s *Service) wanted(ctx context.Context, q request, body *Asked) (*eventpb.Act, error) {
	if body.Undoes != "" {
		return s.undoing(ctx, q, body.Undoes)
	}
	return s.actOf(ctx, q, body)
}

func (s *Service) effectOfMessage(ctx context.Context, m *eventpb.Act) (Effect, error) {
	fact, ok := event.ActFact(m)
	if !ok {
		return Effect{}, refuse("no_act", "", "send "+exampleAct)
	}
	return s.effectOf(ctx, m.GetSpace(), fact)
}

// act answers POST /v1/acts.
func (s *Service) act(w http.ResponseWriter, r *http.Request, q request) {
	var body Asked
	if !s.readBody(w, r, &body, exampleAct) {
		return
	}
	out, err := s.actOn(r.Context(), q, &body)
	s.answer(w, r, q, out, err)
}

func (s *Service) actOn(ctx context.Context, q request, body *Asked) (*Done, error) {
	if err := said(body.ID, body.Reason); err != nil {
		return nil, err
	}
	if body.Undoes != "" {
		return nil, refuse("too_many", "/undoes", "take an act back with POST /v1/acts/{id}/undo")
	}
	m, err := s.actOf(ctx, q, body)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, q, m, body)
}

// undo answers POST /v1/acts/{id}/undo.
func (s *Service) undo(w http.ResponseWriter, r *http.Request, q request) {
	var body struct {
		ID     string `json:"id,omitempty"`
		Reason string `json:"reason"`
		Effect string `json:"effect,omitempty"`
	}
	if !s.readBody(w, r, &body, `{"reason":"..."}`) {
		return
	}
	out, err := s.undoOn(r.Context(), q, r.PathValue("id"), &Asked{ID: body.ID, Reason: body.Reason, Effect: body.Effect})
	s.answer(w, r, q, out, err)
}

// undoOn takes an act back.
func (s *Service) undoOn(ctx context.Context, q request, id string, body *Asked) (*Done, error) {
	if err := said(body.ID, body.Reason); err != nil {
		return nil, err
	}
	m, err := s.undoing(ctx, q, id)
	if err != nil {
		return nil, err
	}
	seen := m.GetUndoes()
	body.Seen = &seen
	return s.do(ctx, q, m, body)
}

// undoing makes the act that takes another back: what held before holds again.
func (s *Service) undoing(ctx context.Context, q request, id string) (*eventpb.Act, error) {
	undone := s.book.find(q.reader.Space, id)
	if undone == nil {
		return nil, &refusal{http.StatusNotFound, outcomeNotFound, problem{Reason: "unknown_act", Field: "id", Fix: "no act has this id, or too many came behind it: see GET /v1/acts"}}
	}
	a, b := ends(undone)
	for _, k := range []*End{{Name: s.name(q.reader.Space, a)}, {Name: s.name(q.reader.Space, b)}} {
		if k.Name == "" {
			continue
		}
		if _, err := s.end(ctx, q, "id", k); err != nil {
			return nil, err
		}
	}
	q.line.RcuId, q.line.Other = s.name(q.reader.Space, a), s.name(q.reader.Space, b)
	op := undone.GetBeforeOp()
	if op == "" {
		if op = identity.Clear.String(); b.Value == "" {
			op = identity.Auto.String()
		}
	}
	return &eventpb.Act{Space: undone.GetSpace(), Op: op, A: undone.GetA(), B: undone.GetB(), Undoes: id}, nil
}

// do claims an act, publishes it, and waits until the graph has it.
func (s *Service) do(ctx context.Context, q request, m *eventpb.Act, body *Asked) (*Done, error) {
	m.Id, m.Actor, m.Controller = body.ID, q.reader.Name, q.reader.Controllers[0]
	if m.Id == "" {
		m.Id = uuid.NewString()
	}
	q.line.Act = m.GetId()
	if known := s.book.find(m.GetSpace(), m.GetId()); known != nil && !sameAct(known, m) {
		return nil, errReused()
	}
	claimed, repeated, err := s.claim(ctx, q, m, body)
	if err != nil {
		return nil, err
	}
	if err := s.publish(ctx, claimed); err != nil {
		return nil, errors.Join(err, s.tell(q, outcomeFailed))
	}
	s.book.add(claimed)
	out := &Done{Act: s.shownAct(claimed, body.Reason), Repeated: repeated}
	out.Effective, err = s.await(ctx, claimed)
	return out, err
}

func errReused() error {
	return &refusal{http.StatusConflict, outcomeConflict, problem{Reason: "id_reused", Field: "/id", Fix: "an act with this id did something else: send an id of its own"}}
}

// sameAct reports whether two acts of one id ask for the same.
func sameAct(x, y *eventpb.Act) bool {
	return x.GetOp() == y.GetOp() && x.GetUndoes() == y.GetUndoes() && proto.Equal(x.GetA(), y.GetA()) && proto.Equal(x.GetB(), y.GetB())
}

// publish puts an act on rcu.acts. To publish it again changes nothing.
func (s *Service) publish(ctx context.Context, m *eventpb.Act) error {
	record, err := stream.Encode(stream.TopicActs, m.GetA().GetPseudonym(), m, time.UnixMicro(m.GetReceivedAt()))
	if err != nil {
		return err
	}
	if err := s.deps.Output.Publish(ctx, []stream.Record{record}); err != nil {
		return fmt.Errorf("publishing an act: %w", err)
	}
	return nil
}

// awaitEvery is how often the graph is asked for an act.
const awaitEvery = 20 * time.Millisecond

// await waits until the graph has an act, or a later one on the same, and reports whether it has. That it cannot be asked is no fault of
// the act, which is done.
func (s *Service) await(ctx context.Context, m *eventpb.Act) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Wait)
	defer cancel()
	a, b := ends(m)
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		last, err := s.deps.Graph.ActOn(ctx, m.GetSpace(), a, b, s.deps.Now().Unix())
		if err == nil && compareLast(last, lastOf(m)) >= 0 {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-tick.C:
		}
	}
}

func lastOf(m *eventpb.Act) identity.LastAct {
	return identity.LastAct{T: m.GetT(), ID: m.GetId(), Op: event.OpOf(m.GetOp())}
}

func compareLast(x, y identity.LastAct) int {
	return cmp.Or(cmp.Compare(x.T, y.T), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Op, y.Op))
}

// shownAct is an act as it is answered.
func (s *Service) shownAct(m *eventpb.Act, reason string) Act {
	a, b := ends(m)
	return Act{
		ID: m.GetId(), Op: m.GetOp(), A: s.optional(m.GetSpace(), a), B: s.optional(m.GetSpace(), b), At: seconds(m.GetT()),
		Received: time.UnixMicro(m.GetReceivedAt()).UTC(), Actor: m.GetActor(), Reason: reason, Undoes: m.GetUndoes(), Before: m.GetBefore(), BeforeOp: m.GetBeforeOp(),
	}
}
