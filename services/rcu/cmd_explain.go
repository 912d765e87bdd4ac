package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"rcu/services/internal/boot"
	"rcu/services/internal/explain"
	"rcu/services/profileapi"
)

// explainCmd tells why identifiers are one person, and why others are not.
type explainCmd struct {
	readFlags
	eventFlags
	WhyNot string `name:"why-not" help:"Another identifier: tell why the two are not one person." placeholder:"IDENTIFIER"`
	Lang   string `name:"lang" enum:"en,fr" default:"en" help:"Language of the words: en or fr." placeholder:"LANG"`
	SVG    string `name:"svg" help:"Draw it into this file." type:"path" placeholder:"FILE"`
}

// Help gives the example.
func (explainCmd) Help() string {
	return "Shows every link between the identifiers of a customer: which join, which only confirm, which were refused and by what rule;\n" +
		"and what happened to them: when they came together and parted, and what caused it.\n" +
		"Identifiers are shown as their namespace and the first digits of their id; their values are in `rcu profile`.\n\n" +
		exitHelp + "\n\nExamples:\n\n  rcu explain card:2990001234567\n  rcu explain card:2990001234567 --why-not email:paul@example.org\n  rcu explain card:2990001234567 --lang fr --svg card.svg" +
		"\n  rcu explain --event T12-0017 --source till-paris-1 --lang fr\n\n" +
		"With --event it tells from ClickHouse and Kafka what each gate of consent did with one event, and why. Of an event that consent\n" +
		"refused nothing is kept: then it says exactly that."
}

// explained is the answer of the command.
type explained struct {
	Asked       string                 `json:"asked"`
	Explanation profileapi.Explanation `json:"explanation"`
	Identifiers profileapi.Identifiers `json:"identifiers"`
}

// Run looks the customer up and prints the explanation.
func (c explainCmd) Run(ctx context.Context, a *app) error {
	if c.Event != "" {
		if c.Who != "" {
			return &boot.UsageError{Err: errors.New("give an identifier or --event, not both")}
		}
		return c.explainEvent(ctx, a, c.Lang)
	}
	client, err := c.client(home{a.data})
	if err != nil {
		return err
	}
	client.language = c.Lang
	asked, err := c.asked(ctx, client)
	if err != nil {
		return a.exit(err)
	}
	if c.WhyNot != "" {
		return c.whyNot(ctx, a, client, asked)
	}
	out := explained{Asked: asked}
	for path, into := range map[string]any{"/explain": &out.Explanation, "/identifiers": &out.Identifiers} {
		raw, err := client.read(ctx, out.Asked, path, &c.readFlags)
		if err != nil {
			return a.exit(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return fmt.Errorf("reading the answer of the profile API: %w", err)
		}
	}
	if c.SVG != "" {
		if err := os.WriteFile(c.SVG, explain.Picture(&out.Explanation, c.Lang), 0o600); err != nil {
			return fmt.Errorf("drawing: %w", err)
		}
	}
	return a.answer(out, func(w io.Writer) { printExplanation(w, &out, c.Lang) })
}

// asked returns the name of the identifier that the flags name.
func (c *explainCmd) asked(ctx context.Context, client *profileClient) (string, error) {
	raw, err := c.find(ctx, client)
	if err != nil {
		return "", err
	}
	var record profileapi.Answer
	if err := json.Unmarshal(raw, &record); err != nil {
		return "", fmt.Errorf("reading the answer of the profile API: %w", err)
	}
	return or(record.Asked, record.RCUID), nil
}

// whyNot tells what lies between two identifiers.
func (c *explainCmd) whyNot(ctx context.Context, a *app, client *profileClient, one string) error {
	second := *c
	second.Who = c.WhyNot
	other, err := second.asked(ctx, client)
	if err != nil {
		a.say("of the identifier of --why-not:")
		return a.exit(err)
	}
	raw, err := client.read(ctx, one, "/why-not/"+other, &c.readFlags)
	if err != nil {
		return a.exit(err)
	}
	var out profileapi.WhyNot
	if err := json.Unmarshal(raw, &out); err != nil {
		return fmt.Errorf("reading the answer of the profile API: %w", err)
	}
	return a.answer(out, func(w io.Writer) { printWhyNot(w, &out, c.Lang) })
}

// printWhyNot writes what lies between two identifiers for a person.
func printWhyNot(w io.Writer, x *profileapi.WhyNot, lang string) {
	p := newPageIn(w, lang)
	defer p.end()
	p.line(x.Words)
	p.line(shortName(x.A), x.RCUID)
	p.line(shortName(x.B), x.Other)
	if len(x.Path) > 0 {
		p.section(p.in("What leads from one to the other"))
	}
	for i := range x.Path {
		p.link(&x.Path[i])
	}
}

// shortName shows an identifier without its value.
func shortName(e profileapi.LinkEnd) string { return e.Namespace + " " + e.Name[:min(8, len(e.Name))] }

// printExplanation writes the links for a person.
func printExplanation(w io.Writer, x *explained, lang string) {
	p := newPageIn(w, lang)
	defer p.end()
	nobody := x.Explanation.Standing != "clean"
	if nobody {
		p.line(fmt.Sprintf(p.in("This value is %s: it identifies nobody."), p.in(x.Explanation.Standing)))
	} else {
		p.line(p.in("customer"), x.Explanation.RCUID)
	}
	if x.Asked != x.Explanation.RCUID {
		p.line(p.in("asked"), x.Asked)
	}
	if x.Explanation.Level > 0 {
		p.line(p.in("size"), fmt.Sprintf(p.in("so many identifiers hang together that weak links were set aside (level %d)"), x.Explanation.Level))
	}
	if !nobody {
		p.section(p.in("Identifiers of this customer"))
	}
	names := map[string]bool{}
	for _, i := range x.Identifiers.Identifiers {
		names[i.Name] = i.Naming
	}
	for _, i := range x.Explanation.Identifiers {
		notes := []string{}
		if names[i.Name] && !nobody {
			notes = append(notes, p.in("names the customer"))
		}
		if i.Name == x.Asked && !nobody {
			notes = append(notes, p.in("asked for"))
		}
		if i.Standing != "clean" || i.Because != "evidence" {
			notes = append(notes, p.in(i.Standing)+": "+i.Words)
		}
		p.line(shortName(i.LinkEnd), strings.Join(notes, ", "))
	}
	p.links("Joined, because they stood together", x.Explanation.Links, "joined")
	p.links("Confirm what others join", x.Explanation.Links, "confirms")
	p.links("Refused", x.Explanation.Links, "refused")
	p.history(&x.Explanation)
}

// history writes what happened to the identifiers of a record, the newest first.
func (p *page) history(x *profileapi.Explanation) {
	if x.HistoryUnavailable {
		p.section(p.in("What happened is not known now: ClickHouse, which keeps it, does not answer"))
		return
	}
	if len(x.History) > 0 {
		p.section(p.in("What happened, the newest first"))
	}
	for i := range x.History {
		p.line(moment(x.History[i].At), x.History[i].Words)
	}
	if x.HistoryMore {
		p.line(p.in("and more before"))
	}
}

func (p *page) links(title string, links []profileapi.Link, outcome string) {
	links = slices.DeleteFunc(slices.Clone(links), func(l profileapi.Link) bool { return l.Outcome != outcome })
	if len(links) > 0 {
		p.section(p.in(title))
	}
	for i := range links {
		p.link(&links[i])
	}
}

// link writes a link, and below it the events that showed it first.
func (p *page) link(l *profileapi.Link) {
	p.line(shortName(l.A), shortName(l.B), l.Words)
	if l.ActAt != nil {
		p.line("", "", fmt.Sprintf(p.in("decided: %s at %s (%s)"), p.in(l.Act), moment(*l.ActAt), l.ActID))
	}
	if l.Probable != nil {
		for _, w := range l.Probable.Weighs {
			p.line("", "", w.What, w.Found, w.Bits, w.Side)
		}
	}
	for _, w := range l.Seen {
		kind := "stated"
		if w.Proved {
			kind = "proved"
		}
		p.line("", "", moment(w.At)+" "+p.in(kind), strings.TrimSuffix(w.Source+" "+w.Event, " "))
	}
}
