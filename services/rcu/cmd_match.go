package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"rcu/pkg/match"
	"rcu/services/internal/boot"
)

// matchCmd finds the records of files that are probably one person.
type matchCmd struct {
	Run     matchFileCmd    `cmd:"" name:"file" default:"withargs" help:"Group the records of a file by person."`
	Link    matchLinkCmd    `cmd:"" help:"Link the records of two files without duplicates, one to one."`
	Eval    matchEvalCmd    `cmd:"" help:"Compare the groups of a file with a column that has the truth."`
	Explain matchExplainCmd `cmd:"" help:"Tell why two records are probably one person, or not."`
}

// matchFlags say how files are read.
type matchFlags struct {
	ID        string  `name:"id" placeholder:"COLUMN" help:"Column with the id of the record (default: the column id, else the number of the row, from 1)."`
	Map       string  `type:"existingfile" placeholder:"M.yaml" help:"Which columns hold what, where they are not recognised."`
	Model     string  `type:"existingfile" placeholder:"M.json" help:"Score by what was learned from another file (--save-model), and learn nothing from this one."`
	Threshold float64 `default:"0.5" placeholder:"P" help:"Least probability to be put together, over 0 and under 1: 0.5 for the best groups, 0.99 for groups that may be linked without a person's look."`
}

// matchHelp tells what the commands have in common.
const matchHelp = "The columns are recognised by their names and their content (names, birth date, address, e-mail, phone ...); what is no property of a person is\n" +
	"left out. What tells one person's records from two people's is learned from the file itself, without labels, or read from --model. CSV (comma,\n" +
	"semicolon, tab) and JSON lines, gzip or not. docs/matching.md explains the model."

func (f *matchFlags) check() error {
	if !(f.Threshold > 0 && f.Threshold < 1) {
		return &boot.UsageError{Err: errors.New("the threshold is a probability, over 0 and under 1")}
	}
	return nil
}

// matchFileCmd groups the records of one file.
type matchFileCmd struct {
	matchFlags
	File string `arg:"" type:"existingfile" help:"File of person records."`
	Out  string `required:"" type:"path" placeholder:"NAME" help:"What to write: a name that ends in clusters.csv (id,cluster: one line per record) or in pairs.csv (id_a,id_b,score: the pairs inside the groups)."`
	Save string `name:"save-model" type:"path" placeholder:"M.json" help:"Also save what was learned, for --model. No value that fewer than ten records have is in it."`
}

// Help gives the example.
func (matchFileCmd) Help() string {
	return matchHelp + "\n\nExample:\n\n  rcu match customers.csv.gz --out clusters.csv\n  rcu match calls.ndjson --id call_id --out calls-pairs.csv --threshold 0.99\n" +
		"  rcu match customers.csv --out clusters.csv --save-model model.json\n  rcu match today.csv --out clusters.csv --model model.json"
}

// Run matches and writes.
func (c matchFileCmd) Run(ctx context.Context, a *app) error {
	write, err := matchWriter(c.Out)
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.Save != "" && c.Model != "" {
		return &boot.UsageError{Err: errors.New("--model learns nothing that --save-model could save: say one of them")}
	}
	in, err := c.read(ctx, a, "", c.File)
	if err != nil {
		return err
	}
	res, err := c.resolve(a, in)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err() //nolint:wrapcheck // says all
	}
	listed, err := write(c.Out, in.records, res)
	if err != nil {
		return err
	}
	if c.Save != "" {
		if err := saveModel(c.Save, res.Model); err != nil {
			return err
		}
	}
	sum := summarise(in, res)
	sum.Out, sum.Listed = c.Out, listed
	return a.answer(sum, func(w io.Writer) { printMatch(w, &sum) })
}

// matchWriter finds what a name asks for.
func matchWriter(name string) (func(string, *match.Records, *match.Result) (int, error), error) {
	switch base := filepath.Base(name); {
	case strings.HasSuffix(base, "clusters.csv"):
		return writeClusters, nil
	case strings.HasSuffix(base, "pairs.csv"):
		return writePairs, nil
	}
	return nil, &boot.UsageError{Err: errors.New("the name of --out ends in clusters.csv or in pairs.csv: it says what is written")}
}

// matchEvalCmd compares with a truth.
type matchEvalCmd struct {
	matchFlags
	File  string `arg:"" type:"existingfile" help:"File of person records."`
	Truth string `required:"" placeholder:"COLUMN" help:"Column that says who is who; it is not looked at when matching."`
}

// Help gives the example.
func (matchEvalCmd) Help() string {
	return "Precision, recall and F1 of the pairs inside the groups, B-cubed, and how many of the true pairs the blocking keys brought together.\n\n" +
		"Example:\n\n  rcu match eval people.csv --truth person"
}

// Run matches and compares.
func (c matchEvalCmd) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	in, err := c.read(ctx, a, c.Truth, c.File)
	if err != nil {
		return err
	}
	res, err := c.resolve(a, in)
	if err != nil {
		return err
	}
	truth := in.truthByRow()
	e := match.Evaluate(res.Clusters, truth)
	e.BlockingRecall = match.BlockingRecall(in.records, truth)
	return a.answer(e, func(w io.Writer) {
		p := newPage(w)
		defer p.end()
		for _, l := range [][2]string{
			{"rows", strconv.Itoa(e.Rows)},
			{"true pairs", strconv.Itoa(e.TruePairs)},
			{"found pairs", strconv.Itoa(e.FoundPairs)},
			{"right pairs", strconv.Itoa(e.RightPairs)},
			{"precision", ratio(e.Precision)},
			{"recall", ratio(e.Recall)},
			{"F1", ratio(e.F1)},
			{"B-cubed precision", ratio(e.BCubedPrecision)},
			{"B-cubed recall", ratio(e.BCubedRecall)},
			{"B-cubed F1", ratio(e.BCubedF1)},
			{"blocking recall", ratio(e.BlockingRecall)},
		} {
			p.line(l[0], l[1])
		}
	})
}

func ratio(x float64) string { return fmt.Sprintf("%.4f", x) }
