package main

import (
	"fmt"
	"io"
	"strconv"

	"rcu/pkg/match"
)

// matchSummary is what `rcu match` answers.
type matchSummary struct {
	Files    []matchFileSummary  `json:"files"`
	Records  int                 `json:"records"`
	Groups   int                 `json:"groups"`   // people, as far as the file tells
	Grouped  int                 `json:"grouped"`  // records that are not alone
	Largest  int                 `json:"largest"`  // records in the largest group
	Compared int                 `json:"compared"` // pairs
	Dropped  match.Dropped       `json:"dropped"`  // what the caps of the blocks left out
	Listed   int                 `json:"listed"`   // lines written
	Out      string              `json:"out"`
	Learned  []match.LevelReport `json:"learned"`
	Model    match.Learned       `json:"model"`
}

// matchFileSummary tells what was found in a file.
type matchFileSummary struct {
	Rows       int              `json:"rows"`
	ID         string           `json:"id,omitempty"`
	MissingIDs int              `json:"missing_ids,omitempty"`
	SameIDs    int              `json:"duplicate_ids,omitempty"`
	Long       int              `json:"cells_too_long,omitempty"`
	Columns    []matchColumnSum `json:"columns"`
}

type matchColumnSum struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Why  string `json:"why"`
}

func summarise(in *matchInput, res *match.Result) matchSummary {
	s := matchSummary{
		Records: in.records.Len(), Compared: res.Pairs.Compared, Dropped: res.Pairs.Blocks, Learned: res.Model.Report(), Model: res.Model.Learned,
	}
	for _, f := range in.files {
		x := matchFileSummary{Rows: f.Rows, ID: f.ID, MissingIDs: f.MissingIDs, SameIDs: f.SameIDs, Long: f.Long}
		for _, c := range f.Columns {
			x.Columns = append(x.Columns, matchColumnSum{c.Name, c.Kind.String(), c.Why})
		}
		s.Files = append(s.Files, x)
	}
	sizes := map[int]int{}
	for _, g := range res.Clusters {
		sizes[g]++
	}
	s.Groups = len(sizes)
	for _, n := range sizes {
		s.Largest = max(s.Largest, n)
		if n > 1 {
			s.Grouped += n
		}
	}
	return s
}

// printFiles tells how files were read.
func printFiles(p *page, files []matchFileSummary) {
	for i, f := range files {
		p.section("Columns" + []string{"", " of the second file"}[min(i, 1)])
		for _, c := range f.Columns {
			kind := c.Kind
			if kind == match.KindNone.String() {
				kind = "left out"
			}
			p.line(c.Name, kind, c.Why)
		}
		for _, note := range []struct {
			n        int
			one, all string
		}{
			{f.MissingIDs, "row", "without an id: called `row N`"},
			{f.SameIDs, "row", "with an id that a row before it has"},
			{f.Long, "cell", "too long to be a property of a person: left out"},
		} {
			if note.n > 0 {
				p.line("note", counted(note.n, note.one)+" "+note.all)
			}
		}
	}
}

func printMatch(w io.Writer, s *matchSummary) {
	p := newPage(w)
	defer p.end()
	printFiles(p, s.Files)
	printLearned(p, s.Learned)
	p.section("Result")
	p.line("records", strconv.Itoa(s.Records))
	p.line("groups", strconv.Itoa(s.Groups))
	p.line("records not alone", strconv.Itoa(s.Grouped))
	p.line("largest group", strconv.Itoa(s.Largest))
	p.line("pairs compared", strconv.Itoa(s.Compared))
	if s.Dropped.Blocks > 0 {
		p.line("left out by caps", fmt.Sprintf("%d pairs of %d blocks, as far as no other block has them", s.Dropped.Pairs, s.Dropped.Blocks))
	}
	p.line("written", s.Out, counted(s.Listed, "line"))
}

// counted is a number of things, by the word for one.
func counted(n int, one string) string {
	if n != 1 {
		one += "s"
	}
	return strconv.Itoa(n) + " " + one
}

// printLearned shows what every level weighs.
func printLearned(p *page, levels []match.LevelReport) {
	if len(levels) == 0 {
		return
	}
	p.section("Learned: how often it is seen between two records of one person, and between strangers")
	p.line("comparison", "level", "one person", "strangers", "bits")
	for _, l := range levels {
		p.line(l.Comparison, l.Level, fmt.Sprintf("%.3f", l.M), fmt.Sprintf("%.2g", l.U), fmt.Sprintf("%+.1f", l.Bits))
	}
}
