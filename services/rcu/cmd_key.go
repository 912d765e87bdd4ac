package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/wholefile"
	"rcu/services/ingest"
	"rcu/services/internal/boot"
)

// keyCmd prints a key that rcu up made for this installation, and changes keys of a list.
type keyCmd struct {
	Kind string `arg:"" enum:"source,reader" help:"source: to send events; reader: to read profiles."`
	Name string `arg:"" help:"Name in sources.yaml or readers.yaml."`
	fileFlags
	Rotate bool          `help:"Make a new key and print it: the one before stays valid beside it."`
	For    time.Duration `placeholder:"DURATION" help:"With --rotate: for so long alone the key before is valid still."`
	Revoke bool          `help:"End the key before: the new one alone is valid."`
}

// Help gives the examples.
func (keyCmd) Help() string {
	return "Keys of a sources.yaml or readers.yaml of your own are not kept here: only their digests are.\n\nExamples:\n\n  rcu key source till-paris-1\n\n" +
		"Another key without a gap (key_sha256 and old_key_sha256 of the list are changed, and nothing else of it):\n\n" +
		"  rcu key source till-paris-1 --rotate            # prints the new key: both are valid\n" +
		"  (give the new key to the till, and see that it sends)\n" +
		"  rcu key source till-paris-1 --revoke            # the old one is valid no more\n\n" +
		"  rcu key source till-paris-1 --rotate --for 72h  # the old one ends by itself\n\n" +
		"Services read a changed sources.yaml within seconds, and readers.yaml when they start: start profile-api, consent-api, contacts and steward again after\n" +
		"--rotate, before anybody uses the new key, and after --revoke. With --for no start is needed for the end. On several machines copy the list to all of them."
}

// Run prints the key, or changes it.
func (c keyCmd) Run(_ context.Context, a *app) error {
	h := home{a.data}
	switch {
	case c.Rotate && c.Revoke, c.For != 0 && !c.Rotate, c.For < 0:
		return &boot.UsageError{Err: errors.New("give --rotate, --rotate --for DURATION, or --revoke")}
	case c.Rotate || c.Revoke:
		return c.change(a, h)
	}
	keys, err := h.keysOf(c.keyFile())
	if err != nil {
		return err
	}
	key, ok := keys[c.Name]
	if !ok {
		return &boot.UsageError{Err: fmt.Errorf("this installation keeps no key of a %s %q", c.Kind, c.Name)}
	}
	return a.answer(map[string]string{"name": c.Name, "key": key}, func(w io.Writer) { _, _ = fmt.Fprintln(w, key) })
}

// keyFile is where keys of the kind are kept that this installation made itself.
func (c keyCmd) keyFile() string {
	if c.Kind == "reader" {
		return readerKeysFile
	}
	return sourceKeysFile
}

// change writes the list with another key, or without the old one. A key is known here as long as it takes to print it, except where this
// installation keeps it.
func (c keyCmd) change(a *app, h home) error {
	s, err := c.settings(a)
	if err != nil {
		return err
	}
	path := orPath(s.Sources, h.path("sources.yaml"))
	if c.Kind == "reader" {
		path = orPath(s.Readers, h.path("readers.yaml"))
	}
	kept, err := h.keysOf(c.keyFile())
	if err != nil {
		return err
	}
	file, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return fmt.Errorf("reading the list of %ss: %w", c.Kind, err)
	}
	if c.Revoke {
		if file, err = auth.Revoke(file, c.Kind+"s", c.Name); err != nil {
			return c.unchanged(path, err)
		}
		if err := c.write(path, file); err != nil {
			return err
		}
		return a.answer(map[string]string{"name": c.Name}, func(io.Writer) { a.say("the old key of %s is valid no more%s", c.Name, c.fromWhen()) })
	}
	key, hash, err := auth.NewKey()
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	now := time.Now()
	var until time.Time
	if c.For > 0 {
		until = now.Add(c.For)
	}
	if file, err = auth.Rotate(file, c.Kind+"s", c.Name, hash, until, now); err != nil {
		return c.unchanged(path, err)
	}
	if err := c.write(path, file); err != nil {
		return err
	}
	if _, ok := kept[c.Name]; ok && filepath.Dir(path) == filepath.Clean(h.path("")) { // keys of another list are not kept
		kept[c.Name] = key
		if err := h.writeKeys(c.keyFile(), kept); err != nil {
			return err
		}
	}
	return a.answer(map[string]string{"name": c.Name, "key": key}, func(w io.Writer) {
		_, _ = fmt.Fprintln(w, key)
		a.say("this is the new key of %s, and the only time that it is printed where the list is your own; the old one is valid beside it%s", c.Name, c.fromWhen())
	})
}

// fromWhen says when services know of a change.
func (c keyCmd) fromWhen() string {
	if c.Kind == "reader" {
		return ", from the next start of profile-api, consent-api, contacts and steward on"
	}
	return ", within seconds where the list is"
}

func (c keyCmd) unchanged(path string, err error) error {
	err = fmt.Errorf("changing the key of %s %q in %s: %w", c.Kind, c.Name, path, err)
	if errors.Is(err, auth.ErrNoEntry) || errors.Is(err, auth.ErrTwoKeys) || errors.Is(err, auth.ErrOneKey) {
		return &boot.UsageError{Err: err}
	}
	return err
}

// write checks the list, and puts it in the place of the one before, as readable as that was to others.
func (c keyCmd) write(path string, file []byte) error {
	var err error
	if c.Kind == "reader" {
		_, err = auth.ParseReaders(file)
	} else {
		_, err = ingest.ParseSources(file)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return fmt.Errorf("writing the list of %ss: %w", c.Kind, err)
	}
	before, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("writing the list of %ss: %w", c.Kind, err)
	}
	err = wholefile.Fill(path, func(f *os.File) error {
		_, err := f.Write(file)
		return errors.Join(err, sameAccess(f, before))
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// sameAccess gives a file the owner and the mode of another one.
func sameAccess(f *os.File, as fs.FileInfo) error {
	if owner, ok := as.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return err //nolint:wrapcheck // names file and cause
		}
	}
	return f.Chmod(as.Mode().Perm()) //nolint:wrapcheck // names file and cause
}
