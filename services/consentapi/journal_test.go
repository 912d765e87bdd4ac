package consentapi

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventpb "rcu/schemas/event"
)

func denialOf(id string) []*eventpb.Decision {
	return []*eventpb.Decision{{Id: id, Purpose: "marketing", Channel: "email", Decision: "withdraw"}, {Id: id + "b", Purpose: "profiling", Decision: "refuse"}}
}

func reopen(t testing.TB, path string) *journal {
	t.Helper()
	j, err := openJournal(path, 1<<20)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.close() })
	return j
}

// Whatever a crash leaves of the last record: those before it are whole, and the next one can be written.
func TestJournalCutAtEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := reopen(t, path)
	for _, id := range []string{"a", "b", "c"} {
		_, err := j.add(denialOf(id))
		require.NoError(t, err)
	}
	require.NoError(t, j.done(1))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	kept := 0
	for n := range len(whole) + 1 {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		j := reopen(t, path)
		require.GreaterOrEqual(t, len(j.left())+min(1, n/len(whole)), kept, "a record is lost with a longer file")
		kept = len(j.left())
		number, err := j.add(denialOf("next"))
		require.NoError(t, err)
		again := reopen(t, path)
		require.Len(t, again.left(), kept+1)
		next, _ := again.get(number)
		require.True(t, proto.Equal(denialOf("next")[0], next[0]))
	}
	require.Equal(t, 2, kept, "a and c; b is done")
}

func TestJournalIsBoundedAndEmptied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, err := openJournal(path, 600)
	require.NoError(t, err)
	var numbers []uint64
	for {
		n, err := j.add(denialOf("x"))
		if err != nil {
			require.ErrorIs(t, err, errJournalFull)
			break
		}
		numbers = append(numbers, n)
	}
	require.NotEmpty(t, numbers)
	require.Less(t, len(numbers), 20)
	for _, n := range numbers {
		require.NoError(t, j.done(n))
		require.NoError(t, j.done(n), "twice")
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Size())
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = j.add(denialOf("y"))
	require.NoError(t, err)
	first, _ := reopen(t, path).get(0)
	require.Empty(t, first, "numbers go on")
	require.NoError(t, j.close())
	_, err = j.add(denialOf("z"))
	require.Error(t, err)
}

// A record that is whole and wrong is set aside, with all that follows it.
func TestJournalSetsAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := reopen(t, path)
	for _, id := range []string{"a", "b"} {
		_, err := j.add(denialOf(id))
		require.NoError(t, err)
	}
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	whole[12]++
	require.NoError(t, os.WriteFile(path, whole, 0o600))
	again := reopen(t, path)
	require.True(t, again.damaged)
	require.Empty(t, again.left())
	aside, err := os.ReadFile(path + ".damaged")
	require.NoError(t, err)
	require.Equal(t, whole, aside)
	require.False(t, reopen(t, path).damaged)
}

func FuzzJournal(f *testing.F) {
	path := filepath.Join(f.TempDir(), "j")
	j := reopen(f, path)
	n, err := j.add(denialOf("a"))
	require.NoError(f, err)
	_, err = j.add(denialOf("b"))
	require.NoError(f, err)
	require.NoError(f, j.done(n))
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "j")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		j, err := openJournal(path, 1<<20)
		if err != nil {
			return
		}
		before := len(j.left())
		require.NoError(t, j.close())
		require.Len(t, reopen(t, path).left(), before, "opening changes nothing")
	})
}
