package steward

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Pages of lists.
const (
	usualPage = 50
	maxPage   = 200
)

// pageOf reads limit, after and further parameters of a query. Nothing else may stand there.
func pageOf(r *http.Request, further ...string) (values url.Values, limit int, err error) {
	values, err = url.ParseQuery(r.URL.RawQuery)
	allowed := map[string]bool{"limit": true, "after": true}
	for _, name := range further {
		allowed[name] = true
	}
	for name, list := range values {
		if !allowed[name] || len(list) != 1 {
			err = errQuery
		}
	}
	if err != nil {
		return nil, 0, refuse("query_not_allowed", "query", "send limit and after in the query, each once; a value of a customer never stands in a URL")
	}
	limit = usualPage
	if text := values.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPage {
			return nil, 0, refuse("bad_form", "limit", "ask for 1 to "+strconv.Itoa(maxPage))
		}
	}
	return values, limit, nil
}

var errQuery = errors.New("query is not allowed")

// history answers GET /v1/acts.
func (s *Service) history(w http.ResponseWriter, r *http.Request, q request) {
	out, err := s.historyOf(r, q)
	s.answer(w, r, q, out, err)
}

func (s *Service) historyOf(r *http.Request, q request) (*History, error) {
	values, limit, err := pageOf(r, "identifier")
	if err != nil {
		return nil, err
	}
	holds := func(*eventpb.Act) bool { return true }
	if name := values.Get("identifier"); name != "" {
		p, err := s.deps.Keyring.Identifier(q.reader.Space, name)
		if err != nil {
			return nil, refuse("bad_form", "identifier", "a name has 34 lower-case hexadecimal digits; explain and review give them")
		}
		q.line.RcuId = name
		value := identifier.KeyOf("", p).Value
		holds = func(m *eventpb.Act) bool {
			return string(m.GetA().GetPseudonym()) == value || string(m.GetB().GetPseudonym()) == value
		}
	}
	var behind *eventpb.Act
	if after := values.Get("after"); after != "" {
		if behind = s.book.find(q.reader.Space, after); behind == nil {
			return nil, &refusal{http.StatusNotFound, outcomeNotFound, problem{Reason: "unknown_act", Field: "after", Fix: "begin again without after"}}
		}
	}
	acts, more := s.book.page(q.reader.Space, behind, limit, holds)
	return s.shownHistory(r.Context(), q, acts, more)
}

func (s *Service) shownHistory(ctx context.Context, q request, acts []*eventpb.Act, more bool) (*History, error) {
	reasons, err := s.reasons(ctx, q, acts)
	if err != nil {
		return nil, err
	}
	out := &History{Acts: []Act{}}
	for i, m := range acts {
		out.Acts = append(out.Acts, s.shownAct(m, reasons[i]))
	}
	if more {
		out.Next = acts[len(acts)-1].GetId()
	}
	return out, nil
}
