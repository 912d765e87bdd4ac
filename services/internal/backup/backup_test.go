package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/backup"
)

// childDir makes this program restore an archive instead of testing: the test kills it.
const childDir = "RCU_TEST_RESTORE_INTO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if _, err := backup.Restore(context.Background(), dir, os.Args[1], "", quietly); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func quietly(string, int64, int64) {}

// tree is the content of files by their path.
type tree map[string]string

// installation is a data folder as rcu up leaves it; now tells two states of the same installation apart.
func installation(now string) tree {
	out := tree{
		"keys.json": "the key file", "keys.fingerprint": "f1\n", "source-keys.json": "of sources", "sources.yaml": "sources " + now, "demo.done": "",
		"denials.journal": "denials " + now, "lock": "", "rcu.log": "log", "redis/appendonly.aof": "derived", "clickhouse/passwords.json": "secret",
		"imports/a.json": now, "clickhouse/data/store/x.bin": noise(now, 100_000), "clickhouse/data/status": "pid",
	}
	for p := range 8 {
		out[fmt.Sprintf("kafka/data/partitions/rcu.orders-%d/0.dat", p)] = noise(fmt.Sprint(now, p), 20_000)
		out[fmt.Sprintf("kafka/data/partitions/rcu.keys-%d/0.dat", p)] = "key of a subject, " + now
	}
	return out
}

// noise is content in which every byte counts: of one that repeats itself, an archive with another bit may unpack to the same.
func noise(seed string, n int) string {
	source := rand.NewChaCha8(sha256.Sum256([]byte(seed)))
	out := make([]byte, n)
	_, _ = source.Read(out)
	return string(out)
}

func (x tree) write(t *testing.T, dir string) string {
	t.Helper()
	for name, content := range x {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func read(t *testing.T, dir string) tree {
	t.Helper()
	out := tree{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		content, err := os.ReadFile(path)
		out[filepath.ToSlash(rel)] = string(content)
		return err
	}))
	return out
}

// only gives the files that a predicate chooses.
func (x tree) only(choose func(name string) bool) tree {
	out := tree{}
	for name, content := range x {
		if choose(name) {
			out[name] = content
		}
	}
	return out
}

func isKey(name string) bool {
	return strings.Contains(name, "/rcu.keys-") || name == "keys.json" || name == "keys.fingerprint" || name == "source-keys.json"
}

func isData(name string) bool {
	return !isKey(name) && (strings.HasPrefix(name, "kafka/") || strings.HasPrefix(name, "imports/") || name == "clickhouse/data/store/x.bin" ||
		name == "sources.yaml" || name == "demo.done" || name == "denials.journal")
}

// archives writes both archives of an installation.
func archives(t *testing.T, x tree) (data, keys string) {
	t.Helper()
	dir := x.write(t, t.TempDir())
	data, keys = filepath.Join(t.TempDir(), "data.tar.gz"), filepath.Join(t.TempDir(), "keys.tar.gz")
	for name, kind := range map[string]backup.Kind{data: backup.Data, keys: backup.Keys} {
		_, err := backup.Write(t.Context(), dir, name, kind, "test", quietly)
		require.NoError(t, err)
	}
	return data, keys
}

func TestRestore_intoAnEmptyFolder(t *testing.T) {
	was := installation("then")
	data, keys := archives(t, was)
	dir := filepath.Join(t.TempDir(), "new")
	r, err := backup.Restore(t.Context(), dir, data, keys, quietly)
	require.NoError(t, err)
	require.True(t, r.KeysGiven)
	require.Equal(t, was.only(func(name string) bool { return isKey(name) || isData(name) }), read(t, dir))
}

func TestRestore_withoutKeys(t *testing.T) {
	was := installation("then")
	data, keys := archives(t, was)
	dir := filepath.Join(t.TempDir(), "new")
	r, err := backup.Restore(t.Context(), dir, data, "", quietly)
	require.NoError(t, err)
	require.True(t, r.KeysAbsent)
	want := was.only(isData)
	want["keys.fingerprint"] = was["keys.fingerprint"] // nothing starts with new keys in this folder
	require.Equal(t, want, read(t, dir))

	tree{"kafka/data/partitions/rcu.keys-0/0.dat": ""}.write(t, dir) // the topic was made, nobody wrote to it
	_, err = backup.Restore(t.Context(), dir, data, keys, quietly)
	require.NoError(t, err)
	require.Equal(t, was.only(func(name string) bool { return isKey(name) || isData(name) }), read(t, dir))
}

func TestRestore_keepsTheKeysOfTheFolder(t *testing.T) {
	was, is := installation("then"), installation("now")
	elsewhere := is.only(func(name string) bool { return name != "keys.json" })
	data, keys := archives(t, was)
	for name, folder := range map[string]tree{"with its key file": is, "with a key file elsewhere": elsewhere} {
		t.Run(name, func(t *testing.T) {
			dir := folder.write(t, t.TempDir())
			_, err := backup.Restore(t.Context(), dir, data, keys, quietly)
			require.ErrorIs(t, err, backup.ErrKeysStand)
			require.Equal(t, folder, read(t, dir))

			r, err := backup.Restore(t.Context(), dir, data, "", quietly)
			require.NoError(t, err)
			require.True(t, r.KeysKept)
			require.Equal(t, folder.only(isKey), read(t, dir).only(isKey))
			require.Equal(t, was.only(isData), read(t, dir).only(isData))
			require.NotContains(t, read(t, dir), "redis/appendonly.aof", "it is derived")
		})
	}
}

func TestRestore_ofOtherKeys(t *testing.T) {
	data, _ := archives(t, installation("then"))
	other := installation("now")
	other["keys.fingerprint"] = "f2\n"
	for name, folder := range map[string]tree{
		"with its key file":         other,
		"with a key file elsewhere": other.only(func(name string) bool { return name != "keys.json" }),
		"without any key":           {"keys.fingerprint": "f2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder.write(t, t.TempDir())
			_, err := backup.Restore(t.Context(), dir, data, "", quietly)
			require.ErrorIs(t, err, backup.ErrOtherKeys)
			require.Equal(t, folder, read(t, dir))
		})
	}
}

func TestRestore_ofADamagedArchive(t *testing.T) {
	data, keys := archives(t, installation("then"))
	whole, err := os.ReadFile(data)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 1))
	damages := map[string][]byte{"empty": {}, "longer": append(bytes.Clone(whole), 7), "keys in the place of data": must(os.ReadFile(keys))}
	for range 30 {
		at := rng.IntN(len(whole))
		damages[fmt.Sprintf("cut at %d", at)] = whole[:at]
		if flipped := bytes.Clone(whole); at >= 10 { // before: the header of gzip, whose time and system say nothing
			flipped[at] ^= 1 << rng.IntN(8)
			damages[fmt.Sprintf("one bit at %d", at)] = flipped
		}
	}
	for name, content := range damages {
		t.Run(name, func(t *testing.T) {
			folder := installation("now")
			dir := folder.write(t, t.TempDir())
			archive := filepath.Join(t.TempDir(), "damaged")
			require.NoError(t, os.WriteFile(archive, content, 0o600))
			_, err := backup.Restore(t.Context(), dir, archive, "", quietly)
			require.Error(t, err)
			require.Equal(t, folder, read(t, dir))
		})
	}
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

// An archive of somebody else writes nowhere but into the folder.
func TestRestore_outsideTheFolder(t *testing.T) {
	data, _ := archives(t, installation("then"))
	dir := t.TempDir()
	_, err := backup.Restore(t.Context(), filepath.Join(dir, "in"), renamed(t, data, "imports/a.json", "imports/../../out"), "", quietly)
	require.ErrorIs(t, err, backup.ErrDamaged)
	require.NoFileExists(t, filepath.Join(dir, "out"))
}

// renamed writes an archive again with another name for one of its files, in its manifest, too.
func renamed(t *testing.T, archive, from, to string) string {
	t.Helper()
	in, err := os.Open(archive)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	z, err := gzip.NewReader(in)
	require.NoError(t, err)
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	target, entries := tar.NewWriter(zipped), tar.NewReader(z)
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(entries)
		require.NoError(t, err)
		content = bytes.ReplaceAll(content, []byte(from), []byte(to))
		if h.Name == from {
			h.Name = to
		}
		h.Size = int64(len(content))
		require.NoError(t, target.WriteHeader(h))
		_, err = target.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(target.Close(), zipped.Close()))
	path := filepath.Join(t.TempDir(), "renamed.tar.gz")
	require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
	return path
}

// A restore is killed at some moment and begun again: as if it had run through, and no key of the folder is lost on the way.
func TestRestore_killed(t *testing.T) {
	was, is := installation("then"), installation("now")
	data, _ := archives(t, was)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	unfinished := 0
	for range 15 {
		dir := is.write(t, t.TempDir())
		for range 3 {
			killRestore(t, dir, data, rng)
			if _, err := os.Stat(filepath.Join(dir, backup.Unfinished)); err == nil {
				unfinished++
			}
		}
		_, err := backup.Restore(t.Context(), dir, data, "", quietly)
		require.NoError(t, err)
		require.Equal(t, is.only(isKey), read(t, dir).only(isKey))
		require.Equal(t, was.only(isData), read(t, dir).only(isData))
	}
	require.Positive(t, unfinished, "no kill came while files were changed over")
}

// killRestore kills a restore at any moment, or while it changes files over, which takes a few milliseconds at its end.
func killRestore(t *testing.T, dir, archive string, rng *rand.Rand) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), program, archive)
	child.Env = append(os.Environ(), childDir+"="+dir)
	require.NoError(t, child.Start())
	ended := make(chan struct{})
	go func() { _ = child.Wait(); close(ended) }()
	anyMoment := time.After(time.Duration(rng.Int64N(int64(100 * time.Millisecond))))
	if rng.IntN(3) > 0 {
		anyMoment = nil
	}
	for {
		select {
		case <-ended:
			return
		case <-anyMoment:
			_ = child.Process.Kill()
			<-ended
			return
		default:
		}
		if _, err := os.Stat(filepath.Join(dir, backup.Unfinished)); err == nil && anyMoment == nil {
			_ = child.Process.Kill()
			<-ended
			return
		}
	}
}

// A folder of services on servers of their own has settings and keys, and none of the data: an archive of it would only look like a backup.
func TestWrite_withoutAKafkaIsNoBackupOfTheData(t *testing.T) {
	dir := tree{"keys.json": "the key file", "keys.fingerprint": "f1\n", "sources.yaml": "sources"}.write(t, t.TempDir())
	target := filepath.Join(t.TempDir(), "a.tar.gz")
	_, err := backup.Write(t.Context(), dir, target, backup.Data, "v", quietly)
	require.ErrorContains(t, err, "back up your own with their own tools")
	require.NoFileExists(t, target)
	_, err = backup.Write(t.Context(), dir, target, backup.Keys, "v", quietly)
	require.NoError(t, err)
}
