package personfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Limits of a file.
const (
	CellLimit    = 1024 // bytes kept of a cell
	columnLimit  = 2000
	sniffed      = 64 << 10
	contextEvery = 4096 // rows between looks at the context
)

// ErrEmpty says that a file has not even a header.
var ErrEmpty = errors.New("the file is empty: a line with the names of the columns is wanted")

// ErrArray says that a file is one JSON value where one a line is wanted.
var ErrArray = errors.New("the file is a JSON array: one object a line is wanted, without brackets and commas around them")

// File is a file of person records.
type File struct {
	Header []string // the names of the columns; of JSON lines: every key that is used, in alphabetical order
	path   string
	json   bool
	comma  byte
	index  map[string]int // of JSON lines: the column of a key
}

// rows gives one row after the other, until io.EOF.
type rows interface{ next() ([]string, error) }

// Open finds out what kind of file it is and reads its header; of JSON lines it reads the whole file once.
func Open(ctx context.Context, path string) (*File, error) {
	f := &File{path: path}
	raw, in, err := f.open(nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	text := bytes.TrimSpace(head)
	if len(text) == 0 {
		return nil, ErrEmpty
	}
	if text[0] == '{' {
		f.json = true
		return f, f.collectKeys(ctx, in)
	}
	if isArray(text) {
		return nil, ErrArray
	}
	f.comma = delimiter(head)
	row, err := newCSV(in, f.comma).next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	f.Header = make([]string, len(row))
	for i, name := range row {
		f.Header[i] = strings.TrimSpace(name)
	}
	return f, nil
}

// isArray reports whether a file begins as a JSON array of objects; no header of CSV does.
func isArray(text []byte) bool {
	inside, found := bytes.CutPrefix(text, []byte("["))
	inside = bytes.TrimSpace(inside)
	return found && len(inside) > 0 && (inside[0] == '{' || inside[0] == ']')
}

// Size is the size of the file on disk.
func (f *File) Size() int64 {
	info, err := os.Stat(f.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Each gives every row to visit, as many cells as the header has, with the bytes of the file that are read so far. The row is only
// good until visit returns.
func (f *File) Each(ctx context.Context, visit func(row []string, read int64)) error {
	counted := &counter{}
	raw, in, err := f.open(counted)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Close() }()
	var source rows
	if f.json {
		source = &jsonRows{lines: newLines(in), index: f.index, row: make([]string, len(f.Header))}
	} else {
		source = newCSV(in, f.comma)
		if _, err := source.next(); err != nil {
			return fmt.Errorf("reading the header: %w", err)
		}
	}
	full := make([]string, len(f.Header))
	for n := 0; ; n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // says all
		}
		row, err := source.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		clear(full)
		copy(full, row)
		visit(full, counted.n)
	}
}

// counter counts the bytes that were read.
type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err //nolint:wrapcheck // a reader hands on what it reads
}

// open opens the file, unpacked and in UTF-8 or single bytes.
func (f *File) open(counted *counter) (io.Closer, *bufio.Reader, error) {
	raw, err := os.Open(f.path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the file: %w", err)
	}
	var source io.Reader = raw
	if counted != nil {
		counted.in = raw
		source = counted
	}
	in := bufio.NewReaderSize(source, sniffed)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			_ = raw.Close()
			return nil, nil, fmt.Errorf("unpacking the file: %w", err)
		}
		in = bufio.NewReaderSize(unpacked, sniffed)
	}
	head, _ := in.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = in.Discard(3)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), len(head) == 4 && head[1] == 0 && head[3] == 0 && head[0] != 0:
		in = bufio.NewReaderSize(&wide{in: in, order: binary.LittleEndian}, sniffed)
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}), len(head) == 4 && head[0] == 0 && head[2] == 0 && head[1] != 0:
		in = bufio.NewReaderSize(&wide{in: in, order: binary.BigEndian}, sniffed)
	}
	return raw, in, nil
}

// wide reads UTF-16 as UTF-8.
type wide struct {
	in    *bufio.Reader
	order binary.ByteOrder
	rest  []byte
}

func (w *wide) Read(p []byte) (int, error) {
	for len(w.rest) == 0 {
		first, err := w.unit()
		if err != nil {
			return 0, err
		}
		r := rune(first)
		if utf16.IsSurrogate(r) {
			second, err := w.unit()
			if err != nil {
				return 0, err
			}
			r = utf16.DecodeRune(r, rune(second))
		}
		if r != 0xfeff {
			w.rest = utf8.AppendRune(w.rest[:0], r)
		}
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wide) unit() (uint16, error) {
	var b [2]byte
	if _, err := io.ReadFull(w.in, b[:]); errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, io.EOF
	} else if err != nil {
		return 0, err //nolint:wrapcheck // a reader hands on what it reads
	}
	return w.order.Uint16(b[:]), nil
}

// delimiter is the one of comma, semicolon, tab and bar that the first line has most of, outside quotes.
func delimiter(head []byte) byte {
	counts := map[byte]int{}
	quoted := false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' || c == '\r' {
			break
		}
		counts[c]++
	}
	best := byte(',')
	for _, c := range []byte{';', '\t', '|'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// text is a cell as UTF-8: what is none was written as Latin-1 (Windows-1252).
func text(cell []byte) string {
	if utf8.Valid(cell) {
		return string(cell)
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(cell)
	if err != nil {
		return strings.ToValidUTF8(string(cell), "\ufffd")
	}
	return string(out)
}
