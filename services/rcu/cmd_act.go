package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"rcu/pkg/identifier"
	"rcu/services/internal/boot"
	"rcu/services/steward"
)

const exitActHelp = "Exit codes: 0 done, 1 trouble, 2 wrong call, 3 nothing known, 4 refused, 5 somebody else decided meanwhile."

// actCmd decides what evidence alone gets wrong.
type actCmd struct {
	Ban        banCmd        `cmd:"" help:"Two identifiers are never one person."`
	Together   togetherCmd   `cmd:"" help:"Two identifiers are one person."`
	Clear      clearCmd      `cmd:"" help:"Take back what was decided of two identifiers: evidence decides again."`
	Quarantine quarantineCmd `cmd:"" help:"An identifier joins nobody."`
	Release    releaseCmd    `cmd:"" help:"An identifier joins, whatever the evidence against it."`
	Auto       autoCmd       `cmd:"" help:"Take back what was decided of an identifier: evidence decides again."`
	Undo       undoCmd       `cmd:"" help:"Put back what held before an act."`
	List       actsCmd       `cmd:"" help:"List what was decided, the latest first."`
}

// stewardFlags say with whose key the steward's service is asked.
type stewardFlags struct {
	Reader string `name:"reader" default:"steward" help:"Reader of this installation whose key is used." placeholder:"NAME"`
	Key    string `name:"key" env:"RCU_READER_KEY" help:"Key of a reader, where the installation keeps none." placeholder:"KEY"`
	URL    string `name:"url" help:"Address of the steward's service (default: the one of rcu up)." placeholder:"URL"`
}

func (f *stewardFlags) client(h home) (*profileClient, error) {
	x := connection{service: "steward", what: "the steward's service", usual: "http://127.0.0.1:8087", url: f.URL, key: f.Key, reader: f.Reader}
	return x.client(h)
}

// doFlags are common to the commands that decide something.
type doFlags struct {
	stewardFlags
	Reason  string `name:"reason" help:"Why; the next steward reads it." placeholder:"TEXT"`
	Preview bool   `name:"preview" help:"Tell what it would change, and end."`
	Yes     bool   `name:"yes" help:"Do not ask."`
	Country string `name:"country" help:"Country of a national phone number." placeholder:"FR"`
}

// pairActCmd is an act on two identifiers.
type pairActCmd struct {
	A string `arg:"" help:"namespace:value, or an id."`
	B string `arg:"" help:"namespace:value, or an id."`
	doFlags
}

// oneActCmd is an act on one identifier.
type oneActCmd struct {
	A string `arg:"" name:"identifier" help:"namespace:value, or an id."`
	doFlags
}

// undoCmd takes an act back.
type undoCmd struct {
	ID string `arg:"" help:"Id of the act, as rcu act list tells it."`
	doFlags
}

// Help tells what is put back.
func (undoCmd) Help() string {
	return "Only an act that still holds can be taken back: of several on one pair the latest. What held before it holds again.\n\n" + exitActHelp +
		"\n\nExample:\n\n  rcu act undo 6f1f3c1e-9a52-4a57-8a5e-0d3b4b1f2c7d --reason \"the card was hers after all\""
}

// Run does the act that the command is named after.
func (c pairActCmd) Run(ctx context.Context, a *app) error {
	ends, err := endsOf(c.Country, c.A, c.B)
	if err != nil {
		return err
	}
	return c.do(ctx, a, steward.Asked{Op: a.verb, A: ends[0], B: ends[1]})
}

// Run does the act that the command is named after.
func (c oneActCmd) Run(ctx context.Context, a *app) error {
	ends, err := endsOf(c.Country, c.A)
	if err != nil {
		return err
	}
	return c.do(ctx, a, steward.Asked{Op: a.verb, A: ends[0]})
}

// Run takes the act back.
func (c undoCmd) Run(ctx context.Context, a *app) error {
	return c.do(ctx, a, steward.Asked{Undoes: c.ID})
}

// endsOf reads identifiers of a command line.
func endsOf(country string, texts ...string) ([]*steward.End, error) {
	out := make([]*steward.End, 0, len(texts))
	for _, text := range texts {
		if idForm.MatchString(text) {
			out = append(out, &steward.End{Name: text})
			continue
		}
		namespace, value, ok := strings.Cut(text, ":")
		if !ok || !identifier.Namespace(namespace).Known() || value == "" {
			return nil, &boot.UsageError{Err: errors.New("name an identifier as namespace:value, for example email:marie@example.org, or by an id of 34 digits")}
		}
		end := &steward.End{Namespace: namespace, Value: value}
		if identifier.Namespace(namespace) == identifier.Phone {
			end.Country = country
		}
		out = append(out, end)
	}
	return out, nil
}

// do shows what an act would change, asks, and does it.
func (f *doFlags) do(ctx context.Context, a *app, asked steward.Asked) error {
	switch {
	case f.Reason == "" && !f.Preview:
		return &boot.UsageError{Err: errors.New("say why: --reason TEXT (or look first: --preview)")}
	case a.json && !f.Yes && !f.Preview:
		return &boot.UsageError{Err: errors.New("with --json nobody is asked: give --yes, or --preview")}
	}
	client, err := f.client(home{a.data})
	if err != nil {
		return err
	}
	var effect steward.Preview
	if err := client.post(ctx, "/v1/acts/preview", asked, &effect); err != nil {
		return a.exit(err)
	}
	if f.Preview {
		return a.answer(effect, func(w io.Writer) { printEffect(w, &effect) })
	}
	if !f.Yes {
		printEffect(a.world.Stdout, &effect)
		if !agrees(a) {
			a.say("nothing was done")
			return nil
		}
	}
	done, err := f.send(ctx, client, asked, &effect)
	if err != nil {
		return a.exit(err)
	}
	return a.answer(done, func(w io.Writer) { printDone(w, done) })
}

// send does the act as it was shown: if another one came between, or if it would do something else by now, it is refused.
func (f *doFlags) send(ctx context.Context, client *profileClient, asked steward.Asked, shown *steward.Preview) (*steward.Done, error) {
	asked.ID, asked.Reason, asked.Effect = uuid.NewString(), f.Reason, shown.Effect.ID
	var done steward.Done
	if asked.Undoes != "" {
		body := map[string]string{"id": asked.ID, "reason": asked.Reason, "effect": asked.Effect}
		return &done, client.post(ctx, "/v1/acts/"+url.PathEscape(asked.Undoes)+"/undo", body, &done)
	}
	seen := ""
	if shown.Held != nil {
		seen = shown.Held.ID
	}
	asked.Seen = &seen
	return &done, client.post(ctx, "/v1/acts", asked, &done)
}

// agrees asks on the terminal.
func agrees(a *app) bool {
	_, _ = io.WriteString(a.world.Stderr, "\nDo it? [y/N] ")
	line, _ := bufio.NewReader(io.LimitReader(a.world.Stdin, 100)).ReadString('\n')
	line = strings.ToLower(strings.TrimSpace(line))
	return line == "y" || line == "yes" || line == "o" || line == "oui"
}

// post sends a JSON body and reads a JSON answer.
func (c *profileClient) post(ctx context.Context, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	return c.ask(ctx, http.MethodPost, path, raw, into)
}

func (c *profileClient) ask(ctx context.Context, method, path string, body []byte, into any) error {
	raw, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.what, err)
	}
	return nil
}

// actsCmd lists acts.
type actsCmd struct {
	stewardFlags
	Of    string `name:"of" help:"Id of an identifier: acts on it alone." placeholder:"ID"`
	Limit int    `name:"limit" default:"50" help:"How many." placeholder:"N"`
	After string `name:"after" help:"Go on behind this act." placeholder:"ID"`
}

// Help gives the example.
func (actsCmd) Help() string {
	return exitHelp + "\n\nExample:\n\n  rcu act list --limit 20"
}

// Run lists.
func (c actsCmd) Run(ctx context.Context, a *app) error {
	client, err := c.client(home{a.data})
	if err != nil {
		return err
	}
	query := listQuery(c.Limit, map[string]string{"identifier": c.Of, "after": c.After})
	var h steward.History
	if err := client.ask(ctx, http.MethodGet, "/v1/acts?"+query.Encode(), nil, &h); err != nil {
		return a.exit(err)
	}
	return a.answer(h, func(w io.Writer) { printActs(w, &h) })
}
