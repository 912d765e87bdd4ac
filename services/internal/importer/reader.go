package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// maxLine is the longest row of CSV, and the longest line of JSON, that a reader accepts.
const maxLine = 4 << 20

// row is one row of a file, as small as it can be held: a CSV record with its header shared, or a JSON value.
type row struct {
	line   int
	file   int
	header []string
	fields []string
	value  any
	key    string
}

// env returns the row as expressions see it.
func (r row) env() any {
	if r.header == nil {
		return r.value
	}
	m := make(map[string]any, len(r.header))
	for i, h := range r.header {
		m[h] = r.fields[i]
	}
	return m
}

// size estimates the bytes that a held row costs.
func (r row) size() int64 {
	n := int64(96 + 16*len(r.fields))
	for _, f := range r.fields {
		n += int64(len(f))
	}
	if r.header == nil {
		n += valueSize(r.value)
	}
	return n
}

func valueSize(v any) int64 {
	n := int64(32)
	switch v := v.(type) {
	case string:
		n += int64(len(v))
	case []any:
		for _, e := range v {
			n += valueSize(e)
		}
	case map[string]any:
		for k, e := range v {
			n += int64(len(k)) + 32 + valueSize(e)
		}
	}
	return n
}

// source names a file to read and its format.
type source struct {
	path, format, comma, inner string
	trim                       bool
	needs                      []column
	index                      int
}

// rows gives every row of the file in order; a row that cannot be read goes to bad with its line and reason.
func (s source) rows(give func(row) error, bad func(line int, reason string)) error {
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("opening file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	in, err := plainReader(f)
	if err != nil {
		return err
	}
	switch s.format {
	case FormatCSV:
		return s.csv(in, give, bad)
	case FormatJSONL:
		return s.jsonl(in, give, bad)
	default:
		return s.json(in, give)
	}
}

// plainReader unpacks gzip, told by its first bytes, and drops a byte order mark.
func plainReader(f io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(f, 1<<16)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpacking file: %w", err)
		}
		in = bufio.NewReaderSize(z, 1<<16)
	}
	if head, _ := in.Peek(3); bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}) {
		_, _ = in.Discard(3)
	}
	return in, nil
}

func (s source) csv(in io.Reader, give func(row) error, bad func(int, string)) error {
	guard := &rowGuard{in: in}
	r := csv.NewReader(guard)
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = s.trim
	if s.comma != "" {
		r.Comma = rune(s.comma[0])
	}
	header, err := r.Read()
	if err == nil {
		for i := range header {
			header[i] = strings.Clone(strings.TrimSpace(header[i]))
		}
		err = s.judgeHeader(header)
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return fmt.Errorf("reading header of file %d: %w", s.index+1, plainCSV(err))
	}
	open := 0 // line of the last row that could not be read because of its quotes, and went over several lines
	for line := 1; ; {
		guard.read = 0
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			if open > 0 {
				return fmt.Errorf("reading file %d: line %d opens a quote that is never closed: no row behind it was read", s.index+1, open)
			}
			return nil
		}
		var pe *csv.ParseError
		open = 0
		switch {
		case errors.As(err, &pe):
			if errors.Is(pe.Err, csv.ErrQuote) && pe.Line > pe.StartLine {
				open = pe.StartLine
			}
			bad(pe.StartLine, "unreadable")
			continue
		case err != nil:
			return fmt.Errorf("reading file %d behind line %d: %w", s.index+1, line, err)
		}
		line, _ = r.FieldPos(0)
		if len(fields) != len(header) {
			bad(line, "columns")
			continue
		}
		if err := give(row{line: line, file: s.index, header: header, fields: fields}); err != nil {
			return err
		}
	}
}

// judgeHeader refuses a header with which every row would be taken for another one. Of a file without a header it is a row, so no name is told.
func (s source) judgeHeader(header []string) error {
	for i, name := range header {
		if strings.Contains(name, "\r") {
			return errors.New("its lines end in CR alone: convert it, for example with tr '\\r' '\\n'")
		}
		if first := slices.Index(header, name); first < i && name != "" {
			return fmt.Errorf("columns %d and %d have one name", first+1, i+1)
		}
	}
	for _, c := range s.needs {
		if !slices.Contains(header, c.name) {
			return fmt.Errorf("it has no column %q, which the mapping reads at %s: mend one of them, or write row?.%s, in quotes, where a file may lack it", c.name, c.at, c.name)
		}
	}
	return nil
}

// plainCSV drops the text of the line from an error.
func plainCSV(err error) error {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func (s source) jsonl(in *bufio.Reader, give func(row) error, bad func(int, string)) error {
	return s.scan(in, func(line int, text []byte) error {
		v, err := decodeJSON(text)
		if err != nil {
			bad(line, "unreadable")
			return nil //nolint:nilerr // reported
		}
		return give(row{line: line, file: s.index, value: v})
	})
}

// texts gives every line that is not empty, without the blanks around it; the bytes are the caller's until it returns.
func (s source) texts(give func(line int, text []byte) error) error {
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("opening file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	in, err := plainReader(f)
	if err != nil {
		return err
	}
	return s.scan(in, give)
}

func (s source) scan(in *bufio.Reader, give func(line int, text []byte) error) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(make([]byte, 1<<16), maxLine)
	line := 1
	for ; sc.Scan(); line++ {
		text := bytes.TrimSpace(sc.Bytes())
		if len(text) == 0 {
			continue
		}
		if err := give(line, text); err != nil {
			return err
		}
	}
	if err := sc.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("reading file %d: line %d has more than %d bytes", s.index+1, line, maxLine)
	} else if err != nil {
		return fmt.Errorf("reading file %d behind line %d: %w", s.index+1, line-1, err)
	}
	return nil
}

func decodeJSON(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("more than one value")
	}
	return whole(v), nil
}

// whole turns whole numbers into int, so that expressions can compare them; other numbers stay exact text.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		return v
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	}
	return v
}

// json gives the elements of an array, or of an object of objects, at the path, one after another. The line is the element's number.
func (s source) json(in io.Reader, give func(row) error) error {
	dec := json.NewDecoder(in)
	dec.UseNumber()
	fail := func(err error) error { return fmt.Errorf("reading file %d: %w", s.index+1, err) }
	if err := descend(dec, s.inner); err != nil {
		return fail(err)
	}
	open, err := dec.Token()
	if err != nil {
		return fail(err)
	}
	if open != json.Delim('[') && open != json.Delim('{') {
		return fail(errors.New("no array or object at the path"))
	}
	for n := 1; dec.More(); n++ {
		key := ""
		if open == json.Delim('{') {
			t, err := dec.Token()
			if err != nil {
				return fail(err)
			}
			key, _ = t.(string)
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return fail(err)
		}
		if err := give(row{line: n, file: s.index, value: whole(v), key: key}); err != nil {
			return err
		}
	}
	return nil
}

// descend moves the decoder to the value at a dotted path.
func descend(dec *json.Decoder, path string) error {
	if path == "" {
		return nil
	}
	for name := range strings.SplitSeq(path, ".") {
		if t, err := dec.Token(); err != nil || t != json.Delim('{') {
			return errors.New("path does not lead to a value")
		}
		for {
			if !dec.More() {
				return errors.New("path does not lead to a value")
			}
			t, err := dec.Token()
			if err != nil {
				return err
			}
			if t == name {
				break
			}
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowGuard fails when more than maxLine is read for one row of CSV, so that no unclosed quote can take the memory.
type rowGuard struct {
	in   io.Reader
	read int // since the row began, but for what was read ahead
}

func (g *rowGuard) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	if g.read += n; g.read > maxLine {
		return 0, fmt.Errorf("a row has more than %d bytes: look for a quote that is never closed", maxLine)
	}
	return n, err
}
