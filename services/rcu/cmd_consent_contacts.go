package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"rcu/pkg/consent/ledger"
	"rcu/pkg/contact"
	"rcu/services/contacts"
	"rcu/services/internal/boot"
)

// contactFlags ask before contacts.
type contactFlags struct {
	Contacts string `name:"contacts" help:"Answer whether these contacts may be made instead, JSON lines as the service contacts is asked; - reads standard input." placeholder:"FILE"`
	Rules    string `name:"rules" help:"With --contacts: caps, hours and silences, YAML or JSON; the defaults when left out." placeholder:"FILE"`
	Place    string `name:"place" help:"With --contacts: where people are of whom neither the contact nor a phone number tells." default:"FR" placeholder:"PLACE"`
}

// contacted is the answer before one contact: which it is, and what the service would answer.
type contacted struct {
	ID         string         `json:"id"`
	Controller string         `json:"controller"`
	Point      permittedPoint `json:"point"`
	Channel    string         `json:"channel"`
	Purpose    string         `json:"purpose"`
	Step       string         `json:"step"`
	At         string         `json:"at"`
	contacts.Answer
}

// fit holds the flags of questions before contacts against the others.
func (c decideCmd) fit() error {
	switch {
	case c.Contacts == "" && c.Rules != "":
		return errors.New("--rules: goes with --contacts alone")
	case c.Contacts == "":
		return nil
	case c.Point != "" || len(c.Purpose) > 0 || c.Channel != "" || c.Family != "" || c.EventAt != "":
		return errors.New("--contacts: its lines say point, purpose, channel and family; leave the flags out")
	case c.Contacts == "-" && c.Facts == "-":
		return errors.New("--contacts: standard input is read for the facts already; name a file")
	}
	return nil
}

// asked reads the contacts that are asked about.
func (c decideCmd) asked(a *app, q ledger.Question) ([]ledger.Asked, error) {
	place, err := contact.ParsePlace(c.Place)
	if err != nil {
		return nil, &boot.UsageError{Err: fmt.Errorf("--place: %w", err)}
	}
	in := a.world.Stdin
	if c.Contacts != "-" {
		f, err := os.Open(c.Contacts)
		if err != nil {
			return nil, &boot.UsageError{Err: fmt.Errorf("opening the contacts: %w", err)}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	list, err := ledger.ReadBefore(in, ledger.Asking{Controller: c.Controller, Elsewhere: place, At: q.At, KnownAt: q.KnownAt})
	var wrong *ledger.LineError
	if errors.As(err, &wrong) {
		return nil, &boot.UsageError{Err: fmt.Errorf("contacts: %w", err)}
	}
	return list, err //nolint:wrapcheck // says all
}

// before answers the contacts in their order.
func (c decideCmd) before(a *app, q ledger.Question) error {
	rules, err := contactSettings{Rules: c.Rules}.rules()
	if err != nil {
		return &boot.UsageError{Err: err}
	}
	list, err := c.asked(a, q)
	if err != nil {
		return err
	}
	l, err := c.read(a)
	if err != nil {
		return err
	}
	answers := func(yield func(contacted) bool) {
		for _, x := range list {
			if !yield(answerBefore(l, rules, x)) {
				return
			}
		}
	}
	if a.json {
		return jsonLines(a.world.Stdout, answers)
	}
	return contactTable(a.world.Stdout, answers)
}

// answerBefore answers one contact as the service would.
func answerBefore(l *ledger.Ledger, rules contact.Rules, x ledger.Asked) contacted {
	out := contacted{
		ID: x.ID, Controller: x.Controller, Point: permittedPoint{string(x.Point.Namespace), x.Point.Value}, Channel: x.Plan.Ask.Channel,
		Purpose: string(x.Plan.Purpose), Step: "reserve", At: clockText(x.At),
	}
	if x.Confirm {
		out.Step = "confirm"
	}
	if x.Plan.Ask.Service {
		out.Answer = contacts.Answer{Allowed: true, State: contacts.StateUncounted}
		return out
	}
	told := l.Before(rules, x.Before)
	if x.Confirm {
		out.Answer = contacts.AnswerOf(told.Verdict, contacts.StateMade, told.Proof)
	} else {
		out.Answer = contacts.Reserved(told.Verdict, told.Contact, told.Proof)
	}
	return out
}

// jsonLines writes one JSON object a line.
func jsonLines[T any](w io.Writer, list func(yield func(T) bool)) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for x := range list {
		if err := enc.Encode(x); err != nil {
			return fmt.Errorf("writing the answers: %w", err)
		}
	}
	return nil
}

func contactTable(w io.Writer, list func(yield func(contacted) bool)) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "ID\tPOINT\tCHANNEL\tSTEP\tAT\tALLOWED\tREASON\tNEXT\tSOURCE")
	for x := range list {
		allowed, next := "no", ""
		if x.Allowed {
			allowed = "yes"
		}
		if x.NextAt != nil {
			next = clockText(x.NextAt.Unix())
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s:%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			x.ID, x.Point.Namespace, x.Point.Value, x.Channel, x.Step, x.At, allowed, orDash(x.Reason), orDash(next), orDash(x.Source))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("writing the answers: %w", err)
	}
	return nil
}
