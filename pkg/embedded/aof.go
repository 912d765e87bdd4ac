package embedded

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What redis-server calls the folder of its append-only files, and the list of them in it.
const (
	aofDir      = "appendonlydir"
	aofManifest = "appendonly.aof.manifest"
)

// errNoAOF says that bytes are no append-only file. redis-server says more of it.
var errNoAOF = errors.New("not an append-only file")

// cutUnfinished takes the end off the append-only file in the folder of a redis-server that stands still, from the first command that
// is not whole, or that belongs to a transaction that is not.
//
// redis-server itself cuts only the command: the transaction then stays open in the file, everything it writes from there on is read as part of it
// at the next start, and half of a function's writes take effect (redis 7 and 8; valkey-io/valkey#4342 mends it there).
func cutUnfinished(dir string) error {
	name, err := AppendOnlyFile(dir)
	if err != nil || name == "" {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0) //nolint:gosec // a file of the server's own folder
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the append-only file: %w", err)
	}
	defer func() { _ = f.Close() }()
	whole, size, err := wholeCommands(f)
	if errors.Is(err, errNoAOF) || err == nil && whole == size {
		return nil
	}
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("cutting the append-only file: %w", err)
	}
	return nil
}

// AppendOnlyFile is the file that the redis-server in a folder appends to; empty when there is none.
func AppendOnlyFile(dir string) (string, error) {
	dir = filepath.Join(dir, aofDir)
	list, err := os.ReadFile(filepath.Join(dir, aofManifest)) //nolint:gosec // a file of the server's own folder
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the list of append-only files: %w", err)
	}
	last := ""
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		if len(words) >= 6 && words[0] == "file" && words[4] == "type" && words[5] == "i" {
			last = filepath.Join(dir, filepath.Base(words[1]))
		}
	}
	return last, nil
}

// wholeCommands reads an append-only file and says how many of its bytes are whole commands and whole transactions, and how many there are.
func wholeCommands(r io.Reader) (whole, size int64, err error) {
	c := &commandReader{r: bufio.NewReaderSize(r, 1<<20)}
	open := false
	for {
		word, err := c.next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return whole, c.read, nil
		case err != nil:
			return whole, c.read, err
		case bytes.EqualFold(word, []byte("MULTI")):
			open = true
		case bytes.EqualFold(word, []byte("EXEC")):
			open = false
		}
		if !open {
			whole = c.read
		}
	}
}

// commandReader reads the commands of an append-only file.
type commandReader struct {
	r    *bufio.Reader
	read int64
}

// next reads a command and returns its first word, if that is short and alone.
func (c *commandReader) next() (word []byte, err error) {
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	if line[0] == '#' { // a note of the time
		return nil, nil
	}
	words, err := number(line, '*')
	if err != nil {
		return nil, err
	}
	for range words {
		if line, err = c.line(); err != nil {
			return nil, err
		}
		length, err := number(line, '$')
		if err != nil {
			return nil, err
		}
		if words == 1 && length <= len("MULTI") {
			word = make([]byte, length+len("\r\n"))
			n, err := io.ReadFull(c.r, word)
			if c.read += int64(n); err != nil {
				return nil, err //nolint:wrapcheck // an end, or what the file says
			}
			word = word[:length]
			continue
		}
		n, err := c.r.Discard(length + len("\r\n"))
		if c.read += int64(n); err != nil {
			return nil, err //nolint:wrapcheck // an end, or what the file says
		}
	}
	return word, nil
}

// line reads a line without its end: a number of words or of bytes, or a note.
func (c *commandReader) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	c.read += int64(len(line))
	switch {
	case errors.Is(err, bufio.ErrBufferFull), len(line) > 0 && bytes.IndexByte([]byte("*$#"), line[0]) < 0:
		return nil, errNoAOF
	case err != nil:
		return nil, err //nolint:wrapcheck // an end, or what the file says
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// maxNumber bounds the words of a command and the bytes of a word: redis-server takes no more.
const maxNumber = 1 << 30

func number(line []byte, kind byte) (int, error) {
	n, err := strconv.Atoi(string(line[1:]))
	if line[0] != kind || err != nil || n < 0 || n > maxNumber {
		return 0, errNoAOF
	}
	return n, nil
}
