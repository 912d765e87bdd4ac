package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rcu/pkg/identifier"
	"rcu/services/internal/boot"
)

// exportCmd writes what is stored of a space as facts.
type exportCmd struct {
	storeFlags
	Out string `name:"out" short:"o" help:"File to write (default: standard output)." type:"path" placeholder:"FILE"`
}

// Help gives the example.
func (exportCmd) Help() string {
	return "Writes JSON lines in the exchange format. Identifiers are pseudonyms, no line holds a personal value or a name; digests of names can be guessed by their\n" +
		"frequency, so keep the file as personal data. rcu identity solve answers for it as the store does, and tries other rules on it without a server.\n" +
		"What people did is not in it: sums of the answer count the sightings that are stored.\n\n" +
		"Example:\n\n  rcu identity export --space maison --out facts.jsonl && rcu identity solve --rules rules.yaml facts.jsonl"
}

// exported is what was written.
type exported struct {
	Space string `json:"space"`
	File  string `json:"file"`
	Lines int64  `json:"lines"`
}

// Run exports.
func (c exportCmd) Run(ctx context.Context, a *app) error {
	d, spaces, closeAll, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer closeAll()
	if len(spaces) != 1 {
		return &boot.UsageError{Err: fmt.Errorf("name one space with --space: an export is of one (there are %d)", len(spaces))}
	}
	if err := a.world.Background(); err != nil {
		return err //nolint:wrapcheck // says all
	}
	if c.Out == "" {
		_, err := d.export(ctx, a, spaces[0], a.world.Stdout)
		return err
	}
	answer := exported{Space: spaces[0], File: c.Out}
	if answer.Lines, err = c.toFile(ctx, a, d, spaces[0]); err != nil {
		return err
	}
	return a.answer(answer, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "wrote %d facts of the space %s to %s\n", answer.Lines, answer.Space, answer.File)
	})
}

// toFile writes beside the file and puts it in its place when it is whole.
func (c exportCmd) toFile(ctx context.Context, a *app, d *deps, space string) (lines int64, err error) {
	part := c.Out + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the operator's own file
	if err != nil {
		return 0, fmt.Errorf("making the file of facts: %w", err)
	}
	lines, err = d.export(ctx, a, space, f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, c.Out)
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("writing the file of facts: %w", err), os.Remove(part))
	}
	return lines, nil
}

func (d *deps) export(ctx context.Context, a *app, space string, out io.Writer) (int64, error) {
	buffered := bufio.NewWriterSize(out, 1<<16)
	m := newSteps(a)
	name := func(k identifier.Key) string { return string(k.Namespace) + ":" + hex.EncodeToString([]byte(k.Value)) }
	lines, err := d.graph.Export(ctx, space, time.Now().Unix(), buffered, name, func(step string, done, total int) { m.set(step, int64(done), int64(total)) })
	m.done()
	if err != nil {
		return 0, fmt.Errorf("exporting the space %s: %w", space, err)
	}
	if err := buffered.Flush(); err != nil {
		return 0, fmt.Errorf("writing the facts: %w", err)
	}
	return lines, nil
}
