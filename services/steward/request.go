package steward

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
	eventpb "rcu/schemas/event"
)

const (
	// maxBody is the most bytes of a request.
	maxBody = 8 << 10
	// retryAfter is when a request that could not be answered may be sent again.
	retryAfter = time.Second
)

// Outcomes of a request, for the audit.
const (
	outcomeOK       = "ok"
	outcomeNotFound = "not_found"
	outcomeDenied   = "denied"
	outcomeConflict = "conflict"
	outcomeFailed   = "failed"
)

// handler answers a request of a known reader.
type handler func(w http.ResponseWriter, r *http.Request, q request)

// request is who asks for what.
type request struct {
	action string
	reader auth.Reader
	line   *eventpb.Audit // what of it stands in the audit beside who asked
}

// refusal is an answer that is not what was asked for.
type refusal struct {
	status  int
	outcome string // in the audit; empty: nothing was read, and no line tells of it
	problem problem
}

func (x *refusal) Error() string { return x.problem.Reason }

// refuse makes a refusal of a request that is wrong in itself.
func refuse(reason, field, fix string) *refusal {
	return &refusal{status: http.StatusBadRequest, problem: problem{Reason: reason, Field: field, Fix: fix}}
}

// authenticated checks key and role before a handler runs.
func (s *Service) authenticated(action string, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reader, err := s.deps.Readers.Authenticate(r)
		if err != nil {
			httpserver.WriteUnauthorized(w, r, errors.Is(err, auth.ErrNoKey))
			return
		}
		q := request{action: action, reader: reader, line: &eventpb.Audit{}}
		if reader.Role != auth.RoleSteward {
			s.answer(w, r, q, nil, &refusal{http.StatusForbidden, outcomeDenied, problem{
				Reason: "role", Field: "Authorization", Fix: "the role of this key may not do this; use the key of a steward",
			}})
			return
		}
		if err := s.book.ready(); err != nil {
			s.answer(w, r, q, nil, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
		defer cancel()
		ctx, err = s.deps.Whole(ctx)
		if err != nil { // half a state shows people without a part of what links and parts them
			s.answer(w, r, q, nil, err)
			return
		}
		h(w, r.WithContext(ctx), q)
	})
}

// answer writes the request down and answers with v, or with what came in its way.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, q request, v any, err error) {
	var refused *refusal
	status, outcome := http.StatusOK, outcomeOK
	switch {
	case errors.As(err, &refused):
		status, outcome = refused.status, refused.outcome
		refused.problem.RequestID = httpserver.RequestID(r.Context())
		v = refused.problem
	case err != nil:
		if !errors.Is(err, context.Canceled) && !errors.Is(err, errBook) { // then nobody waits for the answer; and a start is no fault
			s.deps.Log.Error("answering a steward", zap.Error(err), zap.String("request_id", httpserver.RequestID(r.Context())))
		}
		httpserver.WriteRetry(w, r, http.StatusServiceUnavailable, retryAfter, httpserver.Problem{
			Reason: "unavailable", Fix: "try again; an act with the same id, so that it is done once",
		})
		return
	}
	if done, ok := v.(*Done); ok && refused == nil {
		if !done.Effective {
			status = http.StatusAccepted
		}
		if !done.Repeated {
			outcome = "" // it was written down before it was done
		}
	}
	if outcome != "" && !s.written(w, r, q, outcome) {
		return
	}
	httpserver.WriteJSON(w, status, v)
}

// written writes the request down; it answers and returns false when that is not possible.
func (s *Service) written(w http.ResponseWriter, r *http.Request, q request, outcome string) bool {
	if err := s.tell(q, outcome); err != nil {
		httpserver.WriteRetry(w, r, http.StatusServiceUnavailable, retryAfter, httpserver.Problem{
			Reason: "audit_unavailable", Fix: "try again: what cannot be written down is not answered",
		})
		return false
	}
	return true
}

// tell takes a line of the audit into its queue.
func (s *Service) tell(q request, outcome string) error {
	return s.trail.Write(&eventpb.Audit{
		At: s.deps.Now().UnixMicro(), Actor: q.reader.Name, Role: string(q.reader.Role), Store: q.reader.Store, Action: q.action, Outcome: outcome,
		RcuId: q.line.GetRcuId(), Other: q.line.GetOther(), Act: q.line.GetAct(), Controllers: q.reader.Controllers,
	})
}

// readBody reads a JSON object strictly; it answers and returns false when that is none.
func (s *Service) readBody(w http.ResponseWriter, r *http.Request, into any, example string) bool {
	body, err := httpserver.ReadBody(w, r, maxBody)
	if err != nil {
		httpserver.WriteBodyProblem(w, r, err, maxBody)
		return false
	}
	defer body.Release()
	p := httpserver.DecodeObject(body.Bytes(), into, "send "+example)
	if p != nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, *p)
	}
	return p == nil
}
