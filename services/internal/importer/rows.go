package importer

import (
	"fmt"
	"hash/maphash"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/expr-lang/expr/vm"
)

// held keeps rows in memory up to a limit.
type held struct {
	rows []row
	size int64
	max  int64
	key  string
}

// ErrTooMuch tells that the rows to be grouped do not fit; the remedy is in its text.
var ErrTooMuch = fmt.Errorf("the rows held for grouping exceed the memory limit: sort the file by its key and set group.sorted, or raise --max-memory")

func (h *held) add(r row) error {
	if h.size += r.size(); h.size > h.max {
		return ErrTooMuch
	}
	h.rows = append(h.rows, r)
	return nil
}

func (h *held) reset() { h.rows, h.size = nil, 0 }

// keyOf evaluates a key expression for a row.
func (p *pass) keyOf(program *vm.Program, at string, r row) (string, error) {
	p.setRow(r)
	v, err := (&expression{at: at, program: program}).eval(p.env)
	if err != nil {
		return "", err
	}
	return plain(v), nil
}

// distinctRows applies the steps of `distinct` one after another. Order is kept: a row that wins stands where the first of its key stood.
func (p *pass) distinctRows(rows []row) ([]row, error) {
	for i, step := range p.m.distinct {
		at := fmt.Sprintf("distinct[%d]", i)
		var err error
		if step.rows {
			rows = p.wholeRows(rows)
		} else if rows, err = p.leastRows(rows, step, at); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// wholeRows keeps the first of rows that are equal in every field.
func (p *pass) wholeRows(rows []row) []row {
	seed := maphash.MakeSeed()
	seen := make(map[uint64][]int, len(rows))
	out := rows[:0]
	for _, r := range rows {
		if r.header == nil {
			r.fields = []string{fmt.Sprint(r.value)}
		}
		h := maphash.String(seed, strings.Join(r.fields, "\x00"))
		again := false
		for _, i := range seen[h] {
			again = again || equalFields(out[i], r)
		}
		if again {
			p.report.Duplicates++
			continue
		}
		seen[h] = append(seen[h], len(out))
		out = append(out, r)
	}
	return out
}

func equalFields(a, b row) bool {
	if len(a.fields) != len(b.fields) {
		return false
	}
	for i := range a.fields {
		if a.fields[i] != b.fields[i] {
			return false
		}
	}
	return true
}

// leastRows keeps one row per key: the one with the least value of `least`, the first of equals. Rows without key, and rows for which `when` does not hold, stay.
func (p *pass) leastRows(rows []row, step distinctStep, at string) ([]row, error) {
	place, least := map[string]int{}, map[string]string{}
	out := rows[:0]
	for _, r := range rows {
		key, err := p.keyOf(step.by, at+".by", r)
		var rank string
		if err == nil && step.least != nil {
			rank, err = p.keyOf(step.least, at+".least", r)
		}
		apart := key == ""
		if err == nil && !apart {
			var ok bool
			ok, err = p.condition(step.when, at+".when")
			apart = !ok
		}
		if err != nil {
			if err := p.badFor([]row{r}, err); err != nil {
				return nil, err
			}
			continue
		}
		i, known := place[key]
		switch {
		case apart:
			out = append(out, r)
		case !known:
			place[key], least[key] = len(out), rank
			out = append(out, r)
		default:
			p.report.Duplicates++
			if step.least != nil && rank < least[key] {
				out[i], least[key] = r, rank
			}
		}
	}
	return out, nil
}

// grouped maps groups in the order of their first rows.
func (p *pass) grouped(rows []row) error {
	index := map[string]int{}
	var groups [][]row
	for _, r := range rows {
		key, err := p.keyOf(p.m.group.by, "group.by", r)
		if err == nil && key == "" {
			err = &rowError{reason: "no-key", at: "group.by"}
		}
		if err != nil {
			if err := p.badFor([]row{r}, err); err != nil {
				return err
			}
			continue
		}
		i, ok := index[key]
		if !ok {
			i = len(groups)
			index[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	for i, g := range groups {
		if i%256 == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if err := p.mapGroup(g); err != nil {
			return err
		}
	}
	return nil
}

// sorted collects neighbours of one key and maps them when the key changes.
func (p *pass) sorted(hold *held, r row) error {
	key, err := p.keyOf(p.m.group.by, "group.by", r)
	if err != nil {
		return p.badFor([]row{r}, err)
	}
	if len(hold.rows) > 0 && key != hold.key {
		if err := p.mapGroup(hold.rows); err != nil {
			return err
		}
		hold.reset()
	}
	hold.key = key
	return hold.add(r)
}

func (p *pass) mapGroup(rows []row) error {
	if len(rows) > p.m.group.maxRows {
		p.bad(rows[0].file, rows[0].line, len(rows), "group-too-large", "group.max_rows")
		return nil
	}
	list := make([]any, len(rows))
	for i, r := range rows {
		list[i] = r.env()
	}
	p.env["rows"], p.env["row"], p.env["key"], p.env["line"], p.env["it"], p.env["index"] = list, list[0], rows[0].key, rows[0].line, nil, 0
	reason, err := p.skipReason(p.m.group.skips)
	if err != nil {
		return p.badFor(rows, err)
	}
	if reason != "" {
		p.report.Skipped[reason] += len(rows)
		return nil
	}
	return p.mapped(rows)
}

// lookupPaths are the files that the mapping looks things up in, in the order of their names.
func (m *Mapping) lookupPaths(dir string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.file.Lookups)) {
		if f := m.file.Lookups[name].File; f != "" {
			out = append(out, filepath.Join(dir, filepath.FromSlash(f)))
		}
	}
	return out
}

// dirOf is where lookup files are when nothing else is said: beside the first file.
func dirOf(files []string) string {
	if len(files) == 0 {
		return "."
	}
	return filepath.Dir(files[0])
}

// loadLookups reads the lookup files; a lookup without a file is over the imported files themselves.
func (p *pass) loadLookups() error {
	tables := map[string]map[string]map[string]any{}
	var size int64
	for name, l := range p.m.file.Lookups {
		paths := p.in.Files
		src := p.source(0, "")
		if l.File != "" {
			paths = []string{filepath.Join(p.in.Dir, filepath.FromSlash(l.File))}
			src.format, src.inner = formatOf(l.File), l.Path
		}
		table := map[string]map[string]any{}
		for _, path := range paths {
			src.path = path
			err := src.rows(func(r row) error {
				m, ok := r.env().(map[string]any)
				if !ok {
					return nil
				}
				key := plain(m[l.Key])
				if old, ok := table[key]; ok && (l.Least == "" || plain(m[l.Least]) >= plain(old[l.Least])) {
					return nil
				}
				m = narrowed(m, l)
				if size += int64(len(key)) + valueSize(m); size > p.in.MaxBytes {
					return ErrTooMuch
				}
				table[key] = m
				return nil
			}, func(int, string) {})
			if err != nil {
				return fmt.Errorf("loading lookup %q: %w", name, err)
			}
		}
		tables[name] = table
	}
	p.m.fn.lookups = tables
	return nil
}

func narrowed(m map[string]any, l lookupFile) map[string]any {
	if len(l.Columns) == 0 {
		return m
	}
	out := make(map[string]any, len(l.Columns)+1)
	for _, c := range append(l.Columns, l.Least) {
		if v, ok := m[c]; ok {
			if s, text := v.(string); text {
				v = strings.Clone(s)
			}
			out[c] = v
		}
	}
	return out
}

func formatOf(path string) string {
	path = strings.TrimSuffix(path, ".gz")
	switch {
	case strings.HasSuffix(path, ".jsonl"), strings.HasSuffix(path, ".ndjson"):
		return FormatJSONL
	case strings.HasSuffix(path, ".json"):
		return FormatJSON
	}
	return FormatCSV
}
