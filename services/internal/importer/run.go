package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/expr-lang/expr/vm"
)

const (
	// MaxEvent is the largest event that an ingestor takes.
	MaxEvent = 32 << 10
	// DefaultMaxBytes is the memory that rows held for grouping may take.
	DefaultMaxBytes = 512 << 20
	// maxExamples is how many bad rows a report names.
	maxExamples = 50
)

// Event is a mapped event with the line it came from.
type Event struct {
	ID   string
	Line int
	JSON []byte
}

// Input is what a mapping is applied to.
type Input struct {
	Files    []string
	Vars     map[string]string
	MaxBytes int64  // of rows held to be grouped; 0 = DefaultMaxBytes
	Dir      string // where the mapping's lookup files are; default: the folder of the first file
}

// BadRow is one row that gave no event.
type BadRow struct {
	File   int    `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	At     string `json:"at,omitempty"`
}

// Report counts what became of the rows.
type Report struct {
	Rows       int            `json:"rows"`
	Duplicates int            `json:"duplicates"` // rows dropped by `distinct`
	Skipped    map[string]int `json:"skipped"`    // rows left out by the mapping, by its reason
	Bad        map[string]int `json:"bad"`        // rows that could not be mapped, by reason
	Examples   []BadRow       `json:"examples,omitempty"`
	Events     int            `json:"events"`
}

// Map reads the files and gives every event in order. An error of emit ends it; a bad row does not.
func (m *Mapping) Map(ctx context.Context, in Input, emit func(Event) error) (Report, error) {
	if in.MaxBytes <= 0 {
		in.MaxBytes = DefaultMaxBytes
	}
	if in.Dir == "" {
		in.Dir = dirOf(in.Files)
	}
	p := &pass{m: m, ctx: ctx, in: in, emit: emit, report: Report{Skipped: map[string]int{}, Bad: map[string]int{}}}
	if m.plain {
		if len(in.Vars) > 0 {
			return p.report, errors.New("setting variables: only a mapping has some")
		}
		err := p.lines()
		return p.report, err
	}
	vars := map[string]any{}
	for k, v := range m.file.Vars {
		vars[k] = v
	}
	for k, v := range in.Vars {
		if _, ok := vars[k]; !ok {
			return p.report, fmt.Errorf("setting variable %q: the mapping has none of this name", k)
		}
		vars[k] = v
	}
	p.env = map[string]any{"vars": vars, "currency": m.file.Currency, "zone": m.file.Zone, "row": nil, "rows": nil, "it": nil, "index": 0, "key": "", "line": 0}
	if err := p.loadLookups(); err != nil {
		return p.report, err
	}
	err := p.run()
	return p.report, err
}

// pass is one run of a mapping over files.
type pass struct {
	m      *Mapping
	ctx    context.Context //nolint:containedctx // lives as long as the pass
	in     Input
	emit   func(Event) error
	env    map[string]any
	report Report
}

func (p *pass) source(i int, path string) source {
	f := p.m.file
	return source{path: path, format: f.Format, comma: f.Comma, inner: f.Path, trim: f.Trim, index: i}
}

func (p *pass) bad(file, line, rows int, reason, at string) {
	p.report.Bad[reason] += rows
	if len(p.report.Examples) < maxExamples {
		p.report.Examples = append(p.report.Examples, BadRow{File: file + 1, Line: line, Reason: reason, At: at})
	}
}

// badFor reports an error of the mapping for a row or group. Errors that are no row's end the run.
func (p *pass) badFor(rows []row, err error) error {
	var re *rowError
	if !errors.As(err, &re) {
		return err
	}
	p.bad(rows[0].file, rows[0].line, len(rows), re.reason, re.at)
	return nil
}

func (p *pass) run() error {
	sink := p.streamed
	var hold *held
	if len(p.m.distinct) > 0 || (p.m.group != nil && !p.m.group.sorted) {
		hold = &held{max: p.in.MaxBytes}
		sink = hold.add
	} else if p.m.group != nil {
		hold = &held{max: p.in.MaxBytes}
		sink = func(r row) error { return p.sorted(hold, r) }
	}
	for i, path := range p.in.Files {
		n := 0
		s := p.source(i, path)
		s.needs = p.m.reads
		err := s.rows(func(r row) error {
			if n++; n%1024 == 0 && p.ctx.Err() != nil {
				return p.ctx.Err()
			}
			p.report.Rows++
			return p.filtered(r, sink)
		}, func(line int, reason string) { p.report.Rows++; p.bad(i, line, 1, reason, "") })
		if err != nil {
			return err
		}
	}
	return p.finish(hold)
}

// finish maps what was held.
func (p *pass) finish(hold *held) error {
	switch {
	case hold == nil:
		return nil
	case p.m.group != nil && p.m.group.sorted && len(p.m.distinct) == 0:
		if len(hold.rows) == 0 {
			return nil
		}
		return p.mapGroup(hold.rows)
	}
	rows, err := p.distinctRows(hold.rows)
	if err != nil {
		return err
	}
	if p.m.group == nil {
		for _, r := range rows {
			if err := p.streamed(r); err != nil {
				return err
			}
		}
		return nil
	}
	return p.grouped(rows)
}

// filtered leaves out rows that the mapping skips.
func (p *pass) filtered(r row, next func(row) error) error {
	if len(p.m.skips) > 0 {
		p.setRow(r)
		reason, err := p.skipReason(p.m.skips)
		if err != nil {
			return p.badFor([]row{r}, err)
		}
		if reason != "" {
			p.report.Skipped[reason]++
			return nil
		}
	}
	return next(r)
}

func (p *pass) skipReason(steps []skipStep) (string, error) {
	for _, s := range steps {
		ok, err := p.condition(s.when, "skip")
		if err != nil {
			return "", err
		}
		if ok {
			return s.reason, nil
		}
	}
	return "", nil
}

func (p *pass) condition(program *vm.Program, at string) (bool, error) {
	if program == nil {
		return true, nil
	}
	return (&expression{at: at, program: program}).holds(p.env)
}

func (p *pass) setRow(r row) {
	p.env["row"], p.env["key"], p.env["line"], p.env["it"], p.env["index"] = r.env(), r.key, r.line, nil, 0
}

// streamed maps one row on its own.
func (p *pass) streamed(r row) error {
	p.setRow(r)
	p.env["rows"] = nil
	return p.mapped([]row{r})
}

// mapped applies the event templates to the current env. The events of a group stand or fall together.
func (p *pass) mapped(rows []row) error {
	events, err := p.eventsOf(rows[0].line)
	if err != nil {
		return p.badFor(rows, err)
	}
	for _, e := range events {
		p.report.Events++
		if err := p.emit(e); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) eventsOf(line int) ([]Event, error) {
	var out []Event
	for i, step := range p.m.events {
		ok, err := p.condition(step.when, fmt.Sprintf("events[%d].when", i))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		items := []any{nil}
		if step.each != nil {
			v, err := (&expression{at: fmt.Sprintf("events[%d].each", i), program: step.each}).eval(p.env)
			if err != nil {
				return nil, err
			}
			items, _ = v.([]any)
		}
		for n, it := range items {
			p.env["it"], p.env["index"] = it, n
			e, err := p.event(step.tree, line)
			if err != nil {
				return nil, err
			}
			if e.JSON != nil {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

func (p *pass) event(tree node, line int) (Event, error) {
	v, err := tree.eval(p.env)
	if err != nil || v == nil {
		return Event{}, err
	}
	doc, _ := v.(map[string]any)
	id, ok := doc["id"].(string)
	if !ok {
		return Event{}, &rowError{reason: "no-id", at: "event.id"}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return Event{}, &rowError{reason: "unencodable"}
	}
	raw := bytes.TrimRight(b.Bytes(), "\n")
	if len(raw) > MaxEvent {
		return Event{}, &rowError{reason: "too-large"}
	}
	return Event{ID: id, Line: line, JSON: raw}, nil
}
