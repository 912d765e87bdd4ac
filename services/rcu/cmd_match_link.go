package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"rcu/pkg/match"
	"rcu/services/internal/boot"
)

// matchLinkCmd links two files.
type matchLinkCmd struct {
	matchFlags
	A   string `arg:"" type:"existingfile" help:"First file."`
	B   string `arg:"" type:"existingfile" help:"Second file."`
	Out string `required:"" type:"path" placeholder:"NAME" help:"What to write: a name that ends in pairs.csv (id_a,id_b,score)."`
}

// Help gives the example.
func (matchLinkCmd) Help() string {
	return "Each record of the first file is linked to at most one of the second, and the other way round, so that the whole is the most probable.\n" +
		"Neither file may have a person twice.\n\n" + matchHelp + "\n\nExample:\n\n  rcu match link customers.csv callers.ndjson --out pairs.csv"
}

// Run links and writes.
func (c matchLinkCmd) Run(ctx context.Context, a *app) error {
	if !strings.HasSuffix(filepath.Base(c.Out), "pairs.csv") {
		return &boot.UsageError{Err: errors.New("the name of --out ends in pairs.csv: links are pairs")}
	}
	if err := c.check(); err != nil {
		return err
	}
	in, err := c.read(ctx, a, "", c.A, c.B)
	if err != nil {
		return err
	}
	model, err := c.learned()
	if err != nil {
		return err
	}
	m := newMeter(a, "comparing records")
	if model == nil {
		model = match.Learn(in.records)
	} else {
		model = model.Over(in.records)
	}
	pairs := match.Score(in.records, model, func(done, _ int) { m.set(done) })
	m.done()
	links := match.Assign(in.records, pairs, c.Threshold)
	rows := in.records.Rows()
	err = writeCSV(c.Out, []string{"id_a", "id_b", "score"}, func(add func(...string)) {
		for _, l := range links {
			add(rows[l.A].ID, rows[l.B].ID, score(l.Probability))
		}
	})
	if err != nil {
		return err
	}
	sum := summarise(in, &match.Result{Model: model, Pairs: pairs})
	sum.Out, sum.Listed = c.Out, len(links)
	return a.answer(sum, func(w io.Writer) {
		p := newPage(w)
		defer p.end()
		printFiles(p, sum.Files)
		printLearned(p, sum.Learned)
		p.section("Result")
		p.line("records", strconv.Itoa(sum.Records))
		p.line("pairs compared", strconv.Itoa(sum.Compared))
		p.line("written", sum.Out, counted(sum.Listed, "link"))
	})
}
