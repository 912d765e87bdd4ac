package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"rcu/services/steward"
)

// reviewCmd lists what only a person can decide.
type reviewCmd struct {
	stewardFlags
	Kind  string `name:"kind" help:"One kind alone: contested, quarantined, refused, oversized, or another that the list counts." placeholder:"KIND"`
	Lang  string `name:"lang" enum:"en,fr" default:"en" help:"Language of the words: en or fr." placeholder:"LANG"`
	Limit int    `name:"limit" default:"20" help:"How many." placeholder:"N"`
	After string `name:"after" help:"Go on behind this place, as the list before told it." placeholder:"PLACE"`
}

// Help gives the example.
func (reviewCmd) Help() string {
	return "Shows what evidence leaves open, the heaviest first: values that identify nobody, people whom evidence would join and a rule keeps\n" +
		"apart, values that hold too much together; and below each what may be decided of it. What was decided is not shown again.\n" +
		"Identifiers are shown as their namespace and id: an act takes the id.\n\n" + exitHelp +
		"\n\nExamples:\n\n  rcu review\n  rcu review --kind refused --limit 5\n  rcu review --json"
}

// Run lists.
func (c reviewCmd) Run(ctx context.Context, a *app) error {
	client, err := c.client(home{a.data})
	if err != nil {
		return err
	}
	client.language = c.Lang
	query := listQuery(c.Limit, map[string]string{"kind": c.Kind, "after": c.After})
	var out steward.Review
	if err := client.ask(ctx, http.MethodGet, "/v1/review?"+query.Encode(), nil, &out); err != nil {
		return a.exit(err)
	}
	return a.answer(out, func(w io.Writer) { printReview(w, &out, c.Lang) })
}

// printReview writes what there is to decide for a person.
func printReview(w io.Writer, x *steward.Review, lang string) {
	p := newPageIn(w, lang)
	defer p.end()
	if len(x.Items) == 0 && x.Next == "" {
		p.line(p.in("there is nothing to review"))
	}
	for i := range x.Items {
		printMatter(p, &x.Items[i])
	}
	if x.Next != "" {
		p.section(fmt.Sprintf(p.in("more: --after %s"), x.Next))
	}
}

func printMatter(p *page, m *steward.ReviewItem) {
	about := make([]string, len(m.Identifiers))
	for i, k := range m.Identifiers {
		about[i] = k.Namespace + " " + k.Name
	}
	p.section(p.in(m.Kind) + ": " + strings.Join(about, ", "))
	p.line(p.in("why"), m.Words)
	p.line(p.in("weight"), strconv.FormatUint(uint64(m.Weight), 10))
	if m.Since != nil {
		p.line(p.in("since"), moment(*m.Since))
	}
	for _, one := range m.People {
		p.line(p.in("person"), one.RCUID, shortEnds(one.Identifiers))
	}
	if m.MorePeople > 0 {
		p.line("", fmt.Sprintf(p.in("and %d more"), m.MorePeople))
	}
	for i := range m.Links {
		l := &m.Links[i]
		p.line(p.in("link"), shortName(l.A)+", "+shortName(l.B), l.Words)
	}
	for _, act := range m.Acts {
		ends := act.A.Name
		if act.B != nil {
			ends += " " + act.B.Name
		}
		p.line(p.in("decide"), "rcu act "+act.Op+" "+ends)
	}
}
