package compose

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rcu/services/e2e/realdata"
)

// Truth says whom each event is about.
func (c Composition) Truth() realdata.Truth {
	t := realdata.Truth{}
	for _, e := range c.Events {
		t[realdata.EventKey{Source: e.Source, ID: e.ID}] = e.Person
	}
	return t
}

// Write puts the events of each channel into <channel>.ndjson and the truth into truth.csv (source, id, person).
func (c Composition) Write(dir string) (err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making folder: %w", err)
	}
	truth, err := os.Create(filepath.Join(dir, "truth.csv")) //nolint:gosec // the folder that the user names
	if err != nil {
		return fmt.Errorf("making file: %w", err)
	}
	defer func() { err = errors.Join(err, truth.Close()) }()
	t := csv.NewWriter(truth)
	_ = t.Write([]string{"source", "id", "person"}) // kept by the writer: Error below
	for channel := range sources {
		if err := c.channel(dir, channel); err != nil {
			return err
		}
	}
	for _, e := range c.Events {
		_ = t.Write([]string{e.Source, e.ID, e.Person})
	}
	t.Flush()
	if err := t.Error(); err != nil {
		return fmt.Errorf("writing truth: %w", err)
	}
	return nil
}

func (c Composition) channel(dir, channel string) (err error) {
	f, err := os.Create(filepath.Join(dir, channel+".ndjson")) //nolint:gosec // the folder that the user names
	if err != nil {
		return fmt.Errorf("making file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	for _, e := range c.Events {
		if e.Channel != channel {
			continue
		}
		if _, err := w.Write(append(e.JSON, '\n')); err != nil {
			return fmt.Errorf("writing events: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}
