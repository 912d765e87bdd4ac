// Package wholefile writes files that are there whole or not at all, whatever is cut short: the process, or the power.
//
// What returned without an error outlasts both. Files are readable by their owner alone.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts content in the place of a file, or makes it. One process writes a path at a time: what it finds beside it is of a write that was cut
// short, and is written over.
func Write(path string, content []byte) error {
	return Fill(path, func(f *os.File) error {
		_, err := f.Write(content)
		return err //nolint:wrapcheck // names file and cause
	})
}

// Fill is Write of what fill writes. Where fill fails, the file stays as it was.
func Fill(path string, fill func(*os.File) error) error {
	next := beside(path)
	f, err := os.OpenFile(next, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600) //nolint:gosec // G304: the caller's own path
	if err != nil {
		return err //nolint:wrapcheck // names file and cause
	}
	if err = closed(f, fill(f)); err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return errors.Join(err, absent(os.Remove(next)))
	}
	return Settle(filepath.Dir(path))
}

// beside is where the next content of a file is written.
func beside(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
}

// Create makes a file. One that is there is left as it is: the error is fs.ErrExist then. Of several processes that make one path at once a single
// one succeeds, and the others find the whole file of that one.
func Create(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err //nolint:wrapcheck // names file and cause
	}
	_, err = f.Write(content)
	if err = closed(f, err); err == nil {
		err = os.Link(f.Name(), path)
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return err
	}
	return Settle(filepath.Dir(path))
}

// Settle waits until the names in a folder are those that a start after a power cut finds.
func Settle(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // G304: the caller's own path
	if err != nil {
		return err //nolint:wrapcheck // names file and cause
	}
	return errors.Join(f.Sync(), f.Close())
}

// closed waits for the disk, unless something failed before, and closes the file.
func closed(f *os.File, err error) error {
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// absent is no error where a file is not there.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
