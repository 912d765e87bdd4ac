package steward

import (
	"errors"
	"net/http"
	"net/url"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// actsBody is a page of the history of acts.
type actsBody struct {
	Acts []shownAct
	Next string // the address of the next page
}

// shownAct is an act with the masked values of what it is on.
type shownAct struct {
	Act

	A shownIdentifier
	B *shownIdentifier
}

// actBody is the page of one act.
type actBody struct {
	shownAct

	Effective bool
	Holds     bool   // it is the act that holds; only such a one can be taken back
	Again     string // the reason of taking it back, as it was sent
	Problem   string
}

// actsPage answers GET /steward/acts.
func (s *Service) actsPage(v *visit) (*view, error) {
	q := url.Values{"limit": {"25"}}
	if after := v.r.URL.Query().Get("after"); after != "" {
		q.Set("after", after)
	}
	r := v.r.Clone(v.r.Context())
	r.URL.RawQuery = q.Encode() // the language of the page is no matter of the list
	h, err := s.historyOf(r, v.request)
	if err != nil {
		return nil, err
	}
	body := &actsBody{}
	if body.Acts, err = s.shownActs(v, h.Acts); err != nil {
		return nil, err
	}
	if h.Next != "" {
		body.Next = pathActs + "?after=" + url.QueryEscape(h.Next)
	}
	return &view{name: "acts", title: "acts.title", body: body}, nil
}

func (s *Service) shownActs(v *visit, acts []Act) ([]shownAct, error) {
	var names []string
	for i := range acts {
		names = append(names, acts[i].A.Name)
		if acts[i].B != nil {
			names = append(names, acts[i].B.Name)
		}
	}
	c, err := s.crowdOf(v.r.Context(), v.request, names)
	if err != nil {
		return nil, err
	}
	out := make([]shownAct, len(acts))
	for i := range acts {
		out[i] = shownAct{Act: acts[i], A: c.shown(*acts[i].A)}
		if acts[i].B != nil {
			b := c.shown(*acts[i].B)
			out[i].B = &b
		}
	}
	return out, nil
}

// actPage answers GET /steward/acts/{id}.
func (s *Service) actPage(v *visit) (*view, error) {
	body, err := s.actBodyOf(v)
	if err != nil {
		return nil, err
	}
	return &view{name: "act", title: "act.title", body: body}, nil
}

func (s *Service) actBodyOf(v *visit) (*actBody, error) {
	m := s.book.find(v.reader.Space, v.r.PathValue("id"))
	if m == nil {
		return nil, &refusal{http.StatusNotFound, outcomeNotFound, problem{Reason: "unknown_act"}}
	}
	a, b := ends(m)
	v.line.RcuId, v.line.Other, v.line.Act = s.name(v.reader.Space, a), s.name(v.reader.Space, b), m.GetId()
	for _, k := range []identifier.Key{a, b} {
		if k.Value == "" {
			continue
		}
		if _, err := s.end(v.r.Context(), v.request, "id", &End{Name: s.name(v.reader.Space, k)}); err != nil {
			return nil, err
		}
	}
	reasons, err := s.reasons(v.r.Context(), v.request, []*eventpb.Act{m})
	if err != nil {
		return nil, err
	}
	shown, err := s.shownActs(v, []Act{s.shownAct(m, reasons[0])})
	if err != nil {
		return nil, err
	}
	held, _, _, err := s.heldOn(v.r.Context(), m)
	if err != nil {
		return nil, err
	}
	holds := held.last.ID == m.GetId()
	return &actBody{shownAct: shown[0], Holds: holds, Effective: !holds || held.effective}, nil
}

// previewUndo answers POST /steward/acts/{id}: what taking the act back would do.
func (s *Service) previewUndo(v *visit) (*view, error) {
	reason := v.form.Get("reason")
	answer, err := s.previewPage(v, &Asked{Undoes: v.r.PathValue("id"), Reason: reason})
	if err == nil {
		return answer, nil
	}
	var refused *refusal
	if !errors.As(err, &refused) || refused.problem.Field != "/reason" {
		return nil, err
	}
	body, broken := s.actBodyOf(v)
	if broken != nil {
		return nil, broken
	}
	body.Again, body.Problem = reason, v.explainProblem(refused)
	return &view{name: "act", title: "act.title", status: refused.status, outcome: refused.outcome, told: refused.outcome == "", body: body}, nil
}
