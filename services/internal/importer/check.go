package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"unicode/utf8"
)

// checkedFiles reads every file to its end before anything is sent, and gives their digests: what is cut, damaged or written in another encoding gives
// rows that look like others, and what they were taken for stays when the right file comes.
func checkedFiles(ctx context.Context, files []string, mapped bool) ([]string, error) {
	out := make([]string, 0, len(files))
	for i, path := range files {
		sum, err := checked(ctx, path, mapped)
		if err != nil {
			return nil, fmt.Errorf("checking file %d, nothing was sent: %w", i+1, err)
		}
		out = append(out, sum)
	}
	return out, nil
}

// checked gives the digest of a file. What an event holds as it stands is the ingestor's to judge, event by event: mapped says that rows become events here.
func checked(ctx context.Context, path string, mapped bool) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the file that the user names
	if err != nil {
		return "", fmt.Errorf("opening it: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	raw := &digested{ctx: ctx, in: f, sum: sha256.New()}
	in := bufio.NewReaderSize(raw, 1<<16)
	var content io.Reader = in
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return "", fmt.Errorf("it is cut or damaged: %w", err)
		}
		content = z
	}
	text := &encoding{mapped: mapped}
	_, err = io.CopyBuffer(text, content, make([]byte, 1<<16))
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err() //nolint:wrapcheck // asked to end
	case err != nil:
		return "", fmt.Errorf("it is cut or damaged: %w", err)
	case text.end() != nil: // not before the end: what is damaged is rarely UTF-8
		return "", text.problem
	}
	return hex.EncodeToString(raw.sum.Sum(nil)), nil
}

// digested sums what is read, until the context ends.
type digested struct {
	ctx context.Context //nolint:containedctx // lives as long as the reading
	in  io.Reader
	sum hash.Hash
}

func (d *digested) Read(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := d.in.Read(p)
	_, _ = d.sum.Write(p[:n])
	return n, err
}

// encoding finds the first line of a text that is not UTF-8.
type encoding struct {
	mapped  bool
	began   bool
	lines   int    // that ended
	rest    []byte // what may be the begin of a character
	problem error
}

// Write judges the next piece of the text.
func (e *encoding) Write(p []byte) (int, error) {
	if !e.began && (bytes.HasPrefix(p, []byte{0xff, 0xfe}) || bytes.HasPrefix(p, []byte{0xfe, 0xff})) {
		e.problem = errors.New("it is UTF-16: convert it, for example with iconv -f UTF-16 -t UTF-8")
	}
	e.began = true
	if e.problem == nil && e.mapped {
		e.judge(slices.Concat(e.rest, p))
	}
	return len(p), nil
}

func (e *encoding) judge(text []byte) {
	e.rest = e.rest[:0]
	if !utf8.Valid(text) {
		good := 0
		for good < len(text) {
			r, size := utf8.DecodeRune(text[good:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			good += size
		}
		if utf8.FullRune(text[good:]) {
			e.lines += bytes.Count(text[:good], []byte{'\n'})
			e.refuse()
			return
		}
		text, e.rest = text[:good], append(e.rest, text[good:]...)
	}
	e.lines += bytes.Count(text, []byte{'\n'})
}

// end tells what is wrong with the whole text.
func (e *encoding) end() error {
	if e.problem == nil && len(e.rest) > 0 {
		e.refuse()
	}
	return e.problem
}

func (e *encoding) refuse() {
	e.problem = fmt.Errorf("line %d is not UTF-8: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8", e.lines+1)
}
