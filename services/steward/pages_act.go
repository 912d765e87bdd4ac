package steward

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// maxSheets is the most people that a page shows on either side of an act.
const maxSheets = 8

// actForm is where a steward says what should be done, and why.
type actForm struct {
	Token   string
	Path    string // where it is sent
	Held    *Held
	Ops     []string
	Op      string // chosen
	Reason  string
	Field   string // that Problem is about
	Problem string
}

// confirmBody is an act before it is done: who is who today, and who would be.
type confirmBody struct {
	Preview

	A, B                  *shownIdentifier
	Reason, ID, Seen      string
	Back                  string
	Before, After         []*sheet
	MoreBefore, MoreAfter int
	Standings             []standingChange
	Changes               []linkChange
	Nothing               bool   // that anybody would see
	Moved                 string // why it was not done
}

type standingChange struct {
	Of            shownIdentifier
	Before, After string
}

type linkChange struct {
	Words string
	Ends  []shownIdentifier
}

// pairOf makes the part of an act that says what it is on, in the order of the graph.
func pairOf(space string, a, b identifier.Key) *eventpb.Act {
	m := &eventpb.Act{Space: space, A: message(a)}
	if b.Value == "" {
		return m
	}
	if identity.Lesser(b, a) {
		a, b = b, a
	}
	m.A, m.B = message(a), message(b)
	return m
}

// formOf makes the form of acts on an identifier, or on two.
func (s *Service) formOf(v *visit, a, b identifier.Key, op string) (actForm, error) {
	held, _, _, err := s.heldOn(v.r.Context(), pairOf(v.reader.Space, a, b))
	if err != nil {
		return actForm{}, err
	}
	f := actForm{Token: v.token, Path: v.r.URL.Path, Held: held.shown(), Op: op, Ops: []string{"quarantine", "release", "auto"}}
	if b.Value != "" {
		f.Ops = []string{"ban", "together", "clear"}
	}
	f.Ops = slices.DeleteFunc(f.Ops, func(op string) bool {
		if f.Held == nil {
			return op == "clear" || op == "auto"
		}
		return op == f.Held.Op
	})
	if !slices.Contains(f.Ops, f.Op) {
		f.Op = ""
	}
	return f, nil
}

// wrong puts a refusal by the field that it is about; false where it is about none of the form.
func (f *actForm) wrong(v *visit, err error) bool {
	var refused *refusal
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.problem.Field {
	case "/op":
		f.Field = "op"
	case "/reason":
		f.Field = "reason"
	default:
		return false
	}
	f.Problem = v.explainProblem(refused)
	return true
}

// asked reads what a form asks for: a pair where b is not empty.
func asked(v *visit, a, b string) *Asked {
	out := &Asked{Op: v.form.Get("op"), Reason: v.form.Get("reason"), A: &End{Name: a}}
	if b != "" {
		out.B = &End{Name: b}
	}
	return out
}

// previewPage checks what a form asks for and shows what it would do.
func (s *Service) previewPage(v *visit, body *Asked) (*view, error) {
	if event.OpOf(body.Op) == identity.NoOp && body.Undoes == "" {
		return nil, refuse("choose_op", "/op", "")
	}
	if err := said("", body.Reason); err != nil {
		return nil, err
	}
	confirm, err := s.confirmOf(v, body)
	if err != nil {
		return nil, err
	}
	return &view{name: "confirm", title: "confirm.title", body: confirm}, nil
}

// confirmOf plans an act and tells its effect.
func (s *Service) confirmOf(v *visit, body *Asked) (*confirmBody, error) {
	p, err := s.previewOf(v.r.Context(), v.request, body)
	if err != nil {
		return nil, err
	}
	out := &confirmBody{Preview: *p, Reason: body.Reason, ID: uuid.NewString(), Back: v.r.URL.Path}
	if p.Held != nil {
		out.Seen = p.Held.ID
		if p.Held.Op == p.Op && p.Undoes == "" {
			return nil, &refusal{http.StatusConflict, outcomeConflict, problem{Reason: "already_so", Field: "/op", Held: p.Held}}
		}
	}
	c, err := s.crowdOf(v.r.Context(), v.request, namesOf(p))
	if err != nil {
		return nil, err
	}
	out.fill(v, c)
	return out, nil
}

// namesOf lists the identifiers that a preview speaks of.
func namesOf(p *Preview) []string {
	var names []string
	for _, i := range [...]*Identifier{p.A, p.B} {
		if i != nil {
			names = append(names, i.Name)
		}
	}
	for _, list := range [...][]Person{p.Effect.Before, p.Effect.After} {
		for _, one := range list[:min(len(list), maxSheets)] {
			names = append(names, one.RCUID)
			for _, i := range one.Identifiers[:min(len(one.Identifiers), maxSheetIdentifiers)] {
				names = append(names, i.Name)
			}
		}
	}
	return names
}

func (b *confirmBody) fill(v *visit, c *crowd) {
	for _, side := range [...]struct {
		from *Identifier
		into **shownIdentifier
	}{{b.Preview.A, &b.A}, {b.Preview.B, &b.B}} {
		if side.from != nil {
			one := c.shown(*side.from)
			*side.into = &one
		}
	}
	b.Before, b.MoreBefore = sheets(c, b.Effect.Before)
	for _, x := range b.Effect.Standings {
		c.standings[x.Name] = x.After
		b.Standings = append(b.Standings, standingChange{shownIdentifier{Identifier: x.Identifier, Value: c.values[x.Name]}, x.Before, x.After})
	}
	b.After, b.MoreAfter = sheets(c, b.Effect.After)
	for _, x := range b.Effect.Changes[:min(len(b.Effect.Changes), maxLinkRows)] {
		one := linkChange{Words: v.say("change." + x.Kind)}
		for _, i := range x.Identifiers[:min(2, len(x.Identifiers))] {
			one.Ends = append(one.Ends, c.shown(i))
		}
		b.Changes = append(b.Changes, one)
	}
	b.Nothing = len(b.Before)+len(b.After)+len(b.Standings) == 0
}

func sheets(c *crowd, list []Person) (out []*sheet, more int) {
	for _, p := range list[:min(len(list), maxSheets)] {
		out = append(out, c.sheetOf(p))
	}
	return out, len(list) - len(out)
}

// confirm answers POST /steward/acts: it does what its steward saw.
func (s *Service) confirm(v *visit) (*view, error) {
	form := v.form
	seen := form.Get("seen")
	body := &Asked{ID: form.Get("id"), Reason: form.Get("reason"), Effect: form.Get("effect"), Undoes: form.Get("undoes"), Seen: &seen}
	var done *Done
	var err error
	if body.Undoes != "" {
		done, err = s.undoOn(v.r.Context(), v.request, body.Undoes, body)
	} else {
		body.Op, body.A = form.Get("op"), &End{Name: form.Get("a")}
		if b := form.Get("b"); b != "" {
			body.B = &End{Name: b}
		}
		done, err = s.actOn(v.r.Context(), v.request, body)
	}
	if err != nil {
		return s.moved(v, body, err)
	}
	if done.Repeated {
		err = s.tell(v.request, outcomeOK)
	}
	return &view{to: pathActs + "/" + url.PathEscape(done.Act.ID)}, err
}

// moved shows an act once more where something came between that its steward did not see.
func (s *Service) moved(v *visit, body *Asked, err error) (*view, error) {
	var refused *refusal
	if !errors.As(err, &refused) || refused.problem.Reason != "act_moved" && refused.problem.Reason != "effect_moved" {
		return nil, err
	}
	confirm, again := s.confirmOf(v, body)
	if again != nil {
		return nil, err // nothing is left to confirm: what came in its way is told
	}
	confirm.Moved, confirm.Back = v.explainProblem(refused), pathActs
	return &view{name: "confirm", title: "confirm.title", status: refused.status, outcome: refused.outcome, body: confirm}, nil
}
