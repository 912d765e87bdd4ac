package main

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/yamlfile"
	"rcu/services/internal/boot"
)

// rulesCmd holds what an operator does with identity rules.
type rulesCmd struct {
	Check rulesCheckCmd `cmd:"" help:"Tell everything that is wrong with a file of rules."`
	Show  rulesShowCmd  `cmd:"" help:"Print the rules in force."`
	Try   rulesTryCmd   `cmd:"" help:"Tell what rules would do to the people that are stored, without changing anything."`
	Apply rulesApplyCmd `cmd:"" help:"Put rules in force, and judge all that is stored by them."`
}

type rulesCheckCmd struct {
	File string `arg:"" type:"existingfile" help:"Rules, YAML or JSON."`
}

// Help gives the example.
func (rulesCheckCmd) Help() string {
	return "Every problem is told at once, with its field and what to do: values out of range, fields that mean nothing, rules of which one makes another void.\n" +
		"Exit code 2: there are problems. No server, no key, no network. docs/rules explains the fields.\n\nExample:\n\n  rcu rules check rules.yaml"
}

// checked is the answer of the command.
type checked struct {
	OK       bool               `json:"ok"`
	Version  int64              `json:"version"`
	Problems []identity.Problem `json:"problems"`
}

// Run checks.
func (c rulesCheckCmd) Run(_ context.Context, a *app) error {
	rules, err := readRules(c.File)
	var problems identity.Problems
	if err != nil && !errors.As(err, &problems) {
		return &boot.UsageError{Err: err}
	}
	answer := checked{OK: err == nil, Version: rules.Version, Problems: append([]identity.Problem{}, problems...)}
	err = a.answer(answer, func(w io.Writer) {
		for _, p := range problems {
			_, _ = fmt.Fprintln(w, p)
		}
		if answer.OK {
			_, _ = fmt.Fprintf(w, "%s can be put in force: rcu rules try %s\n", c.File, c.File)
		}
	})
	if err == nil && !answer.OK {
		return &boot.Silent{Code: boot.ExitUsage}
	}
	return err
}

// storeFlags say which store a command works on.
type storeFlags struct {
	configFlags
	Space []string `name:"space" help:"Only these spaces (default: all)." placeholder:"SPACE"`
}

// open opens the store. The spaces are those asked for, or all.
func (f storeFlags) open(ctx context.Context, a *app) (d *deps, spaces []string, closeAll func(), err error) {
	s, err := f.load(a)
	if err != nil {
		return nil, nil, nil, err
	}
	if done, err := f.only(a, s); err != nil {
		return nil, nil, nil, err
	} else if done {
		return nil, nil, nil, &boot.Silent{Code: boot.ExitOK}
	}
	st, closeStores, err := openStores(ctx, a, s)
	if err != nil {
		return nil, nil, nil, err
	}
	d = &deps{settings: s, home: home{a.data}, log: zap.NewNop(), kafka: st.kafka, redis: st.redis}
	defer func() {
		if err != nil {
			closeStores()
		}
	}()
	if d.keys, err = d.home.keys(s.Keys); err != nil {
		return nil, nil, nil, err
	}
	if err = sameKeys(ctx, d); err != nil {
		return nil, nil, nil, err
	}
	if err = d.home.makeLists(s); err != nil {
		return nil, nil, nil, err
	}
	if d.graph, err = resolve.NewGraph(stateredis.NewGraph(d.redis), identity.DefaultRules()); err != nil {
		return nil, nil, nil, err //nolint:wrapcheck // says all
	}
	if spaces, err = d.spaces(); err != nil {
		return nil, nil, nil, err
	}
	for _, wanted := range f.Space {
		if !slices.Contains(spaces, wanted) {
			err = &boot.UsageError{Err: fmt.Errorf("there is no space %q: the sources know %s", wanted, strings.Join(spaces, ", "))}
			return nil, nil, nil, err
		}
	}
	if len(f.Space) > 0 {
		spaces = f.Space
	}
	return d, spaces, closeStores, nil
}

type rulesShowCmd struct{ storeFlags }

// Help gives the example.
func (rulesShowCmd) Help() string {
	return "Of blocked values, which are stored as pseudonyms, only the number is told.\n\nExample:\n\n  rcu rules show --data ./data > rules.yaml"
}

// shownRules are the rules of one space.
type shownRules struct {
	Space   string         `json:"space"`
	Blocked int            `json:"blocked_values"`
	Rules   identity.Rules `json:"rules"`
}

// Run prints.
func (c rulesShowCmd) Run(ctx context.Context, a *app) error {
	d, spaces, closeAll, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer closeAll()
	var answer []shownRules
	for _, space := range spaces {
		kernel, err := d.graph.Kernel(ctx, space)
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		x := shownRules{Space: space, Blocked: len(kernel.Rules().Blocked), Rules: kernel.Rules()}
		x.Rules.Blocked = nil
		answer = append(answer, x)
	}
	return a.answer(answer, func(w io.Writer) {
		for _, x := range answer {
			_, _ = fmt.Fprintf(w, "# space %s, %d blocked values (not printed)\n", x.Space, x.Blocked)
			if text, err := rulesText(x.Rules); err == nil {
				_, _ = w.Write(text)
			}
		}
	})
}

// rulesText writes rules as their file is written.
func rulesText(r identity.Rules) ([]byte, error) {
	doc, err := jsonDocument(r)
	if err != nil {
		return nil, err
	}
	delete(doc, "blocked")
	if doc["names"] == "" {
		doc["names"] = "off"
	}
	return yamlfile.Encode(doc) //nolint:wrapcheck // says all
}

type rulesTryCmd struct {
	storeFlags
	File    string `arg:"" type:"existingfile" help:"Rules, YAML or JSON."`
	CSV     string `name:"csv" type:"path" help:"Write every change into a CSV file." placeholder:"FILE"`
	Samples int    `name:"samples" default:"3" help:"Changes of each kind to print." placeholder:"N"`
}

// Help gives the example.
func (rulesTryCmd) Help() string {
	return "Judges everything stored by the rules in force and by those of the file, in memory, and tells who would merge, split, get another id, and which values\n" +
		"would stand otherwise. Nothing is changed; events go on being taken, and go first: it has the lowest priority. About 2 GB of memory a million identifiers.\n" +
		"People are shown by their ids, identifiers by namespace and id. A new pattern of blocked values is judged where it was stamped when a value came in (docs/rules).\n\n" +
		"Example:\n\n  rcu rules try rules.yaml --csv changes.csv"
}

// tried is what rules would do to one space.
type tried struct {
	Space   string                      `json:"space"`
	Seconds float64                     `json:"seconds"`
	Effect  identity.Effect             `json:"effect"`
	Samples map[string][]triedChange    `json:"samples"`
	keep    int                         // samples of each kind
	csv     *csv.Writer                 // nil: none
	name    func(identifier.Key) string // an identifier without its value
	id      func(identifier.Key) string
}

// triedChange is one change as it is printed.
type triedChange struct {
	Kind        identity.ChangeKind `json:"change"`
	Before      []string            `json:"before"`
	After       []string            `json:"after"`
	Identifiers []string            `json:"identifiers"`
	Stood       string              `json:"stood,omitempty"`
	Stands      string              `json:"stands,omitempty"`
}

// Run tries.
func (c rulesTryCmd) Run(ctx context.Context, a *app) error {
	if c.Samples < 0 || c.Samples > 1000 {
		return &boot.UsageError{Err: errors.New("--samples must be from 0 to 1000")}
	}
	rules, err := readRules(c.File)
	if err != nil {
		return &boot.UsageError{Err: err}
	}
	d, spaces, closeAll, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := a.world.Background(); err != nil {
		return err //nolint:wrapcheck // says all
	}
	out, finish, err := c.createCSV()
	if err != nil {
		return err
	}
	var answer []*tried
	for _, space := range spaces {
		x, err := d.try(ctx, a, space, rules, c.Samples, out)
		if err != nil {
			return errors.Join(refusedRules(err), finish())
		}
		answer = append(answer, x)
	}
	if err := finish(); err != nil {
		return err
	}
	return a.answer(answer, func(w io.Writer) {
		for _, x := range answer {
			x.print(w)
		}
	})
}

// createCSV makes the file of changes; nothing without --csv.
func (c rulesTryCmd) createCSV() (*csv.Writer, func() error, error) {
	if c.CSV == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.OpenFile(c.CSV, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("making the CSV file: %w", err)
	}
	w := csv.NewWriter(f)
	finish := func() error {
		w.Flush()
		return errors.Join(w.Error(), f.Close())
	}
	return w, finish, w.Write([]string{"space", "change", "before", "after", "identifiers", "stood", "stands"})
}

// refusedRules makes an error of use of rules that the store cannot take.
func refusedRules(err error) error {
	if errors.Is(err, resolve.ErrRulesFixed) {
		return &boot.UsageError{Err: err}
	}
	return err
}

func (d *deps) try(ctx context.Context, a *app, space string, rules identity.Rules, samples int, out *csv.Writer) (*tried, error) {
	wanted, err := d.rulesFor(space, rules)
	if err != nil {
		return nil, &boot.UsageError{Err: err}
	}
	id := func(k identifier.Key) string { return d.idOf(space, k) }
	x := &tried{Space: space, Samples: map[string][]triedChange{}, keep: samples, csv: out, id: id}
	x.name = func(k identifier.Key) string { return string(k.Namespace) + ":" + id(k) }
	m := newSteps(a)
	started := time.Now()
	x.Effect, err = d.graph.Try(ctx, space, wanted, started.Unix(), x.take, func(step string, done, total int) { m.set(step, int64(done), int64(total)) })
	m.done()
	x.Seconds = time.Since(started).Seconds()
	if err != nil {
		return nil, fmt.Errorf("trying rules in the space %s: %w", space, err)
	}
	return x, nil
}

// idOf is the id that an identifier gives.
func (d *deps) idOf(space string, k identifier.Key) string {
	p, err := k.Pseudonym()
	if err != nil {
		return hex.EncodeToString([]byte(k.Value)) // damaged: shown, not hidden
	}
	return d.keys.Name(space, p)
}

// take keeps a change as a sample and writes it.
func (x *tried) take(c identity.Change) error {
	kind := string(c.Kind)
	if len(x.Samples[kind]) >= x.keep && x.csv == nil {
		return nil
	}
	t := triedChange{Kind: c.Kind, Before: texts(c.Before, x.id), After: texts(c.After, x.id), Identifiers: texts(c.Identifiers, x.name)}
	if c.Kind == identity.ValueStands {
		t.Stood, t.Stands = c.Stood.String(), c.Stands.String()
	}
	if len(x.Samples[kind]) < x.keep {
		x.Samples[kind] = append(x.Samples[kind], t)
	}
	if x.csv == nil {
		return nil
	}
	list := func(of []string) string { return strings.Join(of, " ") }
	return x.csv.Write([]string{x.Space, kind, list(t.Before), list(t.After), list(t.Identifiers), t.Stood, t.Stands})
}

func texts(keys []identifier.Key, text func(identifier.Key) string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = text(k)
	}
	return out
}
