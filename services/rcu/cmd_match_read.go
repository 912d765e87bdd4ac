package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"rcu/pkg/match"
	"rcu/pkg/yamlfile"
	"rcu/services/internal/boot"
	"rcu/services/internal/personfile"
)

// matchMap is a mapping: which columns hold what.
type matchMap struct {
	Columns map[string]string `yaml:"columns"`
}

// matchInput is what was read of one file, or of two.
type matchInput struct {
	records *match.Records
	files   []matchedFile
	truth   []string // by line of the file
}

// matchedFile is what was found in one file.
type matchedFile struct {
	Columns    []match.Column
	Rows       int
	Long       int // cells too long to be a property of a person
	MissingIDs int
	SameIDs    int // rows with an id that a row before them has
	ID         string
}

// read surveys the files, then builds their records. truth names a column that is kept apart.
func (f *matchFlags) read(ctx context.Context, a *app, truth string, paths ...string) (*matchInput, error) {
	given, err := f.mapping()
	if err != nil {
		return nil, err
	}
	in := &matchInput{}
	m := newMeter(a, "reading")
	defer m.done()
	files := make([]*personfile.File, len(paths))
	plans := make([][]match.Column, len(paths))
	for i, path := range paths {
		if files[i], err = personfile.Open(ctx, path); err != nil {
			return nil, named(path, err)
		}
		found, err := f.survey(ctx, files[i], given, truth)
		if err != nil {
			return nil, named(path, err)
		}
		in.files = append(in.files, found)
		plans[i] = found.Columns
	}
	b := match.NewBuilder(plans...)
	for i, file := range files {
		if err := f.build(ctx, file, b, i, in, truth, m); err != nil {
			return nil, named(paths[i], err)
		}
	}
	in.records = b.Records()
	return in, in.usable()
}

func named(path string, err error) error {
	var wrong *boot.UsageError
	if errors.As(err, &wrong) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// mapping reads the file of --map.
func (f *matchFlags) mapping() (map[string]match.Kind, error) {
	if f.Map == "" {
		return nil, nil //nolint:nilnil // no mapping maps nothing
	}
	raw, err := os.ReadFile(f.Map)
	if err != nil {
		return nil, fmt.Errorf("reading the mapping: %w", err)
	}
	var m matchMap
	if err := yamlfile.Decode(raw, &m); err != nil {
		return nil, &boot.UsageError{Err: fmt.Errorf("%s: %w", f.Map, err)}
	}
	out := map[string]match.Kind{}
	for column, name := range m.Columns {
		kind, known := match.KindOf(name)
		if !known {
			return nil, &boot.UsageError{Err: fmt.Errorf("%s: there is no kind %q; kinds are %s", f.Map, name, strings.Join(match.KindNames(), ", "))}
		}
		out[column] = kind
	}
	return out, nil
}

// survey reads a file once and recognises its columns.
func (f *matchFlags) survey(ctx context.Context, file *personfile.File, given map[string]match.Kind, truth string) (matchedFile, error) {
	s := match.NewSurvey(file.Header)
	if err := file.Each(ctx, func(row []string, _ int64) { s.Add(row) }); err != nil {
		return matchedFile{}, err //nolint:wrapcheck // says all
	}
	found := matchedFile{Columns: s.Columns(), Rows: s.Rows(), Long: s.Long()}
	if absent := match.Map(found.Columns, given); len(absent) > 0 {
		return found, &boot.UsageError{Err: fmt.Errorf("the mapping speaks of columns that are not there: %s", strings.Join(absent, ", "))}
	}
	id, err := f.idColumn(file.Header)
	if err != nil {
		return found, err
	}
	match.Leave(found.Columns, id)
	if id >= 0 {
		found.ID = file.Header[id]
	}
	if truth != "" {
		at := slices.Index(file.Header, truth)
		if at < 0 {
			return found, &boot.UsageError{Err: fmt.Errorf("there is no column %q", truth)}
		}
		match.Leave(found.Columns, at)
	}
	return found, nil
}

// idColumn finds the column of the ids; -1: the number of the row is the id.
func (f *matchFlags) idColumn(header []string) (int, error) {
	if f.ID == "" {
		return slices.Index(header, "id"), nil
	}
	at := slices.Index(header, f.ID)
	if at < 0 {
		return at, &boot.UsageError{Err: fmt.Errorf("there is no column %q", f.ID)}
	}
	return at, nil
}

// build reads a file a second time and adds its rows.
func (f *matchFlags) build(ctx context.Context, file *personfile.File, b *match.Builder, side int, in *matchInput, truth string, m *meter) error {
	id, err := f.idColumn(file.Header)
	if err != nil {
		return err
	}
	at := slices.Index(file.Header, truth)
	found := &in.files[side]
	seen := make(map[string]struct{}, found.Rows)
	n := 0
	return file.Each(ctx, func(row []string, _ int64) { //nolint:wrapcheck // says all
		n++
		name := strconv.Itoa(n)
		if id >= 0 {
			if name = strings.TrimSpace(row[id]); name == "" {
				found.MissingIDs++
				name = "row " + strconv.Itoa(n)
			}
			if _, again := seen[name]; again {
				found.SameIDs++
			}
			seen[name] = struct{}{}
		}
		if truth != "" {
			in.truth = append(in.truth, strings.TrimSpace(row[at]))
		}
		b.Add(name, uint8(side), row) //nolint:gosec // two files at most
		if n%1000 == 0 {
			m.set(n)
		}
	})
}

// usable refuses what has no property of a person.
func (in *matchInput) usable() error {
	if in.records.Usable() || in.records.Len() == 0 {
		return nil
	}
	var columns []match.Column
	for _, f := range in.files {
		columns = append(columns, f.Columns...)
	}
	var told []string
	for _, c := range columns[:min(len(columns), toldColumns)] {
		told = append(told, toldColumn(c))
	}
	if more := len(columns) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("no column holds a property of a person, so nobody can be matched; name the columns with --map. Columns: %s", strings.Join(told, ", "))
}

// Limits of what an error tells of a file that holds nothing: columns, and letters of a name.
const toldColumns, toldLetters = 20, 40

// toldColumn is a column with what speaks against it.
func toldColumn(c match.Column) string {
	name := []rune(printable(c.Name))
	if len(name) > toldLetters {
		name = append(name[:toldLetters], '…')
	}
	why := c.Why
	if c.Kind != match.KindNone {
		why = c.Kind.String() + ", but nothing in it can be read as such"
	}
	return fmt.Sprintf("%s (%s)", string(name), why)
}

// truthByRow is the truth in the order of the records' rows.
func (in *matchInput) truthByRow() []string {
	rows := in.records.Rows()
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = in.truth[rows[i].Line()]
	}
	return out
}
