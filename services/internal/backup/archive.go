package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rcu/pkg/wholefile"
)

// format is the version of the archive's form.
const format = 1

// manifestName is the last entry of an archive.
const manifestName = "MANIFEST.json"

// maxManifest bounds the list of files.
const maxManifest = 256 << 20

// Manifest is what an archive says of itself.
type Manifest struct {
	Format      int       `json:"format"`
	Kind        Kind      `json:"kind"`
	Version     string    `json:"version"` // of the program that wrote it
	Created     time.Time `json:"created"`
	Fingerprint string    `json:"fingerprint"` // of the key file that the data were made with
	Bytes       int64     `json:"bytes"`
	Files       []file    `json:"files"`
}

// ErrDamaged says that an archive is not what was written.
var ErrDamaged = errors.New("the archive is damaged: nothing was touched")

// Progress is told how many bytes of a step are done.
type Progress func(step string, done, total int64)

// Write writes the files of a kind into an archive, which appears whole or not at all. The installation is stopped.
func Write(ctx context.Context, dir, target string, kind Kind, version string, progress Progress) (m Manifest, err error) {
	m = Manifest{Format: format, Kind: kind, Version: version, Created: time.Now().UTC().Truncate(time.Second)}
	if m.Files, m.Bytes, err = list(dir, kind); err != nil {
		return m, err
	}
	if len(m.Files) == 0 {
		return m, fmt.Errorf("%s holds no installation", dir)
	}
	if kind == Data && !slices.ContainsFunc(m.Files, func(f file) bool { return strings.HasPrefix(f.Path, "kafka/data/") }) {
		return m, fmt.Errorf("%s has no Kafka of rcu up: this archives the data of servers that rcu up starts itself; back up your own with their own tools, and the keys with --keys-only", dir)
	}
	known, err := os.ReadFile(filepath.Join(dir, fingerprint)) //nolint:gosec // a fixed name in our own folder
	if err != nil {
		return m, fmt.Errorf("reading the fingerprint of the keys: %w", err)
	}
	m.Fingerprint = strings.TrimSpace(string(known))
	if err := wholefile.Fill(target, func(out *os.File) error { return pack(ctx, out, dir, &m, progress) }); err != nil {
		return m, fmt.Errorf("writing the archive: %w", err)
	}
	return m, nil
}

func pack(ctx context.Context, out io.Writer, dir string, m *Manifest, progress Progress) error {
	buffered := bufio.NewWriterSize(out, 1<<20)
	zipped, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return err
	}
	t := tar.NewWriter(zipped)
	done := int64(0)
	for i := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := packFile(t, dir, &m.Files[i]); err != nil {
			return err
		}
		done += m.Files[i].Size
		progress("writing the archive", done, m.Bytes)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	err = t.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(text)), ModTime: m.Created})
	if err == nil {
		_, err = t.Write(text)
	}
	return errors.Join(err, t.Close(), zipped.Close(), buffered.Flush())
}

func packFile(t *tar.Writer, dir string, f *file) error {
	if f.Link != "" {
		return t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: f.Path, Linkname: f.Link, Mode: 0o600})
	}
	in, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.Path))) //nolint:gosec // found in the data folder
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := t.WriteHeader(&tar.Header{Name: f.Path, Mode: 0o600, Size: f.Size}); err != nil {
		return err
	}
	sum := sha256.New()
	switch _, err := io.CopyN(io.MultiWriter(t, sum), in, f.Size); {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s became shorter while it was read: is the installation running?", f.Path)
	case err != nil:
		return fmt.Errorf("archiving %s: %w", f.Path, err)
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// each calls f with every entry of an archive but the manifest, which it returns.
func each(archive string, f func(h *tar.Header, content io.Reader) error) (m Manifest, err error) {
	in, err := os.Open(archive) //nolint:gosec // the file that the user names
	if err != nil {
		return m, fmt.Errorf("opening the archive: %w", err)
	}
	defer func() { _ = in.Close() }()
	zipped, err := gzip.NewReader(bufio.NewReaderSize(in, 1<<20))
	if err != nil {
		return m, errors.Join(ErrDamaged, err)
	}
	t := tar.NewReader(zipped)
	for {
		h, err := t.Next()
		if err != nil { // also the end: it has no manifest
			return m, errors.Join(ErrDamaged, err)
		}
		if h.Name == manifestName {
			if err := json.NewDecoder(io.LimitReader(t, maxManifest)).Decode(&m); err != nil {
				return m, errors.Join(ErrDamaged, err)
			}
			break
		}
		if err := f(h, t); err != nil {
			return m, err
		}
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, ErrDamaged
	}
	if _, err := io.Copy(io.Discard, zipped); err != nil { //nolint:gosec // G110: discarded, for the checksum of the whole
		return m, errors.Join(ErrDamaged, err)
	}
	if m.Format != format {
		return m, fmt.Errorf("the archive has the form %d, this program reads %d", m.Format, format)
	}
	return m, nil
}

// Verify reads an archive to its end and compares every file with its checksum.
func Verify(ctx context.Context, archive string, kind Kind, progress Progress) (Manifest, error) {
	read := map[string]file{}
	done := int64(0)
	m, err := each(archive, func(h *tar.Header, content io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		x := file{Path: h.Name, Link: h.Linkname}
		sum := sha256.New()
		n, err := io.Copy(sum, content)
		if err != nil {
			return errors.Join(ErrDamaged, err)
		}
		if x.Size = n; x.Link == "" {
			x.SHA256 = hex.EncodeToString(sum.Sum(nil))
		}
		read[x.Path] = x
		done += n
		progress("checking the archive", done, -1)
		return nil
	})
	if err != nil {
		return m, err
	}
	if m.Kind != kind {
		return m, fmt.Errorf("the archive holds %s, not %s", m.Kind, kind)
	}
	if len(read) != len(m.Files) {
		return m, ErrDamaged
	}
	for _, want := range m.Files {
		got, ok := read[want.Path]
		local := filepath.IsLocal(filepath.FromSlash(want.Path)) && (want.Link == "" || filepath.IsLocal(filepath.Join(filepath.Dir(filepath.FromSlash(want.Path)), filepath.FromSlash(want.Link))))
		if !ok || got != want || !local || kindOf(want.Path) != kind {
			return m, ErrDamaged
		}
	}
	return m, nil
}
