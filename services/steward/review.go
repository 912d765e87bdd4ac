package steward

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

const (
	// reviewStep is how many matters are read together.
	reviewStep = 20
	// maxReviewSteps bounds how many times that is done for one page: a key with few controllers may see little of a long queue.
	maxReviewSteps = 10
	// maxReviewLinks is the most links shown of one matter.
	maxReviewLinks = 16
)

// Review is a page of what a steward should look at.
type Review struct {
	Items  []ReviewItem   `json:"items"`
	Next   string         `json:"next,omitempty"`
	Counts map[string]int `json:"counts"` // about how much there is of each kind, whoever may see it
}

// ReviewItem is one thing that only a steward can decide.
type ReviewItem struct {
	ID          string         `json:"id"`
	Kind        string         `json:"kind"`
	Because     string         `json:"because"`
	Words       string         `json:"words"` // the same as a sentence
	Weight      uint32         `json:"weight"`
	Since       *time.Time     `json:"since,omitempty"`
	Identifiers []Identifier   `json:"identifiers"` // what it is about
	People      []Person       `json:"people"`      // side by side
	MorePeople  int            `json:"more_people,omitempty"`
	Links       []explain.Link `json:"links,omitempty"`
	Acts        []ReviewAct    `json:"acts"` // what may be decided; each has a preview
	Detail      any            `json:"detail,omitempty"`
}

// ReviewAct is an act that may be done on a matter.
type ReviewAct struct {
	Op string      `json:"op"`
	A  *Identifier `json:"a"`
	B  *Identifier `json:"b,omitempty"`
}

// review answers GET /v1/review.
func (s *Service) review(w http.ResponseWriter, r *http.Request, q request) {
	language := explain.Preferred(r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Language", string(language))
	w.Header().Set("Vary", "Accept-Language")
	out, err := func() (*Review, error) {
		values, limit, err := pageOf(r, "kind")
		if err != nil {
			return nil, err
		}
		return s.reviewOf(r.Context(), q, language, values.Get("kind"), values.Get("after"), limit)
	}()
	s.answer(w, r, q, out, err)
}

// reviewOf lists at most limit items of a kind ("" = of all, one after the other) behind a place.
func (s *Service) reviewOf(ctx context.Context, q request, language explain.Language, kind, after string, limit int) (*Review, error) {
	out := &Review{Items: []ReviewItem{}, Counts: map[string]int{}}
	sources := s.sources
	for _, source := range sources {
		n, err := source.Count(ctx, q.reader.Space)
		if err != nil {
			return nil, fmt.Errorf("counting what there is to review: %w", err)
		}
		out.Counts[source.Kind()] = n
	}
	if kind != "" {
		i := slices.IndexFunc(sources, func(x review.Source) bool { return x.Kind() == kind })
		if i < 0 {
			return nil, refuse("unknown_kind", "kind", "ask for one of the kinds that counts names, or for none")
		}
		sources = sources[i : i+1]
	}
	if from, rest, found := strings.Cut(after, "."); found {
		i := slices.IndexFunc(sources, func(x review.Source) bool { return x.Kind() == from })
		if i < 0 {
			return nil, errAfter()
		}
		sources, after = sources[i:], rest
	} else if after != "" {
		return nil, errAfter()
	}
	v := viewer{s: s, q: q, teller: explain.Teller{Language: language, Name: func(k identifier.Key) string { return s.name(q.reader.Space, k) }}}
	for step := 0; len(sources) > 0; step++ {
		if step == maxReviewSteps || len(out.Items) == limit {
			out.Next = sources[0].Kind() + "." + after
			return out, nil
		}
		next, err := v.take(ctx, sources[0], after, limit-len(out.Items), out)
		if err != nil {
			return nil, err
		}
		if after = next; next == "" {
			sources = sources[1:]
		}
	}
	return out, nil
}

func errAfter() error {
	return refuse("bad_form", "after", "send next of the page before, with the same kind, or begin again without it")
}

// viewer shows matters to a steward.
type viewer struct {
	s      *Service
	q      request
	teller explain.Teller
}

// take appends items of a source, those that the steward may see, and returns the place to go on behind.
func (v *viewer) take(ctx context.Context, source review.Source, after string, limit int, out *Review) (string, error) {
	matters, next, err := source.Matters(ctx, v.q.reader.Space, after, min(limit, reviewStep))
	if errors.Is(err, review.ErrPlace) {
		return "", errAfter()
	}
	if err != nil {
		return "", fmt.Errorf("reading what there is to review: %w", err)
	}
	var keys []identifier.Key
	for i := range matters {
		keys = append(append(keys, matters[i].Keys...), matters[i].People...)
	}
	people, err := v.people(ctx, keys)
	if err != nil {
		return "", err
	}
	for i := range matters {
		m := &matters[i]
		n := len(m.Keys) + len(m.People)
		shown, err := v.mayShow(ctx, people[:n])
		if err != nil {
			return "", err
		}
		if shown {
			out.Items = append(out.Items, v.item(source.Kind(), m, people[len(m.Keys):n]))
		}
		people = people[n:]
	}
	return next, nil
}

// mayShow reports whether a matter is shown: a controller of the key knows one of the people, and the record of none of them is closed. With the
// record its matters come back.
func (v *viewer) mayShow(ctx context.Context, people []*resolve.Person) (bool, error) {
	if !slices.ContainsFunc(people, func(p *resolve.Person) bool { return carries(v.q, p) }) {
		return false, nil
	}
	for _, p := range people {
		if shut, err := v.s.shut(ctx, v.q, p); err != nil || shut {
			return false, err
		}
	}
	return true, nil
}

// people reads whom identifiers belong to, a few at a time.
func (v *viewer) people(ctx context.Context, keys []identifier.Key) (out []*resolve.Person, err error) {
	reader := resolve.NewReader(v.s.deps.Graph, v.s.deps.Cells)
	for some := range slices.Chunk(keys, besideStep) {
		people, err := reader.People(ctx, v.q.reader.Space, some, v.s.deps.Now().Unix())
		if err != nil {
			return nil, fmt.Errorf("reading whom a matter is about: %w", err)
		}
		out = append(out, people...)
	}
	return out, nil
}

func (v *viewer) item(kind string, m *review.Matter, people []*resolve.Person) ReviewItem {
	space := v.q.reader.Space
	out := ReviewItem{
		Kind: kind, Because: m.Because, Weight: m.Weight, Identifiers: v.s.identifiers(space, m.Keys), People: []Person{}, MorePeople: m.More,
		Acts: []ReviewAct{}, Detail: m.Detail,
	}
	ids := []string{kind}
	for _, p := range people {
		out.People = append(out.People, v.s.people(space, []resolve.Profile{p.Profile})...)
	}
	for _, i := range out.Identifiers {
		ids = append(ids, i.Name)
	}
	out.ID = strings.Join(ids, ":")
	if m.Since > 0 {
		at := seconds(m.Since)
		out.Since = &at
	}
	for i := range m.Links[:min(len(m.Links), maxReviewLinks)] {
		out.Links = append(out.Links, v.teller.Link(&m.Links[i]))
	}
	for i := range m.Acts {
		a := &m.Acts[i]
		out.Acts = append(out.Acts, ReviewAct{a.Op.String(), v.s.optional(space, a.A), v.s.optional(space, a.B)})
	}
	out.Words = v.words(m, &out)
	return out
}

func (v *viewer) words(m *review.Matter, x *ReviewItem) string {
	switch {
	case m.Words != nil:
		return m.Words(v.teller.Language)
	case m.Why != nil:
		return v.teller.Standing(m.Why).Words
	case len(x.Links) > 0:
		return x.Links[0].Words
	default:
		return ""
	}
}
