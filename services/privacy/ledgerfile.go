package privacy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rcu/pkg/wholefile"
)

// ledgerFile is a file of lines: whole lines are appended, and all of them are replaced at once. What returned without an error outlasts a power cut, whatever
// is cut short. Not safe for concurrent use.
type ledgerFile struct {
	path      string
	file      *os.File
	size      int64 // of what is whole
	lines     int
	unsettled bool  // the folder may show the file of before after a power cut: nothing is appended until it cannot
	broken    error // what stands behind the last whole line could not be taken away
}

// besides is where the lines are written that replace others. One that is found was cut short, and nobody acted on it.
func besides(path string) string { return path + ".new" }

// openLedgerFile opens a file, makes it if it is missing, and returns what is in it.
func openLedgerFile(path string) (*ledgerFile, []byte, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600) //nolint:gosec // G304: the path is the operator's own setting
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // names file and cause
	}
	f := &ledgerFile{path: path, file: file}
	text, err := os.ReadFile(path) //nolint:gosec // as above
	if err == nil {
		err = absent(os.Remove(besides(path)))
	}
	if err == nil {
		err = f.settle()
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return f, text, nil
}

// absent is no error where a file is not there.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keep says how much of the file is whole, and takes away what stands behind it.
func (f *ledgerFile) keep(size int64, lines int) error {
	f.size, f.lines = size, lines
	return f.file.Truncate(size) //nolint:wrapcheck // names file and cause
}

// append appends lines and waits for the disk. Lines that could not be written whole are taken away again, so that the next ones do not stand behind half a line.
func (f *ledgerFile) append(text []byte, lines int) error {
	if f.broken != nil {
		return f.broken
	}
	if f.unsettled {
		if err := f.settle(); err != nil {
			return err
		}
	}
	if err := write(f.file, text); err != nil {
		if cut := f.file.Truncate(f.size); cut != nil {
			f.broken = fmt.Errorf("half a line stands at its end: %w", cut)
		}
		return errors.Join(err, f.broken)
	}
	f.size, f.lines = f.size+int64(len(text)), f.lines+lines
	return nil
}

// replace puts other lines in the place of all. Whenever it is cut short, the file holds either those of before or these.
func (f *ledgerFile) replace(text []byte, lines int) error {
	next := besides(f.path)
	file, err := os.OpenFile(next, os.O_CREATE|os.O_RDWR|os.O_APPEND|os.O_TRUNC, 0o600) //nolint:gosec // as above
	if err != nil {
		return err //nolint:wrapcheck // names file and cause
	}
	if err = write(file, text); err == nil {
		if err = step("rename"); err == nil {
			err = os.Rename(next, f.path)
		}
	}
	if err != nil {
		return errors.Join(err, file.Close(), absent(os.Remove(next)))
	}
	before := f.file
	f.file, f.size, f.lines, f.unsettled = file, int64(len(text)), lines, true
	return errors.Join(f.settle(), before.Close())
}

// settle waits until the file is found under its name after a power cut.
func (f *ledgerFile) settle() error {
	if err := step("settle"); err != nil {
		return err
	}
	err := wholefile.Settle(filepath.Dir(f.path))
	if err == nil {
		f.unsettled = false
	}
	return err //nolint:wrapcheck // names file and cause
}

// write writes to the end of a file and waits for the disk.
func write(file *os.File, text []byte) error {
	if err := step("write"); err != nil {
		_, _ = file.Write(text[:len(text)/2]) // as a disk that is full does
		return err
	}
	if _, err := file.Write(text); err != nil {
		return err //nolint:wrapcheck // names file and cause
	}
	if err := step("sync"); err != nil {
		return err
	}
	return file.Sync() //nolint:wrapcheck // names file and cause
}

// step is passed before each thing that a disk does; a test may have it fail.
func step(name string) error {
	if faults.disk == nil {
		return nil
	}
	return faults.disk(name)
}
