package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"rcu/services/internal/boot"
	"rcu/services/internal/importer"
)

// importCmd brings files of other systems in.
type importCmd struct {
	Channel  string            `arg:"" enum:"store,web,mobile,callcentre" help:"Channel that the events belong to: store, web, mobile or callcentre."`
	Files    []string          `arg:"" type:"existingfile" help:"CSV, JSON lines or JSON; gzip is recognised."`
	Map      string            `type:"existingfile" placeholder:"M.yaml" help:"Mapping: how rows become events (deploy/mappings has examples). Without it every line is an event of the channel."`
	History  bool              `help:"Through the history lane: resolved while live events leave time for it. The source needs history: true in sources.yaml."`
	Source   string            `placeholder:"NAME" help:"Source of this installation; its key is looked up."`
	Key      string            `env:"RCU_KEY" help:"Key of the source, where it is not one of this installation."`
	URL      string            `name:"url" placeholder:"URL" help:"Address of the channel's ingestor (default: the running installation, else this machine)."`
	Var      map[string]string `name:"var" placeholder:"NAME=VALUE" help:"Set a variable of the mapping."`
	Memory   int64             `name:"max-memory" default:"512" placeholder:"MIB" help:"Memory for rows that are held to be grouped."`
	Parallel int               `default:"4" help:"Requests under way at once."`
	Again    bool              `help:"Send everything again, also what was acknowledged; it still counts once."`
	DryRun   bool              `help:"Map and count, send nothing."`
}

// Help gives the example.
func (importCmd) Help() string {
	return "An interrupted import goes on where it was cut off. Rows that give no event are named by line and reason. Every file is read to its end first: " +
		"one that is cut, damaged or not UTF-8 is refused before anything is sent.\n\n" +
		"Exit codes: 0 everything is in, 1 trouble: start it again and it goes on, 2 wrong call, 6 it is through and everything else is in, but rows were bad or events rejected,\n" +
		"130 interrupted. What consent drops, what a mapping skips and what was there before is no fault: 0. With --dry-run 6 says that rows are bad.\n\n" +
		"Example:\n\n  rcu import store completejourney_transactions.csv.gz --map deploy/mappings/complete-journey-tickets.yaml --source till-paris-1\n" +
		"  rcu import --history callcentre customers.ndjson.gz --source records-fr"
}

// exitRows is the exit code of an import that is through and left rows behind.
const exitRows = 6

// Run imports and prints what became of the rows.
func (c importCmd) Run(ctx context.Context, a *app) error {
	key, url, err := c.address(home{a.data})
	if err != nil {
		return err
	}
	m := newMeter(a, "importing "+c.Channel)
	sum, err := importer.Run(ctx, importer.Config{
		Channel: c.Channel, Files: c.Files, MapFile: c.Map, History: c.History, URL: url, Key: key, Vars: c.Var, StateDir: filepath.Join(a.data, "imports"),
		MaxBytes: c.Memory << 20, Again: c.Again, DryRun: c.DryRun, Parallel: c.Parallel,
		Progress: func(p importer.Progress) { m.set(p.Events) }, Waiting: a.waiting,
	})
	m.done()
	if sum.Mapping == "" {
		return err //nolint:wrapcheck // says all
	}
	if aerr := a.answer(sum, func(w io.Writer) { printSummary(w, c, sum) }); aerr != nil {
		return aerr
	}
	switch left := sum.Refused(); {
	case err != nil && ctx.Err() != nil:
		a.say("interrupted: the same command goes on from here")
		return &boot.Silent{Code: boot.ExitInterrupted}
	case err != nil:
		return err //nolint:wrapcheck // says all
	case left > 0:
		a.say("%d rows or events were refused; mend them, and import them again", left)
		return &boot.Silent{Code: exitRows}
	}
	return nil
}

// address is the key of the source and where its channel's ingestor listens.
func (c importCmd) address(h home) (key, url string, err error) {
	if key = c.Key; key == "" && c.Source != "" {
		keys, err := h.sourceKeys()
		if err != nil {
			return "", "", err
		}
		if key = keys[c.Source]; key == "" {
			return "", "", &boot.UsageError{Err: fmt.Errorf("no key of a source %q in %s: give --key", c.Source, h.path(sourceKeysFile))}
		}
	}
	if key == "" && !c.DryRun {
		return "", "", &boot.UsageError{Err: errors.New("import needs the key of a source: --source NAME, --key, or RCU_KEY")}
	}
	if c.URL != "" {
		return key, c.URL, nil
	}
	urls, err := h.ingestURLs("127.0.0.1")
	return key, urls[c.Channel], err
}

func printSummary(w io.Writer, c importCmd, s importer.Summary) {
	line := func(name string, n int) { _, _ = fmt.Fprintf(w, "  %-34s %9d\n", name, n) }
	counts := func(prefix string, m map[string]int) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			line(prefix+k, m[k])
		}
	}
	_, _ = fmt.Fprintf(w, "%s -> %s\n", s.Mapping, c.Channel)
	line("rows", s.Report.Rows)
	line("duplicate rows", s.Report.Duplicates)
	counts("skipped: ", s.Report.Skipped)
	counts("bad: ", s.Report.Bad)
	line("events", s.Report.Events)
	line("acknowledged earlier, not sent", s.Resent)
	line("accepted", s.Outcome.Accepted)
	line("duplicate events", s.Outcome.Duplicate)
	counts("dropped: ", s.Outcome.Dropped)
	counts("rejected: ", s.Outcome.Rejected)
	for _, b := range s.Report.Examples {
		_, _ = fmt.Fprintf(w, "  file %d line %d: %s %s\n", b.File, b.Line, b.Reason, b.At)
	}
}

// meter is a progress bar on a terminal, and nothing elsewhere.
type meter struct{ p *progressbar.ProgressBar }

func newMeter(a *app, what string) *meter {
	file, ok := a.world.Stderr.(*os.File)
	if a.json || !ok || !term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file descriptor is small
		return &meter{}
	}
	return &meter{progressbar.NewOptions(-1, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"), progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
}

func (b *meter) set(n int) {
	if b.p != nil {
		_ = b.p.Set(n)
	}
}

func (b *meter) done() {
	if b.p != nil {
		_ = b.p.Finish()
	}
}

// waiting tells that a request is repeated.
func (a *app) waiting(why string, pause time.Duration) {
	a.say("%s: trying again in %s", why, pause.Round(100*time.Millisecond))
}
