package warehouse

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// tableChunk is how many rows a table lines up at a time, so that a long answer needs little memory.
const tableChunk = 1000

// widest is how much of one cell a table shows.
const widest = 80

// TableRows renders rows as a table for people.
type TableRows struct {
	w     *bufio.Writer
	names []string
	cells [][]string
	rows  int
}

// NewTableRows writes a table to w.
func NewTableRows(w io.Writer) *TableRows { return &TableRows{w: bufio.NewWriter(w)} }

// Columns takes the names.
func (t *TableRows) Columns(names []string) error {
	t.names = names
	return nil
}

// Row takes one row.
func (t *TableRows) Row(values []json.RawMessage) error {
	line := make([]string, len(values))
	for i, v := range values {
		line[i] = cell(v)
	}
	t.cells = append(t.cells, line)
	t.rows++
	if len(t.cells) == tableChunk {
		return t.flush()
	}
	return nil
}

// End writes what is left, and how many rows there were.
func (t *TableRows) End(truncated bool) error {
	if len(t.cells) > 0 || t.rows == 0 {
		if err := t.flush(); err != nil {
			return err
		}
	}
	note := ""
	if truncated {
		note = ", and more"
	}
	if _, err := fmt.Fprintf(t.w, "(%d rows%s)\n", t.rows, note); err != nil {
		return err
	}
	return t.w.Flush()
}

func (t *TableRows) flush() error {
	widths := make([]int, len(t.names))
	for i, n := range t.names {
		widths[i] = uniseg.StringWidth(n)
	}
	for _, line := range t.cells {
		for i := range min(len(line), len(widths)) {
			widths[i] = max(widths[i], uniseg.StringWidth(line[i]))
		}
	}
	t.line(t.names, widths)
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("─", n)
	}
	t.line(rule, widths)
	for _, line := range t.cells {
		t.line(line, widths)
	}
	t.cells = t.cells[:0]
	return t.w.Flush()
}

func (t *TableRows) line(cells []string, widths []int) {
	for i, c := range cells {
		if i > 0 {
			_, _ = t.w.WriteString("  ")
		}
		_, _ = t.w.WriteString(c)
		if i < len(cells)-1 {
			_, _ = t.w.WriteString(strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(c))))
		}
	}
	_ = t.w.WriteByte('\n')
}

// cell shows a text without its quotes and everything else as it is, on one line and cut to what a table can show.
func cell(v json.RawMessage) string {
	s := string(v)
	if strings.HasPrefix(s, `"`) {
		_ = json.Unmarshal(v, &s)
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '·'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > widest {
		s = string(r[:widest-1]) + "…"
	}
	return s
}

// JSONRows renders every row as one JSON object on a line of its own.
type JSONRows struct {
	w     *bufio.Writer
	names [][]byte
}

// NewJSONRows writes lines of JSON to w.
func NewJSONRows(w io.Writer) *JSONRows { return &JSONRows{w: bufio.NewWriter(w)} }

// Columns takes the names.
func (j *JSONRows) Columns(names []string) error {
	for _, n := range names {
		b, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("encoding the name of a column: %w", err)
		}
		j.names = append(j.names, b)
	}
	return nil
}

// Row takes one row.
func (j *JSONRows) Row(values []json.RawMessage) error {
	_ = j.w.WriteByte('{')
	for i, v := range values {
		if i >= len(j.names) {
			break
		}
		if i > 0 {
			_ = j.w.WriteByte(',')
		}
		_, _ = j.w.Write(j.names[i])
		_ = j.w.WriteByte(':')
		_, _ = j.w.Write(v)
	}
	_, err := j.w.WriteString("}\n")
	return err
}

// End writes out what is left.
func (j *JSONRows) End(bool) error { return j.w.Flush() }
