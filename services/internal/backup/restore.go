package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rcu/pkg/wholefile"
)

// stagedName is the folder to unpack in.
const stagedName = "restore.new"

// recordsSuffix ends the name of a file with records of a partition; one that nobody wrote to has none.
const recordsSuffix = ".dat"

// Unfinished lies in a data folder while an archive is put into it; with it, nothing may be started.
const Unfinished = "restore.unfinished"

// Restored says what a restore found.
type Restored struct {
	Manifest   `json:"-"`
	Files      int    `json:"files"`
	Bytes      int64  `json:"bytes"`
	Created    string `json:"created"`
	KeysKept   bool   `json:"keys_kept"`   // those of the folder
	KeysGiven  bool   `json:"keys_given"`  // those of an archive of keys
	KeysAbsent bool   `json:"keys_absent"` // personal values stay closed
}

// Errors that say what to do about them.
var (
	ErrOtherKeys = errors.New("the archive was made with other keys than this folder has: nothing was touched")
	ErrKeysStand = errors.New("the folder has keys of its own, which stay; --keys is for an empty folder: nothing was touched")
	ErrNotOurs   = errors.New("the folder is not empty and holds no installation: choose another one; nothing was touched")
)

// Restore puts an archive into a data folder, and keys into one that has none. keys may be empty. Both archives are checked before
// anything is touched. What the folder had of data and settings goes; its keys stay.
func Restore(ctx context.Context, dir, archive, keys string, progress Progress) (r Restored, err error) {
	if _, err := os.Stat(filepath.Join(dir, Unfinished)); err == nil {
		if err := changeOver(dir, filepath.Join(dir, stagedName)); err != nil {
			return r, err
		}
	}
	if r.Manifest, err = Verify(ctx, archive, Data, progress); err != nil {
		return r, err
	}
	r.Files, r.Bytes, r.Created = len(r.Manifest.Files), r.Manifest.Bytes, r.Manifest.Created.Format("2006-01-02 15:04:05 MST")
	if err := ours(dir); err != nil {
		return r, err
	}
	if err := r.judgeKeys(dir, keys != ""); err != nil {
		return r, err
	}
	if keys != "" {
		k, err := Verify(ctx, keys, Keys, progress)
		if err != nil {
			return r, fmt.Errorf("checking the archive of keys: %w", err)
		}
		if k.Fingerprint != r.Fingerprint {
			return r, ErrOtherKeys
		}
	}
	return r, r.put(ctx, dir, archive, keys, progress)
}

// ours refuses a folder of something else: folders in it that are called as ours are would be deleted.
func ours(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking into the data folder: %w", err)
	}
	strange := false
	for _, e := range entries {
		if e.Name() == fingerprint {
			return nil
		}
		strange = strange || !slices.Contains(beforehand, e.Name())
	}
	if strange {
		return ErrNotOurs
	}
	return nil
}

// beforehand is what may lie in an empty data folder: its lock, keys and ledger that were put there, and what a restore left that was cut short.
var beforehand = []string{"lock", keyFile, "erasures.ledger", stagedName}

// judgeKeys says whose keys the folder will have, and refuses those that the data were not made with.
func (r *Restored) judgeKeys(dir string, given bool) error {
	own, err := os.ReadFile(filepath.Join(dir, fingerprint)) //nolint:gosec // a fixed name in our own folder
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the fingerprint of the keys: %w", err)
	}
	if r.KeysKept, err = holdsKeys(dir); err != nil {
		return err
	}
	r.KeysGiven = given
	r.KeysAbsent = !r.KeysKept && !r.KeysGiven
	switch {
	case r.KeysKept && r.KeysGiven:
		return ErrKeysStand
	case (r.KeysKept || len(own) > 0) && strings.TrimSpace(string(own)) != r.Fingerprint:
		return ErrOtherKeys
	}
	return nil
}

// put unpacks beside the folder's own files and then changes them over. Cut short, it is done again from the begin.
func (r *Restored) put(ctx context.Context, dir, archive, keys string, progress Progress) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if err := Clear(dir); err != nil {
		return err
	}
	staged := filepath.Join(dir, stagedName)
	if err := r.stage(ctx, dir, staged, archive, keys, progress); err != nil {
		return errors.Join(err, Clear(dir))
	}
	note := filepath.Join(dir, Unfinished)
	if err := wholefile.Write(note, nil); err != nil {
		return errors.Join(fmt.Errorf("noting that a restore is under way: %w", err), os.RemoveAll(note), Clear(dir))
	}
	return changeOver(dir, staged)
}

// Clear removes what a restore unpacked that was cut short before it touched anything: copies of keys lie there, which an erasure would not destroy.
func Clear(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, stagedName)); err != nil {
		return fmt.Errorf("removing what an unfinished restore unpacked: %w", err)
	}
	return nil
}

// stage unpacks beside the folder's own files what will stand in their place, and waits until it is on disk.
func (r *Restored) stage(ctx context.Context, dir, staged, archive, keys string, progress Progress) error {
	if err := unpack(ctx, archive, staged, r.Manifest.Bytes, progress); err != nil {
		return err
	}
	if keys != "" {
		if err := unpack(ctx, keys, staged, -1, progress); err != nil {
			return err
		}
	}
	switch {
	case r.KeysKept:
		if err := keepKeys(dir, staged); err != nil {
			return err
		}
	case r.KeysAbsent: // so that nothing is started with new keys, under which every customer would get another id
		if err := os.WriteFile(filepath.Join(staged, fingerprint), []byte(r.Fingerprint+"\n"), 0o600); err != nil {
			return fmt.Errorf("noting the fingerprint of the keys: %w", err)
		}
	}
	for _, name := range replaced { // also where the archive has none
		if err := os.MkdirAll(filepath.Join(staged, name), 0o700); err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
	}
	return settle(staged)
}

func unpack(ctx context.Context, archive, into string, total int64, progress Progress) error {
	done := int64(0)
	_, err := each(archive, func(h *tar.Header, content io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(into, filepath.FromSlash(h.Name)) // Verify refused names that lead elsewhere
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		if h.Typeflag == tar.TypeSymlink {
			return os.Symlink(h.Linkname, path)
		}
		out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // as above
		if err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		n, err := io.Copy(out, content)
		if err = errors.Join(err, out.Close()); err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		done += n
		progress("unpacking", done, total)
		return nil
	})
	return err
}

// holdsKeys reports whether a folder has a key file, or keys of subjects: the key file may lie elsewhere.
func holdsKeys(dir string) (bool, error) {
	files, _, err := list(dir, Keys)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return slices.ContainsFunc(files, func(f file) bool {
		return f.Path == keyFile || strings.HasSuffix(f.Path, recordsSuffix) && f.Size > 0
	}), nil
}

// keepKeys copies the partitions of rcu.keys that the folder has to where they will lie.
func keepKeys(dir, staged string) error {
	from, to := filepath.Join(dir, filepath.FromSlash(partitions)), filepath.Join(staged, filepath.FromSlash(partitions))
	entries, err := os.ReadDir(from)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for the keys of the folder: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), keysTopic) {
			continue
		}
		if err := os.CopyFS(filepath.Join(to, e.Name()), os.DirFS(filepath.Join(from, e.Name()))); err != nil {
			return fmt.Errorf("keeping the keys of the folder: %w", err)
		}
	}
	return nil
}

// settle waits until a tree is on disk: keys in it are about to be the only ones.
func settle(tree string) error {
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		f, err := os.Open(path) //nolint:gosec // unpacked here
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
	if err != nil {
		return fmt.Errorf("waiting for the disk: %w", err)
	}
	return nil
}

// replaced are the folders that an archive replaces whole.
var replaced = []string{"kafka", "clickhouse", "imports"}

// changeOver puts what was unpacked in the place of what stood there. What was unpacked may be the only copy of the folder's keys by then,
// so a change that was cut short is finished, never begun anew. Redis is derived and goes.
func changeOver(dir, staged string) error {
	entries, err := os.ReadDir(staged)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("putting the archive in its place: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "redis")); err != nil {
		return fmt.Errorf("removing the old redis: %w", err)
	}
	for _, e := range entries {
		to := filepath.Join(dir, e.Name())
		if err := errors.Join(os.RemoveAll(to), os.Rename(filepath.Join(staged, e.Name()), to)); err != nil {
			return fmt.Errorf("putting the archive in its place: %w", err)
		}
	}
	if err := errors.Join(os.RemoveAll(staged), os.Remove(filepath.Join(dir, Unfinished))); err != nil {
		return fmt.Errorf("ending the restore: %w", err)
	}
	return nil
}
