package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"rcu/services/internal/backup"
	"rcu/services/internal/boot"
	"rcu/services/internal/rebuild"
)

// backupCmd writes the data folder into an archive.
type backupCmd struct {
	File     string `arg:"" type:"path" help:"Archive to write (.tar.gz)."`
	KeysOnly bool   `name:"keys-only" help:"Write the keys alone. Keep that archive apart from the data."`
}

// Help gives the example.
func (backupCmd) Help() string {
	return "Of an installation whose servers rcu up starts, while it is stopped. The archive holds Kafka's logs, ClickHouse's tables and the settings, and no key: what an erasure " +
		"destroyed does not come back with it. Redis is rebuilt when it is put back.\n\nExample:\n\n  rcu backup /backups/rcu-2026-11-22.tar.gz\n  rcu backup --keys-only /safe/rcu-keys.tar.gz"
}

// backupAnswer is what was written.
type backupAnswer struct {
	File  string      `json:"file"`
	Kind  backup.Kind `json:"kind"`
	Files int         `json:"files"`
	Bytes int64       `json:"bytes"`
}

// Run writes the archive.
func (c backupCmd) Run(ctx context.Context, a *app) error {
	h := home{a.data}
	if err := stopped(h); err != nil {
		return err
	}
	release, err := h.take()
	if err != nil {
		return err
	}
	defer release()
	kind := backup.Data
	if c.KeysOnly {
		kind = backup.Keys
	}
	m := newSteps(a)
	manifest, err := backup.Write(ctx, h.dir, c.File, kind, version, m.set)
	m.done()
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	answer := backupAnswer{c.File, kind, len(manifest.Files), manifest.Bytes}
	return a.answer(answer, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "wrote %s: %d files, %d bytes of %s\n", c.File, answer.Files, answer.Bytes, kind)
		if kind == backup.Keys {
			_, _ = fmt.Fprintln(w, "  whoever has it together with the data can read personal values: keep it apart, and write a new one after every erasure")
		} else {
			_, _ = fmt.Fprintln(w, "  it holds no keys: an empty folder needs the archive of rcu backup --keys-only as well")
		}
	})
}

// stopped tells that a command needs rcu up to be stopped, where it runs.
func stopped(h home) error {
	if _, err := os.Stat(h.dir); err != nil {
		return fmt.Errorf("looking for the data folder: %w", err)
	}
	if h.inUse() {
		return fmt.Errorf("the installation in %s is running: stop rcu up first", h.dir)
	}
	return nil
}

// restoreCmd puts an archive back.
type restoreCmd struct {
	configFlags
	File string `arg:"" type:"existingfile" help:"Archive that rcu backup wrote."`
	Keys string `name:"keys" type:"existingfile" placeholder:"FILE" help:"Archive of rcu backup --keys-only, for an empty data folder."`
}

// Help gives the example.
func (restoreCmd) Help() string {
	return "The archive is checked to its end before anything is touched. A folder that has keys keeps them; data and settings are replaced. Then Redis is rebuilt.\n\n" +
		"Example:\n\n  rcu restore /backups/rcu-2026-11-22.tar.gz --data ./data\n  rcu restore /backups/rcu-2026-11-22.tar.gz --data ./new --keys /safe/rcu-keys.tar.gz"
}

// restoreAnswer is what was put back.
type restoreAnswer struct {
	backup.Restored
	Redis rebuild.Report `json:"redis"`
}

// Run puts the archive back and rebuilds Redis.
func (c restoreCmd) Run(ctx context.Context, a *app) error {
	s, err := c.load(a)
	if err != nil {
		return err
	}
	if done, err := c.only(a, s); done || err != nil {
		return err
	}
	if len(s.Kafka.Brokers) > 0 || len(s.Redis.Addrs) > 0 || s.ClickHouse.URL != "" {
		return &boot.UsageError{Err: errors.New("restore is for an installation whose servers rcu up starts: servers of your own have their own backups")}
	}
	h := home{a.data}
	if h.inUse() {
		return stopped(h)
	}
	release, err := h.lock()
	if err != nil {
		return err
	}
	m := newSteps(a)
	restored, err := backup.Restore(ctx, h.dir, c.File, c.Keys, m.set)
	m.done()
	release()
	if err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	st, closeAll, err := openStores(ctx, a, s)
	if err != nil {
		return err
	}
	defer closeAll()
	report, err := rebuildRedis(ctx, a, st.kafka, st.redis, rebuild.Config{})
	if err != nil {
		return err
	}
	return a.answer(restoreAnswer{restored, report}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "restored %d files of %s\n", restored.Files, restored.Created)
		printReport(w, report)
		if restored.KeysAbsent {
			_, _ = fmt.Fprintln(w, "  there are no keys in this folder: rcu up does not start in it, since new keys would give every customer another id.\n"+
				"  Put the archive back once more, with --keys.")
		}
	})
}

// take is lock for whoever works with what lies in the folder. One into which an archive was put in part is refused.
func (h home) take() (release func(), err error) {
	if release, err = h.lock(); err != nil {
		return nil, err
	}
	if err = h.unrestored(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// unrestored refuses a folder into which an archive was put in part, and removes what a restore left that had touched nothing yet.
func (h home) unrestored() error {
	if _, err := os.Stat(h.path(backup.Unfinished)); err == nil {
		return fmt.Errorf("a restore into %s was cut short: run rcu restore again with the same archive", h.dir)
	}
	return backup.Clear(h.dir) //nolint:wrapcheck // says all
}
