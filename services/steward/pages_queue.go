package steward

import (
	"maps"
	"net/url"
	"slices"

	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

// queuePageSize is how many matters stand on one page.
const queuePageSize = 10

// queueBody is a page of what a steward should look at.
type queueBody struct {
	Kinds  []queueKind
	Kind   string // shown; empty: all
	Items  []queueItem
	Next   string // the address of the next page
	Behind bool   // it is not the first page
}

type queueKind struct {
	Name  string
	Count int64
}

// queueItem is a matter with the masked values of what it is about.
type queueItem struct {
	ReviewItem

	Number int
	About  []shownIdentifier
	Sides  []*sheet
	Refuse []linkRow
	Choose []queueAct
	Words  string
	Weighs []explain.Weight // what was weighed; the last is the sum
}

// queueAct is the way to an act on a matter.
type queueAct struct {
	Op   string
	To   string
	A, B *shownIdentifier
}

// queuePage answers GET /steward/queue.
func (s *Service) queuePage(v *visit) (*view, error) {
	query := v.r.URL.Query()
	kind, after := query.Get("kind"), query.Get("after")
	out, err := s.reviewOf(v.r.Context(), v.request, explain.Language(v.language), kind, after, queuePageSize)
	if err != nil {
		return nil, err
	}
	body := &queueBody{Kind: kind, Behind: after != ""}
	for _, name := range slices.SortedFunc(maps.Keys(out.Counts), s.compareKinds) {
		body.Kinds = append(body.Kinds, queueKind{name, int64(out.Counts[name])})
	}
	if out.Next != "" {
		body.Next = pathQueue + "?" + url.Values{"kind": {kind}, "after": {out.Next}}.Encode()
	}
	body.Items, err = s.queueItems(v, out.Items)
	return &view{name: "queue", title: "queue.title", body: body}, err
}

// compareKinds orders kinds as their sources are.
func (s *Service) compareKinds(a, b string) int {
	at := func(kind string) int {
		for i, source := range s.sources {
			if source.Kind() == kind {
				return i
			}
		}
		return len(s.sources)
	}
	return at(a) - at(b)
}

func (s *Service) queueItems(v *visit, items []ReviewItem) ([]queueItem, error) {
	var names []string
	for i := range items {
		for _, x := range items[i].Identifiers {
			names = append(names, x.Name)
		}
		for _, p := range items[i].People {
			names = append(names, p.RCUID)
		}
	}
	c, err := s.crowdOf(v.r.Context(), v.request, names)
	if err != nil {
		return nil, err
	}
	out := make([]queueItem, len(items))
	for i := range items {
		out[i] = queueItemOf(v, c, &items[i])
		out[i].Number = i + 1
	}
	return out, nil
}

func queueItemOf(v *visit, c *crowd, item *ReviewItem) queueItem {
	out := queueItem{ReviewItem: *item, Words: v.told(item.Words)}
	for _, x := range item.Identifiers {
		out.About = append(out.About, c.shown(x))
	}
	for _, p := range item.People {
		out.Sides = append(out.Sides, c.sheetOf(p))
	}
	if x, weighed := item.Detail.(review.Weighed); weighed {
		out.Weighs = x.Weights(explain.Language(v.language))
	}
	for i := range item.Links {
		out.Refuse = append(out.Refuse, linkRowOf(v, c, &item.Links[i], i+1))
	}
	for _, a := range item.Acts {
		choice := queueAct{Op: a.Op, To: pathIdentifiers + a.A.Name + "?op=" + a.Op + "#act"}
		one := c.shown(*a.A)
		choice.A = &one
		if a.B != nil {
			other := c.shown(*a.B)
			choice.B, choice.To = &other, pathPairs+a.A.Name+"/"+a.B.Name+"?op="+a.Op+"#act"
		}
		out.Choose = append(out.Choose, choice)
	}
	return out
}
