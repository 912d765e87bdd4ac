package match_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// TestSpeed resolves files of RCU_MATCH_ROWS rows.
func TestSpeed(t *testing.T) {
	testkit.Long(t)
	for _, i := range []int{0, 1} {
		s := schemaList[i]
		n, _ := strconv.Atoi(os.Getenv("RCU_MATCH_ROWS"))
		s.people = max(n, 1000) / (2 + i*4)
		header, rows, who := generate(&s, 5)
		got := resolve(t, header, rows, who)
		t.Logf("%s %d rows: F1 %.4f P %.4f R %.4f block %.4f in %v; compared %d dropped %+v", s.name, len(rows), got.F1, got.Precision, got.Recall, got.BlockingRecall, got.took, got.res.Pairs.Compared, got.res.Pairs.Blocks)
	}
}

// TestWriteFile writes a made-up file of RCU_MATCH_ROWS rows to RCU_MATCH_FILE, with the truth in the column person.
func TestWriteFile(t *testing.T) {
	testkit.Long(t)
	name := os.Getenv("RCU_MATCH_FILE")
	if name == "" {
		return
	}
	n, err := strconv.Atoi(os.Getenv("RCU_MATCH_ROWS"))
	require.NoError(t, err)
	s := schemaList[0]
	s.people = n * 100 / 181
	header, rows, who := generate(&s, 9)
	f, err := os.Create(name)
	require.NoError(t, err)
	w := csv.NewWriter(f)
	require.NoError(t, w.Write(append(header, "person")))
	for i := range rows {
		require.NoError(t, w.Write(append(rows[i], who[i])))
	}
	w.Flush()
	require.NoError(t, w.Error())
	require.NoError(t, f.Close())
}
