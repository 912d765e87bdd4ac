package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// plainName names the mapping of files that need none.
const plainName = "events"

// mappingOf reads a mapping; without a file it is that of lines that are events already.
func mappingOf(path string) (*Mapping, error) {
	if path == "" {
		return &Mapping{name: plainName, digest: plainName, plain: true}, nil
	}
	raw, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fmt.Errorf("reading mapping file: %w", err)
	}
	return ParseMapping(raw)
}

// lines gives every line of the files as it stands. What an event must be is the ingestor's to say; here a line must be one JSON object
// of a size that it takes.
func (p *pass) lines() error {
	for i, path := range p.in.Files {
		n := 0
		err := source{path: path, index: i}.texts(func(line int, text []byte) error {
			if n++; n%1024 == 0 && p.ctx.Err() != nil {
				return p.ctx.Err()
			}
			p.report.Rows++
			switch {
			case text[0] != '{' || !json.Valid(text):
				p.bad(i, line, 1, "unreadable", "")
				return nil
			case len(text) > MaxEvent:
				p.bad(i, line, 1, "too-large", "")
				return nil
			}
			p.report.Events++
			return p.emit(Event{Line: line, JSON: bytes.Clone(text)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
