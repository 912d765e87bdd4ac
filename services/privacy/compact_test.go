package privacy_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	eventpb "rcu/schemas/event"
	"rcu/services/privacy"
)

var errDisk = errors.New("no space left on device")

func list(ds ...*eventpb.Decision) []*eventpb.Decision { return ds }

// linesOf counts the lines of a ledger.
func linesOf(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return bytes.Count(text, []byte{'\n'})
}

// lived is a ledger of points that were erased and came back so many times, of which some are noted as destroyed; it is whole.
func lived(t *testing.T, path string, times int64) (*privacy.Ledger, []privacy.Entry) {
	t.Helper()
	l := openLedger(t, path)
	require.NoError(t, l.SetWhole())
	for n := range times {
		for point := byte(1); point <= 3; point++ {
			hears(t, l, said(point, "object", 100+n*10))
			if point != 3 || n+1 < times { // the last of one lies
				hears(t, l, said(point, "grant", 105+n*10))
			}
		}
		require.NoError(t, l.SetDestroyed(l.All()[:1], 1000+n))
		require.LessOrEqual(t, linesOf(t, path), 2*4, "no more than twice what is alive: three points, and that it is whole")
	}
	return l, l.All()
}

// same holds a ledger that is opened again to what is known of it, and to what is written to it then.
func same(t *testing.T, path string, want []privacy.Entry, what string) {
	t.Helper()
	read, err := privacy.ReadLedger(path)
	require.NoError(t, err, what)
	require.Equal(t, want, read, what)
	l, err := privacy.OpenLedger(path)
	require.NoError(t, err, what)
	require.True(t, l.Whole(), what)
	require.Equal(t, want, l.All(), what)
	hears(t, l, said(9, "object", 5000))
	require.NoError(t, l.Close())
	read, err = privacy.ReadLedger(path)
	require.NoError(t, err, what)
	require.Len(t, read, len(want)+1, what)
	require.NoFileExists(t, path+".new", what)
}

// However often people are erased and come back, the ledger stays small, and loses no erasure that is in force, no end and no key that was destroyed.
func TestLedger_isRewrittenWhenHalfOfItCountsNoMore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures.ledger")
	l, all := lived(t, path, 50)
	require.Len(t, all, 3)
	lying := 0
	for _, e := range all {
		if e.EndsAt == 0 {
			lying++
			require.EqualValues(t, 590, e.DecidedAt)
		}
	}
	require.Equal(t, 1, lying)
	require.NoError(t, l.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	same(t, path, all, "opened again")
}

// A ledger from before it was rewritten at all is rewritten when it is opened.
func TestLedger_ofBeforeIsRewrittenAtItsOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures.ledger")
	l, all := lived(t, path, 1)
	require.NoError(t, l.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Repeat(text, 9), 0o600))
	require.NoError(t, openLedger(t, path).Close())
	require.Equal(t, 4, linesOf(t, path))
	same(t, path, all, "rewritten")
}

// Cut short at any byte of what replaces it, or of what is appended behind it, the ledger is what was known before.
func TestLedger_cutAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "erasures.ledger")
	l, all := lived(t, path, 4)
	require.NoError(t, l.Close())
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	rewritten := filepath.Join(dir, "rewritten.ledger")
	require.NoError(t, os.WriteFile(rewritten, bytes.Repeat(before, 3), 0o600))
	require.NoError(t, openLedger(t, rewritten).Close())
	after, err := os.ReadFile(rewritten)
	require.NoError(t, err)

	cut := filepath.Join(dir, "cut.ledger")
	for n := range len(after) + 1 {
		require.NoError(t, os.WriteFile(cut, before, 0o600))
		require.NoError(t, os.WriteFile(cut+".new", after[:n], 0o600))
		same(t, cut, all, "while it is written beside it")
	}
	one := openLedger(t, rewritten)
	hears(t, one, said(7, "object", 3000))
	require.NoError(t, one.Close())
	more, err := os.ReadFile(rewritten)
	require.NoError(t, err)
	require.Equal(t, string(after), string(more[:len(after)]))
	for n := len(after); n < len(more); n++ {
		require.NoError(t, os.WriteFile(cut, more[:n], 0o600))
		same(t, cut, all, "while a line is appended behind it")
	}
}

// Each step of a rewriting may fail: what was told stays told, the ledger can still be written, and the next rewriting succeeds. The bytes are on disk before the
// name is theirs, and nothing is appended to a file whose name may be lost.
func TestLedger_everyStepMayFail(t *testing.T) {
	for _, fails := range []string{"write", "sync", "rename", "settle"} {
		t.Run(fails, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "erasures.ledger")
			l := openLedger(t, path)
			require.NoError(t, l.SetWhole())
			hears(t, l, said(1, "object", 100), said(2, "object", 100))
			require.NoError(t, l.SetDestroyed(l.All(), 200))
			hears(t, l, said(1, "grant", 300))
			require.Equal(t, 6, linesOf(t, path), "one more and it is rewritten")

			var steps []string
			broken := true
			privacy.Disk(t, func(step string) error {
				steps = append(steps, step)
				if broken && step == fails && len(steps) > 2 {
					return errDisk
				}
				return nil
			})
			_, err := l.Hear(list(said(2, "grant", 300)))
			require.ErrorIs(t, err, errDisk)
			want := l.All()
			require.EqualValues(t, 300, want[1].EndsAt, "it was told before")
			read, err := privacy.ReadLedger(path)
			require.NoError(t, err)
			require.Equal(t, want, read)
			require.NoFileExists(t, path+".new")
			if fails == "settle" {
				_, err := l.Hear(list(said(3, "object", 400)))
				require.ErrorIs(t, err, errDisk, "nothing is appended to a file whose name may be lost")
				require.Len(t, l.All(), 2)
			}
			broken, steps = false, nil
			hears(t, l, said(3, "object", 400))
			require.NoError(t, l.SetDestroyed(l.All(), 500))
			require.NoError(t, l.SetDestroyed(l.All(), 600))
			want = l.All()
			require.Contains(t, strings.Join(steps, " "), "write sync rename settle", "on disk, then named, then settled")
			require.LessOrEqual(t, linesOf(t, path), 2*4)
			require.NoError(t, l.Close())
			same(t, path, want, "opened again")
		})
	}
}

// A line that a full disk cut short is taken away, so that no other stands behind half of it.
func TestLedger_halfALineIsTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures.ledger")
	l := openLedger(t, path)
	require.NoError(t, l.SetWhole())
	for _, fails := range []string{"write", "sync"} {
		privacy.Disk(t, func(step string) error {
			if step == fails {
				return errDisk
			}
			return nil
		})
		_, err := l.Hear(list(said(1, "object", 100)))
		require.ErrorIs(t, err, errDisk)
		require.Empty(t, l.All(), "nobody acts on it")
	}
	privacy.Disk(t, nil)
	require.Equal(t, 1, hears(t, l, said(1, "object", 100)), "told again")
	require.NoError(t, l.Close())
	same(t, path, l.All(), "opened again")
}
