package fleet

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLengths_kept(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	type look struct {
		ms    int
		name  string
		bytes int64
	}
	grows := []look{{0, "a", 100}, {100, "a", 200}, {200, "a", 200}, {300, "a", 400}}
	for _, tt := range []struct {
		name  string
		looks []look
		back  int
		part  float64
		want  int64
	}{
		{"nothing was known", nil, 1000, .5, 400},
		{"no time at all", grows, 0, .5, 400},
		{"as it was then", grows, 200, 0, 200},
		{"within what came next", grows, 50, .5, 300},
		{"no further back than is known", grows, 9000, .5, 100},
		{"a file that was begun since", []look{{0, "a", 900}, {100, "b", 300}, {300, "b", 400}}, 300, .5, 150},
		{"a file that was begun before", []look{{0, "a", 900}, {100, "b", 300}, {300, "b", 400}}, 150, 0, 300},
		{"not before a cut", []look{{0, "a", 900}, {100, "a", 300}, {300, "a", 400}}, 1000, .5, 300},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var l lengths
			for _, x := range tt.looks {
				l.note(x.name, length{at(x.ms), x.bytes})
			}
			loss := Loss{Back: time.Duration(tt.back) * time.Millisecond, Part: tt.part}
			require.Equal(t, tt.want, l.kept(loss, length{at(300), 400}))
		})
	}
}

func TestLengths_areFew(t *testing.T) {
	var l lengths
	now := time.Now()
	for i := range int64(10 * lengthsAtMost) {
		l.note("a", length{now.Add(time.Duration(i) * time.Millisecond), i})
	}
	require.Len(t, l.known, lengthsAtMost)
	l.note("a", length{now.Add(time.Hour), 1 << 20})
	require.Len(t, l.known, 2)
}

func TestLoseRedis_cutsTheFileThatIsAppendedTo(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, Redis, "appendonlydir")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	file := filepath.Join(folder, "appendonly.aof.2.incr.aof")
	f := &Fleet{cfg: Config{Dir: dir}, lengths: lengths{dir: filepath.Join(dir, Redis)}}
	_, err := f.LoseRedis(time.Now(), Loss{})
	require.ErrorIs(t, err, errNoFile)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "appendonly.aof.manifest"), []byte("file appendonly.aof.1.incr.aof seq 1 type i\nfile "+filepath.Base(file)+" seq 2 type i\n"), 0o600))
	require.NoError(t, os.WriteFile(file, make([]byte, 500), 0o600))
	now := time.Now()
	f.lengths.note(file, length{now.Add(-time.Second), 300})
	lost, err := f.LoseRedis(now, Loss{Back: time.Second / 2, Part: .25})
	require.NoError(t, err)
	require.Equal(t, int64(150), lost)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, int64(350), info.Size())
}
