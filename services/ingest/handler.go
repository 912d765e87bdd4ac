package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/httpserver"
)

// refusal answers a request whose events were not read.
type refusal struct {
	status  int
	after   time.Duration // of Retry-After; 0: none
	problem httpserver.Problem
}

// takeEvents answers POST /v1/events.
func (s *Service) takeEvents(w http.ResponseWriter, r *http.Request) {
	c, no := s.authenticate(r)
	if no == nil {
		no = s.precheck(r, c)
	}
	if no == nil {
		c, no = s.lane(r, c)
	}
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	pass, ok := s.admission.enter(r.Context(), c.slots, bytesOf(r, s.cfg.MaxRequestBytes))
	if !ok {
		s.refuse(w, r, &refusal{http.StatusTooManyRequests, s.admission.after(), httpserver.Problem{Reason: "busy", Fix: "send again after the time in Retry-After"}})
		return
	}
	defer pass.leave()
	body, err := httpserver.ReadBody(w, r, s.cfg.MaxRequestBytes)
	if err != nil {
		s.metrics.refused.WithLabelValues("body").Inc()
		httpserver.WriteBodyProblem(w, r, err, s.cfg.MaxRequestBytes)
		return
	}
	defer body.Release()
	pass.keep(int64(len(body.Bytes())))
	s.takeBody(w, r, c, body.Bytes())
}

func (s *Service) authenticate(r *http.Request) (*client, *refusal) {
	c, err := s.keys.Load().Authenticate(r)
	switch {
	case errors.Is(err, auth.ErrNoKey):
		return nil, &refusal{status: http.StatusUnauthorized, problem: httpserver.Problem{Reason: "no_key", Field: "Authorization", Fix: "send Authorization: Bearer and the key of the source"}}
	case err != nil:
		return nil, &refusal{status: http.StatusUnauthorized, problem: httpserver.Problem{Reason: "unknown_key", Field: "Authorization", Fix: "send the key of a source that sources.yaml knows"}}
	case c.source.Channel != s.contract.Channel:
		return nil, &refusal{status: http.StatusForbidden, problem: httpserver.Problem{
			Reason: "other_channel", Field: "Authorization",
			Fix: fmt.Sprintf("this key is of the channel %s: send to its ingestor (port %d by default)", c.source.Channel, Ports[c.source.Channel]),
		}}
	}
	return c, nil
}

// precheck refuses what can be told before the body is read.
func (s *Service) precheck(r *http.Request, c *client) *refusal {
	if formOf(r.Header.Get("Content-Type")) == formUnknown {
		return &refusal{status: http.StatusUnsupportedMediaType, problem: httpserver.Problem{
			Reason: "unsupported_content_type", Field: "Content-Type", Fix: "send application/json or application/x-ndjson",
		}}
	}
	if tokens := c.limit.TokensAt(s.now()); tokens < 1 {
		return limited(time.Duration((1 - tokens) / c.source.Rate * float64(time.Second)))
	}
	return nil
}

func limited(after time.Duration) *refusal {
	return &refusal{http.StatusTooManyRequests, max(after, 1), httpserver.Problem{Reason: "rate_limited", Fix: "send fewer events a second from this source, or ask for a higher rate in sources.yaml"}}
}

func (s *Service) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	s.metrics.refused.WithLabelValues(no.problem.Reason).Inc()
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if no.after > 0 {
		httpserver.SetRetryAfter(w, no.after)
	}
	httpserver.WriteProblem(w, r, no.status, no.problem)
}

func (s *Service) takeBody(w http.ResponseWriter, r *http.Request, c *client, body []byte) {
	pieces, problem := split(body, formOf(r.Header.Get("Content-Type")), s.cfg.MaxEvents)
	if problem != nil {
		if problem == &problemCut {
			s.bury(r.Context(), c, []burial{cutBody(body, s.cfg.MaxEventBytes)})
		}
		s.refuse(w, r, &refusal{status: http.StatusBadRequest, problem: *problem})
		return
	}
	if no := s.charge(c, len(pieces.events)); no != nil {
		s.refuse(w, r, no)
		return
	}
	// A client that goes away does not take its events back: what is begun is finished.
	ctx := context.WithoutCancel(r.Context())
	answer, no := s.process(ctx, c, pieces, r.Header.Get("Sec-GPC") == "1", s.now())
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	answer.RequestID = httpserver.RequestID(ctx)
	buf, ok := s.answers.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	*buf = answer.append((*buf)[:0])
	httpserver.WriteBody(w, http.StatusOK, *buf)
	s.answers.Put(buf)
}

// charge takes n events from the rate of the source.
func (s *Service) charge(c *client, n int) *refusal {
	if most := min(s.cfg.MaxEvents, c.source.Burst); n > most {
		return &refusal{status: http.StatusRequestEntityTooLarge, problem: httpserver.Problem{
			Reason: "too_many_events", Fix: "send at most " + strconv.Itoa(most) + " events a request",
		}}
	}
	now := s.now()
	r := c.limit.ReserveN(now, n)
	if delay := r.DelayFrom(now); delay > 0 {
		r.CancelAt(now)
		return limited(delay)
	}
	return nil
}
