package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Engine is one published build of the ClickHouse engine.
type Engine struct {
	Package string // npm package
	Version string
	SHA512  string // base64 of the package's sha512, as npm writes it
	Library string // the file wanted from it
	Bytes   int64  // size of the package, for the progress
}

// engines are the builds with a checked checksum, by GOOS/GOARCH. A platform without an entry has no embedded engine:
// nothing is loaded whose checksum was not seen.
var engines = map[string]Engine{
	"linux/amd64": {
		Package: "@chdb/lib-linux-x64-gnu",
		Version: "26.7.3-stable.1",
		SHA512:  "XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
		Library: "libchdb.so",
		Bytes:   177817999,
	},
}

// NpmMissing is what to tell when the engine must be fetched and npm is not there.
const NpmMissing = "the ClickHouse engine is not installed and npm, which fetches it, is missing: run `apt-get install npm` (or install Node.js), or give --clickhouse URL"

// Progress is told how a step of the installation goes on; total is 0 when it is not known.
type Progress func(step string, done, total int64)

// EnginePath is where the engine of this platform lies in the cache, installed or not.
func EnginePath() (string, error) {
	e, err := platformEngine()
	if err != nil {
		return "", err
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "clickhouse", e.Version+"-"+runtime.GOOS+"-"+runtime.GOARCH, e.Library), nil
}

// EngineInstalled reports whether the engine lies in the cache.
func EngineInstalled() (bool, error) {
	path, err := EnginePath()
	if err != nil {
		return false, err
	}
	_, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the ClickHouse engine: %w", err)
	}
	return true, nil
}

// InstallEngine fetches the engine once and gives the path of its library. Processes that install at the same time
// wait for each other; what is fetched is checked before it is unpacked, and appears whole or not at all.
func InstallEngine(ctx context.Context, progress Progress) (string, error) {
	path, err := EnginePath()
	if err != nil {
		return "", err
	}
	e, err := platformEngine()
	if err != nil {
		return "", err
	}
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	if ok, err := EngineInstalled(); err != nil || ok {
		return path, err
	}
	base := filepath.Dir(filepath.Dir(path))
	if err := os.MkdirAll(base, 0o750); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := lockFile(ctx, filepath.Join(base, "install.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if ok, err := EngineInstalled(); err != nil || ok {
		return path, err
	}
	return path, e.install(ctx, base, filepath.Dir(path), progress)
}

func platformEngine() (Engine, error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	e, ok := engines[platform]
	if !ok {
		return Engine{}, fmt.Errorf("there is no pinned ClickHouse engine for %s: run a ClickHouse server and give --clickhouse URL", platform)
	}
	return e, nil
}

func (e Engine) install(ctx context.Context, base, target string, progress Progress) error {
	work, err := os.MkdirTemp(base, "install-*")
	if err != nil {
		return fmt.Errorf("making a folder to install in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	archive, err := e.fetch(ctx, work, progress)
	if err != nil {
		return err
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := e.unpack(archive, unpacked, progress); err != nil {
		return err
	}
	if err := os.Rename(unpacked, target); err != nil {
		return fmt.Errorf("putting the ClickHouse engine in its place: %w", err)
	}
	return nil
}

// fetch lets npm get the package, since npm knows the user's registry or mirror. npm tells no progress to a program,
// so what it has written so far is watched.
func (e Engine) fetch(ctx context.Context, work string, progress Progress) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%s: %w", NpmMissing, err)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--pack-destination="+work, //nolint:gosec // fixed arguments
		"--cache="+filepath.Join(work, "npm"), e.Package+"@"+e.Version)
	cmd.Dir = work
	var said bytes.Buffer
	cmd.Stderr = &said
	done := make(chan struct{})
	go watchSize(work, e.Bytes, progress, done)
	err = cmd.Run()
	close(done)
	if err != nil {
		return "", fmt.Errorf("fetching %s@%s with npm: %w: %s", e.Package, e.Version, err, lastText(said.String()))
	}
	found, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("fetching %s@%s with npm: %d packages came instead of one", e.Package, e.Version, len(found))
	}
	return found[0], nil
}

func watchSize(dir string, total int64, progress Progress, done <-chan struct{}) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			progress("fetching the ClickHouse engine", total, total)
			return
		case <-tick.C:
			var size int64
			_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return nil //nolint:nilerr // files come and go while npm works
				}
				if info, err := d.Info(); err == nil {
					size += info.Size()
				}
				return nil
			})
			progress("fetching the ClickHouse engine", min(size, total), total)
		}
	}
}

// unpack checks the whole package against the pinned sum first, then takes the one file wanted.
func (e Engine) unpack(archive, dir string, progress Progress) error {
	f, err := os.Open(archive) //nolint:gosec // just fetched
	if err != nil {
		return fmt.Errorf("opening the fetched ClickHouse engine: %w", err)
	}
	defer func() { _ = f.Close() }()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading the fetched ClickHouse engine: %w", err)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != e.SHA512 {
		return fmt.Errorf("the fetched %s@%s has another checksum than the pinned one: nothing was installed", e.Package, e.Version)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the fetched ClickHouse engine: %w", err)
	}
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpacking the ClickHouse engine: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("unpacking the ClickHouse engine: %w", err)
	}
	return extract(tar.NewReader(zr), "package/"+e.Library, filepath.Join(dir, e.Library), progress)
}

func extract(tr *tar.Reader, name, target string, progress Progress) error {
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpacking the ClickHouse engine: %s is not in the package", name)
		}
		if err != nil {
			return fmt.Errorf("unpacking the ClickHouse engine: %w", err)
		}
		if h.Name != name {
			continue
		}
		out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755) //nolint:gosec // a shared library
		if err != nil {
			return fmt.Errorf("unpacking the ClickHouse engine: %w", err)
		}
		counted := &countingWriter{w: out, total: h.Size, progress: progress}
		_, err = io.Copy(counted, tr)
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("unpacking the ClickHouse engine: %w", err)
		}
		return nil
	}
}

type countingWriter struct {
	w           io.Writer
	done, total int64
	progress    Progress
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.done += int64(n)
	c.progress("unpacking the ClickHouse engine", c.done, c.total)
	return n, err
}

func lastText(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// lockFile takes an exclusive lock that ends with the process; it waits until ctx is done.
func lockFile(ctx context.Context, path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a fixed name in our own folder
	if err != nil {
		return nil, fmt.Errorf("opening a lock: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a file descriptor is small
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("waiting for the lock %s: %w", path, ctx.Err())
		case <-tick.C:
		}
	}
}
