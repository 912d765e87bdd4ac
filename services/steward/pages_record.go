package steward

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/explain"
)

// Limits of the page of a record.
const (
	maxLinkRows  = 100
	maxActsOfOne = 10
	maxHappened  = 30
)

// recordBody is the page of an identifier and of the person who holds it.
type recordBody struct {
	Asked      shownIdentifier
	Person     *sheet
	Because    []because // standings that something speaks for
	Level      uint8
	Picture    template.HTML
	Summarised int // identifiers that the drawing shows together
	Beyond     int // people that the drawing leaves out
	Links      []linkRow
	MoreLinks  int
	Acts       []shownAct
	Happened   []happening // to the identifiers, the newest first
	Away       bool        // what happened cannot be read now, or is not known here
	MoreBefore bool        // than is told
	Form       actForm
	Search     searchForm
}

// happening is one thing that happened to a record.
type happening struct {
	At    time.Time
	Words string
}

// because is an identifier and what gives it its standing.
type because struct {
	Of     shownIdentifier
	Words  string
	Owners []shownIdentifier
}

// linkRow is a link as the table lists it.
type linkRow struct {
	explain.Link

	A, B   shownIdentifier
	Words  string
	Number int              // in the table; 0 where nothing was weighed
	Weighs []explain.Weight // what was weighed of a probable match; the last is the sum
}

// linkRowOf shows a link, with what was weighed of it.
func linkRowOf(v *visit, c *crowd, l *explain.Link, number int) linkRow {
	row := linkRow{Link: *l, A: c.shown(Identifier{l.A.Namespace, l.A.Name}), B: c.shown(Identifier{l.B.Namespace, l.B.Name}), Words: v.told(l.Words)}
	if l.Probable != nil && len(l.Probable.Weighs) > 0 {
		row.Number, row.Weighs = number, l.Probable.Weighs
	}
	return row
}

// named finds the identifier that a path names, and writes it on the line of the audit. Of a record that is closed there is no page.
func (s *Service) named(v *visit, part string) (identifier.Key, error) {
	key, err := s.end(v.r.Context(), v.request, part, &End{Name: v.r.PathValue(part)})
	if err == nil {
		if v.line.RcuId == "" {
			v.line.RcuId = s.name(v.reader.Space, key)
		} else {
			v.line.Other = s.name(v.reader.Space, key)
		}
		err = s.unlocked(v.r.Context(), v.request, key)
	}
	return key, err
}

// unlocked refuses what belongs to a person whose record is closed.
func (s *Service) unlocked(ctx context.Context, q request, key identifier.Key) error {
	people, err := resolve.NewReader(s.deps.Graph, s.deps.Cells).People(ctx, q.reader.Space, []identifier.Key{key}, s.deps.Now().Unix())
	if err != nil {
		return fmt.Errorf("reading whose an identifier is: %w", err)
	}
	for _, p := range people {
		if shut, err := s.shut(ctx, q, p); err != nil || shut {
			return cmp.Or[error](err, &refusal{http.StatusLocked, outcomeDenied, problem{Reason: "record_closed"}})
		}
	}
	return nil
}

// recordPage answers GET /steward/identifiers/{name}.
func (s *Service) recordPage(v *visit) (*view, error) {
	key, err := s.named(v, "name")
	if err != nil {
		return nil, err
	}
	body, err := s.recordOf(v, key, v.r.URL.Query().Get("op"))
	if err != nil {
		return nil, err
	}
	return &view{name: "record", title: "record.title", body: body}, nil
}

func (s *Service) recordOf(v *visit, key identifier.Key, op string) (*recordBody, error) {
	ctx, space, now := v.r.Context(), v.reader.Space, s.deps.Now().Unix()
	x, err := s.deps.Graph.Explain(ctx, space, key, now)
	if err != nil {
		return nil, fmt.Errorf("explaining an identifier: %w", err)
	}
	t := s.teller(v)
	told := t.Explanation(&x)
	if err := t.AddHistory(ctx, s.deps.History, space, &x, &told); err != nil {
		s.deps.Log.Warn("the history of a record cannot be read", zap.Error(err)) // told on the page
	}
	if err := t.AddWeights(ctx, s.deps.Weigher, space, told.Links); err != nil {
		s.deps.Log.Warn("the weights of a record cannot be read", zap.Error(err))
	}
	people, beside, err := s.beside(ctx, space, &x, now)
	if err != nil {
		return nil, err
	}
	names := []string{s.name(space, key)}
	for _, p := range people {
		names = append(names, s.name(space, p.Canonical))
	}
	c, err := s.crowdOf(ctx, v.request, names)
	if err != nil {
		return nil, err
	}
	asked := s.identifier(space, key)
	body := &recordBody{Asked: c.shown(asked), Person: c.person(asked), Level: x.Level, Search: searchForm{Token: v.token, Namespaces: searchable, Other: asked.Name}}
	body.Asked.Standing = x.Standing.String()
	body.explain(v, c, &told)
	s.draw(v, body, c, &told, people, beside)
	if body.Acts, err = s.actsOf(v, x.Profile.Members, key); err != nil {
		return nil, err
	}
	body.Form, err = s.formOf(v, key, identifier.Key{}, op)
	return body, err
}

// beside lists the people whom refused links of a profile lead to, at most as many as are drawn, and counts the others. The rules bound how
// many links a profile has.
func (s *Service) beside(ctx context.Context, space string, x *resolve.Explanation, now int64) (people []resolve.Profile, beyond int, err error) {
	var far []identifier.Key
	met := map[identifier.Key]bool{}
	for _, k := range x.Profile.Members {
		met[k] = true
	}
	for _, e := range x.Edges {
		for _, k := range [...]identifier.Key{e.A, e.B} {
			if !met[k] {
				met[k], far = true, append(far, k)
			}
		}
	}
	view, err := s.deps.Graph.View(ctx, space, far, now)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the people beside: %w", err)
	}
	people = []resolve.Profile{x.Profile}
	known := map[identifier.Key]bool{x.Profile.Canonical: true}
	for _, k := range far {
		p := view.Profile(k)
		switch {
		case known[p.Canonical]:
			continue
		case len(people) > explain.MaxGroups:
			beyond++
		default:
			people = append(people, p)
		}
		known[p.Canonical] = true
	}
	return people, beyond, nil
}

// explain fills in standings and links in words.
func (b *recordBody) explain(v *visit, c *crowd, told *explain.Explanation) {
	shown := func(e explain.LinkEnd) shownIdentifier { return c.shown(Identifier{e.Namespace, e.Name}) }
	for _, i := range told.Identifiers {
		if i.Standing == "clean" && i.Because == string(identity.WhyEvidence) && i.Name != b.Asked.Name {
			continue
		}
		one := because{Of: shown(i.LinkEnd), Words: v.told(i.Words)}
		one.Of.Standing = i.Standing
		for _, o := range i.Owners {
			one.Owners = append(one.Owners, shown(o))
		}
		b.Because = append(b.Because, one)
	}
	links := slices.Clone(told.Links)
	slices.SortStableFunc(links, func(a, b explain.Link) int { return cmp.Compare(rankOf(a.Outcome), rankOf(b.Outcome)) })
	for i := range links[:min(len(links), maxLinkRows)] {
		b.Links = append(b.Links, linkRowOf(v, c, &links[i], i+1))
	}
	b.MoreLinks = len(links) - len(b.Links)
	for i := range told.History[:min(len(told.History), maxHappened)] {
		b.Happened = append(b.Happened, happening{told.History[i].At, v.told(told.History[i].Words)})
	}
	b.Away, b.MoreBefore = told.HistoryUnavailable, told.HistoryMore || len(told.History) > len(b.Happened)
}

// rankOf puts what was refused before what holds.
func rankOf(outcome string) int {
	return slices.Index([]string{"refused", "joined", "confirms"}, outcome)
}

// draw draws the person and those beside.
func (s *Service) draw(v *visit, b *recordBody, c *crowd, told *explain.Explanation, people []resolve.Profile, beyond int) {
	scene := &explain.Scene{Links: told.Links, Beyond: beyond}
	for i, p := range people {
		id := s.name(v.reader.Space, p.Canonical)
		g := explain.Group{Title: v.say("record.person", short(id))}
		if i == 0 && !b.Asked.Identifies() {
			g.Title = v.say("record.nobody")
		}
		for _, k := range p.Members {
			one := s.identifier(v.reader.Space, k)
			n := explain.Node{LinkEnd: explain.LinkEnd(one), Value: c.values[one.Name], Standing: c.standings[one.Name]}
			if i == 0 {
				n.Standing = told.Standings()[one.Name]
			}
			g.Identifiers = append(g.Identifiers, n)
		}
		scene.Groups = append(scene.Groups, g)
	}
	b.Picture = template.HTML(scene.Draw(string(v.language), "scene")) //nolint:gosec // drawn by us, every text in it escaped
	b.Summarised, b.Beyond = scene.Summarised(), beyond
}

// actsOf lists the latest acts on any of the identifiers.
func (s *Service) actsOf(v *visit, members []identifier.Key, asked identifier.Key) ([]shownAct, error) {
	values := map[string]bool{asked.Value: true}
	for _, m := range members {
		values[m.Value] = true
	}
	acts, _ := s.book.page(v.reader.Space, nil, maxActsOfOne, func(m *eventpb.Act) bool {
		return values[string(m.GetA().GetPseudonym())] || values[string(m.GetB().GetPseudonym())]
	})
	h, err := s.shownHistory(v.r.Context(), v.request, acts, false)
	if err != nil {
		return nil, err
	}
	return s.shownActs(v, h.Acts)
}
