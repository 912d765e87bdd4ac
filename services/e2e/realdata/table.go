package realdata

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Table reads a CSV file, gzip or plain, and calls each row with a look-up by column name; a column that is not there is empty.
func Table(path string, each func(get func(string) string) error) error {
	f, err := os.Open(path) //nolint:gosec // a file of the data folder
	if err != nil {
		return fmt.Errorf("opening data: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	var in io.Reader = bufio.NewReader(f)
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return fmt.Errorf("unpacking data: %w", err)
		}
	}
	r := csv.NewReader(in)
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("reading header: %w", err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[strings.TrimSpace(h)] = i
	}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading data: %w", err)
		}
		if err := each(func(name string) string {
			i, ok := at[name]
			if !ok {
				return ""
			}
			return rec[i]
		}); err != nil {
			return err
		}
	}
}
