package backup_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/backup"
)

// What lies in a folder of something else may be called as ours is: nothing of it is deleted.
func TestRestore_intoAFolderOfSomethingElse(t *testing.T) {
	data, keys := archives(t, installation("then"))
	other := tree{"redis/dump.rdb": "of somebody else", "clickhouse/store/x": "of theirs", "notes": ""}
	dir := other.write(t, t.TempDir())
	for _, k := range []string{"", keys} {
		_, err := backup.Restore(t.Context(), dir, data, k, quietly)
		require.ErrorIs(t, err, backup.ErrNotOurs)
		require.Equal(t, other, read(t, dir))
	}
	before := tree{"lock": "", "erasures.ledger": "lines"}
	dir = before.write(t, t.TempDir())
	_, err := backup.Restore(t.Context(), dir, data, keys, quietly)
	require.NoError(t, err)
	require.Equal(t, "lines", read(t, dir)["erasures.ledger"], "the copy that was put there")
}

// A restore that ends before it touches anything leaves no copy of the folder's keys, and no full disk.
func TestRestore_thatEndsWhileItUnpacksLeavesNothing(t *testing.T) {
	data, _ := archives(t, installation("then"))
	now := installation("now")
	dir := now.write(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	_, err := backup.Restore(ctx, dir, data, "", func(step string, done, total int64) {
		if step == "unpacking" && done > total/2 {
			stop()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, now, read(t, dir))
}

func TestClear_removesWhatAKilledRestoreUnpacked(t *testing.T) {
	now := installation("now")
	left := maps.Clone(now)
	left["restore.new/kafka/data/partitions/rcu.keys-0/0.dat"] = "key of a subject"
	dir := left.write(t, t.TempDir())
	require.NoError(t, backup.Clear(dir))
	require.Equal(t, now, read(t, dir))
}

func TestWrite_saysWhatStandsInTheWay(t *testing.T) {
	dir := installation("now").write(t, t.TempDir())
	target := filepath.Join(t.TempDir(), "x.tar.gz")
	require.NoError(t, os.Symlink("/dev/full", filepath.Join(filepath.Dir(target), ".x.tar.gz.new")))
	_, err := backup.Write(t.Context(), dir, target, backup.Data, "v", quietly)
	require.ErrorContains(t, err, "no space left on device")
	require.NotContains(t, err.Error(), "running")

	_, err = backup.Write(t.Context(), dir, target, backup.Data, "v", func(string, int64, int64) {
		require.NoError(t, os.Truncate(filepath.Join(dir, "kafka/data/partitions/rcu.orders-7/0.dat"), 10))
	})
	require.ErrorContains(t, err, "became shorter while it was read: is the installation running?")
	require.NoFileExists(t, target)
}
