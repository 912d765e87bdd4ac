package match_test

import (
	"os"
	"strconv"
	"testing"

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
