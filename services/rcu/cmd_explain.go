package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"rcu/services/profileapi"
)

// explainCmd tells why identifiers are one person, and why others are not.
type explainCmd struct {
	readFlags
}

// Help gives the example.
func (explainCmd) Help() string {
	return "Shows every link between the identifiers of a customer: which join, which only confirm, which were refused and by what rule.\n" +
		"Identifiers are shown as their namespace and the first digits of their id; their values are in `rcu profile`.\n\n" +
		exitHelp + "\n\nExample:\n\n  rcu explain card:2990001234567"
}

// explained is the answer of the command.
type explained struct {
	Asked       string                 `json:"asked"`
	Explanation profileapi.Explanation `json:"explanation"`
	Identifiers profileapi.Identifiers `json:"identifiers"`
}

// Run looks the customer up and prints the explanation.
func (c explainCmd) Run(ctx context.Context, a *app) error {
	client, err := c.client(home{a.data})
	if err != nil {
		return err
	}
	raw, err := c.find(ctx, client)
	if err != nil {
		return a.exit(err)
	}
	var record profileapi.Answer
	if err := json.Unmarshal(raw, &record); err != nil {
		return fmt.Errorf("reading the answer of the profile API: %w", err)
	}
	out := explained{Asked: or(record.Asked, record.RCUID)}
	for path, into := range map[string]any{"/explain": &out.Explanation, "/identifiers": &out.Identifiers} {
		if raw, err = client.read(ctx, out.Asked, path, &c.readFlags); err != nil {
			return a.exit(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return fmt.Errorf("reading the answer of the profile API: %w", err)
		}
	}
	return a.answer(out, func(w io.Writer) { printExplanation(w, &out) })
}

// shortName shows an identifier without its value.
func shortName(e profileapi.LinkEnd) string { return e.Namespace + " " + e.Name[:min(8, len(e.Name))] }

// printExplanation writes the links for a person.
func printExplanation(w io.Writer, x *explained) {
	p := newPage(w)
	defer p.end()
	nobody := x.Explanation.Standing != "clean"
	if nobody {
		p.line("This value is " + x.Explanation.Standing + ": it identifies nobody.")
	} else {
		p.line("customer", x.Explanation.RCUID)
	}
	if x.Asked != x.Explanation.RCUID {
		p.line("asked", x.Asked)
	}
	if x.Explanation.Level > 0 {
		p.line("size", fmt.Sprintf("so many identifiers hang together that weak links were set aside (level %d)", x.Explanation.Level))
	}
	if !nobody {
		p.section("Identifiers of this customer")
	}
	for _, i := range x.Identifiers.Identifiers {
		if nobody {
			break
		}
		notes := []string{}
		if i.Naming {
			notes = append(notes, "names the customer")
		}
		if i.Name == x.Asked {
			notes = append(notes, "asked for")
		}
		if i.Standing != "clean" {
			notes = append(notes, i.Standing)
		}
		p.line(shortName(profileapi.LinkEnd{Namespace: i.Namespace, Name: i.Name}), strings.Join(notes, ", "))
	}
	p.links("Joined, because they stood together", x.Explanation.Links, "joined")
	p.links("Confirm what others join", x.Explanation.Links, "confirms")
	p.links("Refused", x.Explanation.Links, "refused")
}

// reasons say in words why a link is refused.
var reasons = map[string]string{
	"banned": "somebody decided that they are two people", "ban": "somebody decided that two values behind them are two people",
	"blocked": "one of them is blocked", "quarantined": "one of them stands with too many people", "contested": "one of them is contested",
	"permission": "the customer did not agree", "same_namespace": "two of one kind on one event", "overflow": "too many links",
	"unique": "one person has only one of these", "limit": "one person has not so many of these", "person": "names or birth dates differ",
}

func (p *page) links(title string, links []profileapi.Link, outcome string) {
	links = slices.DeleteFunc(slices.Clone(links), func(l profileapi.Link) bool { return l.Outcome != outcome })
	if len(links) > 0 {
		p.section(title)
	}
	for _, l := range links {
		why := or(reasons[l.Reason], l.Reason)
		if len(l.Because) == 2 {
			why += " (" + shortName(l.Because[0]) + ", " + shortName(l.Because[1]) + ")"
		}
		seen := ""
		if l.Witnesses > 0 {
			seen = "seen together by the events kept: " + strconv.Itoa(l.Witnesses)
		}
		if l.Since != nil {
			seen += ", first " + moment(*l.Since)
		}
		if l.Act != "" {
			seen = strings.TrimPrefix(seen+", somebody decided: "+l.Act, ", ")
		}
		p.line(shortName(l.A), shortName(l.B), why, seen)
	}
}
