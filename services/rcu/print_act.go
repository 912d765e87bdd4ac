package main

import (
	"io"
	"strings"

	"rcu/services/profileapi"
	"rcu/services/steward"
)

// shortEnd shows an identifier of an act without its value.
func shortEnd(i steward.Identifier) string {
	return shortName(profileapi.LinkEnd{Namespace: i.Namespace, Name: i.Name})
}

func shortEnds(list []steward.Identifier) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = shortEnd(x)
	}
	return strings.Join(out, ", ")
}

// heldWords says who decided last.
func heldWords(h *steward.Held) string {
	text := h.Op + " at " + moment(h.At)
	if h.Actor != "" {
		text = h.Op + " by " + h.Actor + " at " + moment(h.At)
	}
	if !h.Effective {
		text += ", on its way"
	}
	return text
}

// printEffect writes what an act would change for a person.
func printEffect(w io.Writer, p *steward.Preview) {
	out := newPage(w)
	defer out.end()
	out.line("act", p.Op, actOn(p.A, p.B))
	if p.Undoes != "" {
		out.line("takes back", p.Undoes)
	}
	if p.Held != nil {
		out.line("until now", heldWords(p.Held))
	}
	if len(p.Effect.Before) == 0 && len(p.Effect.Standings) == 0 {
		out.line("effect", "nobody parts and nobody joins by it now; it holds for what comes")
		return
	}
	people := func(title string, list []steward.Person) {
		if len(list) > 0 {
			out.section(title)
		}
		for _, x := range list {
			out.line(x.RCUID, shortEnds(x.Identifiers))
		}
	}
	people("People now", p.Effect.Before)
	people("People after it", p.Effect.After)
	if len(p.Effect.Standings) > 0 {
		out.section("Standing")
	}
	for _, x := range p.Effect.Standings {
		out.line(shortEnd(x.Identifier), x.Before, "-> "+x.After)
	}
	if len(p.Effect.Changes) > 0 {
		out.section("Links")
	}
	for _, x := range p.Effect.Changes {
		out.line(x.Kind, shortEnds(x.Identifiers), x.Reason)
	}
}

func actOn(a, b *steward.Identifier) string {
	var ends []steward.Identifier
	for _, x := range [...]*steward.Identifier{a, b} {
		if x != nil {
			ends = append(ends, *x)
		}
	}
	return shortEnds(ends)
}

// printDone writes what was done for a person.
func printDone(w io.Writer, d *steward.Done) {
	out := newPage(w)
	defer out.end()
	state := "it holds"
	if !d.Effective {
		state = "it is accepted and on its way: it holds as soon as the resolver has read it"
	}
	out.line("done", d.Act.Op, actOn(d.Act.A, d.Act.B), state)
	out.line("id", d.Act.ID)
}

// printActs writes a list of acts for a person.
func printActs(w io.Writer, h *steward.History) {
	out := newPage(w)
	defer out.end()
	for _, x := range h.Acts {
		what := x.Op
		if x.Undoes != "" {
			what += " (takes back " + x.Undoes + ")"
		}
		out.line(moment(x.Received), what, actOn(x.A, x.B), x.Actor, x.ID, x.Reason)
	}
	if h.Next != "" {
		out.line("more: --after " + h.Next)
	}
}
