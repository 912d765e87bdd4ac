package demo

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// BaseFile is one file of a written base.
type BaseFile struct {
	Path    string
	Channel string
	Source  string
	Lines   int
}

// baseOut is a file that is being written.
type baseOut struct {
	BaseFile

	file *os.File
	zip  *gzip.Writer
	buf  *bufio.Writer
}

// WriteBase writes a base as <channel>.<source>.ndjson.gz, the master file first, and what it comes out as into truth.json.
func WriteBase(ctx context.Context, cfg BaseConfig, dir string) (files []BaseFile, truth Truth, err error) {
	b, err := NewBase(cfg)
	if err != nil {
		return nil, truth, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, truth, fmt.Errorf("making folder: %w", err)
	}
	var outs []*baseOut
	bySource := map[string]*baseOut{}
	for e, _, ok := b.Next(); ok; e, _, ok = b.Next() {
		if err = ctx.Err(); err != nil {
			break
		}
		o := bySource[e.Source]
		if o == nil {
			if o, err = openBase(dir, e); err != nil {
				break
			}
			bySource[e.Source], outs = o, append(outs, o)
		}
		o.Lines++
		if _, err = o.buf.Write(append(e.JSON, '\n')); err != nil {
			err = fmt.Errorf("writing events: %w", err)
			break
		}
	}
	for _, o := range outs {
		err = errors.Join(err, o.buf.Flush(), o.zip.Close(), o.file.Close())
		files = append(files, o.BaseFile)
	}
	if err != nil {
		return nil, truth, err
	}
	truth = b.Truth()
	raw, err := json.MarshalIndent(truth, "", "  ")
	if err != nil {
		return nil, truth, fmt.Errorf("encoding the truth: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), append(raw, '\n'), 0o600); err != nil {
		return nil, truth, fmt.Errorf("writing the truth: %w", err)
	}
	return files, truth, nil
}

func openBase(dir string, e Event) (*baseOut, error) {
	o := &baseOut{BaseFile: BaseFile{Path: filepath.Join(dir, e.Channel+"."+e.Source+".ndjson.gz"), Channel: e.Channel, Source: e.Source}}
	var err error
	if o.file, err = os.Create(o.Path); err != nil {
		return nil, fmt.Errorf("making file: %w", err)
	}
	if o.zip, err = gzip.NewWriterLevel(o.file, gzip.BestSpeed); err != nil {
		return nil, fmt.Errorf("making file: %w", errors.Join(err, o.file.Close()))
	}
	o.buf = bufio.NewWriterSize(o.zip, 1<<16)
	return o, nil
}
