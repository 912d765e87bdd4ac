package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"rcu/pkg/match"
	"rcu/services/internal/boot"
)

// matchExplainCmd tells why two records are probably one person.
type matchExplainCmd struct {
	matchFlags
	A    string `arg:"" name:"id-a" help:"Id of one record."`
	B    string `arg:"" name:"id-b" help:"Id of the other."`
	File string `required:"" type:"existingfile" placeholder:"FILE" help:"File of person records that both are in."`
	Lang string `default:"en" enum:"en,fr" help:"Language of the words: en or fr."`
	SVG  string `name:"svg" type:"path" placeholder:"FILE" help:"Also draw it: a waterfall of weights."`
}

// Help gives the example.
func (matchExplainCmd) Help() string {
	return "Every comparison adds or takes bits: one bit doubles or halves the odds that the two are one person.\n\n" +
		"Example:\n\n  rcu match explain 17 2031 --file customers.csv\n  rcu match explain 17 2031 --file clients.csv --lang fr --svg pourquoi.svg"
}

// Run explains.
func (c matchExplainCmd) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	in, err := c.read(ctx, a, "", c.File)
	if err != nil {
		return err
	}
	x, errA := in.rowNamed(c.A)
	y, errB := in.rowNamed(c.B)
	if err := errors.Join(errA, errB); err != nil {
		return &boot.UsageError{Err: err}
	}
	res, err := c.resolve(a, in)
	if err != nil {
		return err
	}
	rows := in.records.Rows()
	e := match.Explain(in.records, res.Model, rows[x].Form, rows[y].Form)
	together := res.Clusters[x] == res.Clusters[y]
	story := match.Tell(&e, c.Lang, together)
	if c.SVG != "" {
		err := writeFile(c.SVG, func(f *os.File) error {
			_, err := f.WriteString(match.Waterfall(&e, c.Lang, c.A+" / "+c.B))
			return err //nolint:wrapcheck // wrapped by writeFile
		})
		if err != nil {
			return err
		}
	}
	answer := struct {
		match.Explanation
		Together bool `json:"together"`
	}{e, together}
	return a.answer(answer, func(w io.Writer) {
		p := newPage(w)
		defer p.end()
		for _, l := range story {
			p.line(l...)
		}
	})
}

// rowNamed finds the row of an id.
func (in *matchInput) rowNamed(id string) (int, error) {
	at, n := -1, 0
	for i, r := range in.records.Rows() {
		if r.ID == id {
			at = i
			n++
		}
	}
	switch n {
	case 0:
		return 0, fmt.Errorf("there is no record %q", id)
	case 1:
		return at, nil
	}
	return 0, fmt.Errorf("%d records have the id %q", n, id)
}
