package testkit

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Disk is a file system of its own in memory, small enough to be filled.
type Disk struct {
	t      testing.TB
	Dir    string
	filler string
}

// NewDisk mounts a file system of so many bytes on a new folder until the test ends.
func NewDisk(t testing.TB, dir string, bytes int64) *Disk {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatalf("testkit: making the folder of a disk: %v", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+strconv.FormatInt(bytes, 10)); err != nil {
		Missing(t, BackendTmpfs, "mounting one: "+err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ran(t, BackendTmpfs, dir)
	return &Disk{t: t, Dir: dir, filler: filepath.Join(dir, "filler")}
}

// Free is how many bytes can still be written.
func (d *Disk) Free() int64 {
	d.t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.Dir, &st); err != nil {
		d.t.Fatalf("testkit: asking for the room of a disk: %v", err)
	}
	return int64(st.Bavail) * st.Bsize
}

// Fill writes until at most so many bytes are free. What others free meanwhile stays free until the next call.
func (d *Disk) Fill(leave int64) {
	d.t.Helper()
	f, err := os.OpenFile(d.filler, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("testkit: filling a disk: %v", err)
	}
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	page := make([]byte, 4096)
	for d.Free() > leave {
		if _, err := f.Write(page); err != nil && !errors.Is(err, syscall.ENOSPC) {
			d.t.Fatalf("testkit: filling a disk: %v", err)
		} else if err != nil {
			return
		}
	}
}

// Empty takes what Fill wrote away.
func (d *Disk) Empty() {
	d.t.Helper()
	if err := os.Remove(d.filler); err != nil {
		d.t.Fatalf("testkit: freeing a disk: %v", err)
	}
}
