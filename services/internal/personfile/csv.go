package personfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// csvRows reads CSV by RFC 4180, and forgives what people's systems write: quotes inside a cell, CR alone, rows that are too long or too
// short. A quote that is never closed is an error, for it swallows the rest of the file.
type csvRows struct {
	in    *bufio.Reader
	comma byte
	line  int
	cell  []byte
	row   []string
}

func newCSV(in *bufio.Reader, comma byte) *csvRows { return &csvRows{in: in, comma: comma} }

// next gives the next row that is not blank. It is good until next is called again.
func (c *csvRows) next() ([]string, error) {
	for {
		row, err := c.record()
		if err != nil || len(row) > 1 || len(row) == 1 && row[0] != "" {
			return row, err
		}
	}
}

// record reads one row.
func (c *csvRows) record() ([]string, error) {
	c.row = c.row[:0]
	c.line++
	for {
		end, err := c.field()
		if err != nil {
			return nil, err
		}
		if end == endOfFile && len(c.row) == 0 && len(c.cell) == 0 {
			return nil, io.EOF
		}
		if len(c.row) == columnLimit {
			return nil, fmt.Errorf("line %d has more than %d columns", c.line, columnLimit)
		}
		c.row = append(c.row, text(c.cell))
		if end != endOfCell {
			return c.row, nil
		}
	}
}

// Ends of a cell.
const (
	endOfCell = iota
	endOfRow
	endOfFile
)

// field reads one cell and says what ended it.
func (c *csvRows) field() (end int, err error) {
	c.cell = c.cell[:0]
	first, err := c.in.ReadByte()
	for err == nil && first == ' ' && c.comma != ' ' {
		first, err = c.in.ReadByte()
	}
	if err == nil && first == '"' {
		return c.quoted()
	}
	for b := first; ; b, err = c.in.ReadByte() {
		switch {
		case errors.Is(err, io.EOF):
			return endOfFile, nil
		case err != nil:
			return 0, fmt.Errorf("reading line %d: %w", c.line, err)
		case b == c.comma:
			return endOfCell, nil
		case b == '\n':
			return endOfRow, nil
		case b == '\r':
			c.newline()
			return endOfRow, nil
		}
		c.keep(b)
	}
}

// newline takes the LF behind a CR.
func (c *csvRows) newline() {
	if b, err := c.in.Peek(1); err == nil && b[0] == '\n' {
		_, _ = c.in.Discard(1)
	}
}

func (c *csvRows) keep(b byte) {
	if len(c.cell) < CellLimit {
		c.cell = append(c.cell, b)
	}
}

// quoted reads a cell in quotes.
func (c *csvRows) quoted() (end int, err error) {
	opened := c.line
	for {
		b, err := c.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("line %d: a quote is opened and never closed", opened)
		}
		if err != nil {
			return 0, fmt.Errorf("reading line %d: %w", c.line, err)
		}
		if b == '\n' {
			c.line++
		}
		if b != '"' {
			c.keep(b)
			continue
		}
		if end, closed, err := c.afterQuote(); closed || err != nil {
			return end, err
		}
	}
}

// afterQuote reads what stands behind a quote: the end of the cell, maybe after spaces; a second quote, which stands for one; or
// something else, before which a quote was not doubled.
func (c *csvRows) afterQuote() (end int, closed bool, err error) {
	spaces := 0
	b, err := c.in.ReadByte()
	for err == nil && b == ' ' && c.comma != ' ' {
		spaces++
		b, err = c.in.ReadByte()
	}
	switch {
	case errors.Is(err, io.EOF):
		return endOfFile, true, nil
	case err != nil:
		return 0, false, fmt.Errorf("reading line %d: %w", c.line, err)
	case b == c.comma:
		return endOfCell, true, nil
	case b == '\n':
		return endOfRow, true, nil
	case b == '\r':
		c.newline()
		return endOfRow, true, nil
	}
	c.keep('"')
	if b == '"' && spaces == 0 {
		return 0, false, nil
	}
	for range spaces {
		c.keep(' ')
	}
	return 0, false, c.in.UnreadByte() //nolint:wrapcheck // a byte was just read
}
