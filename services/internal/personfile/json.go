package personfile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// lineLimit is the longest line of JSON.
const lineLimit = 32 << 20

// lines reads lines that are not blank.
type lines struct {
	in     *bufio.Reader
	number int
	line   []byte
}

func newLines(in *bufio.Reader) *lines { return &lines{in: in} }

func (l *lines) next() ([]byte, error) {
	for {
		l.number++
		l.line = l.line[:0]
		for {
			part, err := l.in.ReadSlice('\n')
			l.line = append(l.line, part...)
			if len(l.line) > lineLimit {
				return nil, fmt.Errorf("line %d is longer than %d bytes", l.number, lineLimit)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("reading line %d: %w", l.number, err)
			}
			if errors.Is(err, io.EOF) && len(bytes.TrimSpace(l.line)) == 0 {
				return nil, io.EOF
			}
			break
		}
		if line := bytes.TrimSpace(l.line); len(line) > 0 {
			return line, nil
		}
	}
}

// jsonRows gives the rows of JSON lines: the scalar values of one object each.
type jsonRows struct {
	lines *lines
	index map[string]int
	row   []string
}

func (j *jsonRows) next() ([]string, error) {
	clear(j.row)
	object, err := j.lines.object()
	if err != nil {
		return nil, err
	}
	for key, value := range object {
		if at, known := j.index[key]; known {
			j.row[at] = scalar(value)
		}
	}
	return j.row, nil
}

// object reads the next line.
func (l *lines) object() (map[string]any, error) {
	line, err := l.next()
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text(line))))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil || object == nil {
		return nil, fmt.Errorf("line %d is no JSON object", l.number)
	}
	return object, nil
}

// scalar is a value as the text of a cell; lists and objects have none.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v[:min(len(v), CellLimit)]
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// collectKeys makes the header: every key that a line has.
func (f *File) collectKeys(ctx context.Context, in *bufio.Reader) error {
	f.index = map[string]int{}
	for l, n := newLines(in), 0; ; n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // says all
		}
		object, err := l.object()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for key := range object {
			f.index[key] = 0
		}
		if len(f.index) > columnLimit {
			return fmt.Errorf("line %d: there are more than %d different keys", l.number, columnLimit)
		}
	}
	for key := range f.index {
		f.Header = append(f.Header, key)
	}
	slices.Sort(f.Header)
	for i, key := range f.Header {
		f.index[key] = i
	}
	return nil
}
