package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/consent/ledger"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/schemas"
	"rcu/services/internal/boot"
)

// consentCmd holds what works on consent without a server.
type consentCmd struct {
	Decide decideCmd `cmd:"" help:"Answer what a file of decisions permits, and why, offline."`
}

// decideCmd asks a ledger of decisions.
type decideCmd struct {
	At         string   `name:"at" help:"As of this time; now when left out." placeholder:"TIME"`
	KnownAt    string   `name:"known-at" help:"Count only what was recorded by this time." placeholder:"TIME"`
	EventAt    string   `name:"event-at" help:"About something that happened at this time: allowed then and now." placeholder:"TIME"`
	Controller string   `name:"controller" help:"For one controller; a fact of another is an error." placeholder:"NAME"`
	Point      string   `name:"point" help:"About one contact point or device." placeholder:"NAMESPACE:VALUE"`
	Purpose    []string `name:"purpose" help:"For these purposes; those that the file decides about when left out." placeholder:"NAME"`
	Channel    string   `name:"channel" help:"On one channel." placeholder:"NAME"`
	Family     string   `name:"family" help:"Of the goods that are offered: a sale of the same family may stand for consent." placeholder:"NAME"`
	contactFlags
	Facts string `arg:"" name:"facts" help:"Facts as JSON lines; - reads standard input."`
}

// Help gives the example.
func (decideCmd) Help() string {
	return "Tells of every point, purpose and channel whether it is allowed, and why. The order of the lines does not matter. docs/consent-facts.md has the format.\n" +
		"With --contacts it answers what the service contacts would before a message or call: permission, caps, the person's own frequency, pauses and\n" +
		"topics, hours and holidays, rules of calls; at the reservation or, with \"step\":\"confirm\", at the hand-over.\n" +
		"No server, no key, no network. Exit code 2: a line cannot be read; its number, field and fix are named.\n\n" +
		"Example:\n\n  rcu consent decide --at 2026-03-14T12:00:00+01:00 --purpose marketing --channel email decisions.jsonl\n" +
		"  rcu consent decide --at 2026-03-14T12:00:00+01:00 --known-at 2026-03-14T12:00:00+01:00 --contacts mailing.jsonl decisions.jsonl\n\n" +
		"where a line of mailing.jsonl is\n\n" +
		"  {\"id\":\"autumn/1\",\"controller\":\"retail\",\"point\":{\"namespace\":\"email\",\"value\":\"a@example.com\"},\"channel\":\"email\",\"purpose\":\"marketing\",\"topic\":\"shoes\"}"
}

// permitted is one answer in the words of the format.
type permitted struct {
	Controller string           `json:"controller"`
	Point      permittedPoint   `json:"point"`
	Purpose    string           `json:"purpose"`
	Channel    string           `json:"channel,omitempty"`
	Allowed    bool             `json:"allowed"`
	Because    string           `json:"because"`
	When       string           `json:"when"` // now | then: the time that decides
	Basis      string           `json:"basis,omitempty"`
	Decision   string           `json:"decision,omitempty"`
	Notice     *permittedNotice `json:"notice,omitempty"`
	DecidedAt  string           `json:"decided_at,omitempty"`
	ExpiresAt  string           `json:"expires_at,omitempty"`
}

type permittedPoint struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
}

type permittedNotice struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Language string `json:"language"`
}

// Run prints the answers: a table for people, one JSON object a line with --json.
func (c decideCmd) Run(_ context.Context, a *app) error {
	q, err := c.question(time.Now().Unix())
	if err = errors.Join(err, c.fit()); err != nil {
		return &boot.UsageError{Err: err}
	}
	if c.Contacts != "" {
		return c.before(a, q)
	}
	l, err := c.read(a)
	if err != nil {
		return err
	}
	return c.write(a, answers(l, c.questions(l, q)))
}

// read reads the facts.
func (c decideCmd) read(a *app) (*ledger.Ledger, error) {
	reg, err := registry.Load(schemas.Files)
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	in := a.world.Stdin
	if c.Facts != "-" {
		f, err := os.Open(c.Facts)
		if err != nil {
			return nil, &boot.UsageError{Err: fmt.Errorf("opening the facts: %w", err)}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	how := ledger.Reading{Now: time.Now().Unix()}
	if c.Controller != "" {
		how.Controllers = []string{c.Controller}
	}
	l, err := ledger.Read(in, reg, how)
	var wrong *ledger.LineError
	if errors.As(err, &wrong) {
		return nil, &boot.UsageError{Err: err}
	}
	return l, err //nolint:wrapcheck // says all
}

// question reads the flags.
func (c decideCmd) question(now int64) (q ledger.Question, err error) {
	q.Controller, q.Family = c.Controller, c.Family
	for _, f := range []struct {
		name, text string
		into       *int64
		otherwise  int64
	}{{"at", c.At, &q.At, now}, {"known-at", c.KnownAt, &q.KnownAt, now}, {"event-at", c.EventAt, &q.EventAt, 0}} {
		if *f.into = f.otherwise; f.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, f.text)
		if err != nil {
			return q, fmt.Errorf("reading --%s: write it as 2026-03-14T18:30:00+01:00", f.name)
		}
		*f.into = t.Unix()
	}
	if c.Point != "" {
		namespace, value, ok := strings.Cut(c.Point, ":")
		if q.Point = (ledger.Point{Namespace: identifier.Namespace(namespace), Value: value}); !ok || !q.Point.Namespace.Links() || value == "" {
			return q, errors.New("reading --point: write a namespace, a colon and the value as the file has it, for example email:a@example.com")
		}
	}
	for _, p := range c.Purpose {
		if info, ok := consent.PurposeOf(consent.Purpose(p)); !ok || c.Channel != "" && !info.Takes(c.Channel) {
			return q, fmt.Errorf("reading --purpose: %q is no purpose of the register, or has no such channel", p)
		}
	}
	return q, nil
}

// questions are those of the flags, over everything that the facts name.
func (c decideCmd) questions(l *ledger.Ledger, q ledger.Question) []ledger.Question {
	controllers, points := []string{c.Controller}, []ledger.Point{q.Point}
	if c.Controller == "" {
		controllers = l.Controllers()
	}
	if c.Point == "" {
		points = l.Points()
	}
	var out []ledger.Question
	topics := c.topics(l)
	for _, controller := range controllers {
		for _, p := range points {
			for _, topic := range topics {
				info, _ := consent.PurposeOf(topic.Purpose)
				if c.Point == "" && !ledger.Reaches(info, topic.Channel, p.Namespace) {
					continue
				}
				q.Controller, q.Point, q.Topic = controller, p, topic
				out = append(out, q)
			}
		}
	}
	return out
}

// topics are the purposes and channels asked for.
func (c decideCmd) topics(l *ledger.Ledger) []consent.PurposeChannel {
	var all, out []consent.PurposeChannel
	for _, p := range c.Purpose {
		info, _ := consent.PurposeOf(consent.Purpose(p))
		if len(info.Channels) == 0 {
			all = append(all, consent.PurposeChannel{Purpose: consent.Purpose(p)})
		}
		for _, channel := range info.Channels {
			all = append(all, consent.PurposeChannel{Purpose: consent.Purpose(p), Channel: channel})
		}
	}
	if len(c.Purpose) == 0 {
		all = l.Decided()
	}
	for _, pc := range all {
		if c.Channel == "" || pc.Channel == c.Channel {
			out = append(out, pc)
		}
	}
	return out
}

// answers asks one by one, so that a large file needs no room for all of them.
func answers(l *ledger.Ledger, questions []ledger.Question) func(yield func(permitted) bool) {
	return func(yield func(permitted) bool) {
		for _, q := range questions {
			if !yield(inWords(q, l.Ask(q))) {
				return
			}
		}
	}
}

func inWords(q ledger.Question, a ledger.Answer) permitted {
	d := permitted{
		Controller: q.Controller, Point: permittedPoint{string(q.Point.Namespace), q.Point.Value}, Purpose: string(q.Topic.Purpose),
		Channel: q.Topic.Channel, Allowed: a.Allowed, Because: string(a.Because), When: "now", Basis: string(a.Basis), Decision: a.Decision,
		DecidedAt: clockText(a.DecidedAt), ExpiresAt: clockText(a.ExpiresAt),
	}
	if a.Then {
		d.When = "then"
	}
	if a.Notice.ID != "" {
		d.Notice = &permittedNotice{a.Notice.ID, a.Notice.Version, a.Notice.Language}
	}
	return d
}

// clockText writes a time; empty for none.
func clockText(t int64) string {
	if t == 0 {
		return ""
	}
	return time.Unix(t, 0).UTC().Format(time.RFC3339)
}

func (c decideCmd) write(a *app, list func(yield func(permitted) bool)) error {
	if a.json {
		return jsonLines(a.world.Stdout, list)
	}
	return table(a.world.Stdout, list)
}

func table(w io.Writer, list func(yield func(permitted) bool)) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "CONTROLLER\tPOINT\tPURPOSE\tCHANNEL\tALLOWED\tBECAUSE\tDECISION\tEXPIRES")
	for d := range list {
		allowed, because := "no", d.Because
		if d.Allowed {
			allowed = "yes"
		}
		if d.When == "then" {
			because += ", then"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s:%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			d.Controller, d.Point.Namespace, d.Point.Value, d.Purpose, orDash(d.Channel), allowed, because, orDash(d.Decision), orDash(d.ExpiresAt))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("writing the answers: %w", err)
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
