package match_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/match"
	"rcu/pkg/testkit"
)

// labels are the columns that say who is who, and identifiers that give it away: never part of the input.
var labels = []string{"rec_id", "soc_sec_id", "cluster", "ent_id", "unique_id"}

// readFile reads a file of data/er: header, rows and the column of the truth.
func readFile(t *testing.T, name, truth string) (header []string, rows [][]string, who []string) {
	t.Helper()
	f, err := os.Open(testkit.Data(t, "er", name))
	require.NoError(t, err)
	defer f.Close()
	in := csv.NewReader(f)
	in.TrimLeadingSpace = true
	all, err := in.ReadAll()
	require.NoError(t, err)
	at := slices.Index(all[0], truth)
	require.GreaterOrEqual(t, at, 0)
	keep := func(row []string) (out []string) {
		for i, c := range row {
			if !slices.Contains(labels, all[0][i]) {
				out = append(out, c)
			}
		}
		return out
	}
	for _, row := range all[1:] {
		rows = append(rows, keep(row))
		w := row[at]
		if truth == "rec_id" && strings.Contains(w, "-") {
			w = strings.Split(w, "-")[1]
		}
		who = append(who, w)
	}
	return keep(all[0]), rows, who
}

type scores struct {
	match.Evaluation
	took time.Duration
	res  *match.Result
	recs *match.Records
	who  []string
}

// resolve runs the whole way over rows and scores it.
func resolve(t *testing.T, header []string, rows [][]string, who []string) scores {
	t.Helper()
	start := time.Now()
	s := match.NewSurvey(header)
	for _, r := range rows {
		s.Add(r)
	}
	cols := s.Columns()
	b := match.NewBuilder(cols)
	for i, r := range rows {
		b.Add(idOf(i), 0, r)
	}
	recs := b.Records()
	res := match.Resolve(recs, match.Threshold, nil)
	truth := make([]string, len(rows))
	for i, r := range recs.Rows() {
		truth[i] = who[rowOf(r.ID)]
	}
	e := match.Evaluate(res.Clusters, truth)
	took := time.Since(start)
	e.BlockingRecall = match.BlockingRecall(recs, truth)
	return scores{e, took, res, recs, truth}
}

func TestRealFiles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		truth string
		f1    float64
	}{
		{"febrl1", []string{"febrl1.csv"}, "rec_id", .998},
		{"febrl4", []string{"febrl4a.csv", "febrl4b.csv"}, "rec_id", .998},
		{"fake_1000", []string{"fake_1000.csv"}, "cluster", .94},
		{"RLdata500", []string{"RLdata500.csv"}, "ent_id", .99},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var header []string
			var rows [][]string
			var who []string
			for _, f := range tt.files {
				h, r, w := readFile(t, f, tt.truth)
				header, rows, who = h, append(rows, r...), append(who, w...)
			}
			s := resolve(t, header, rows, who)
			t.Logf("F1 %.4f P %.4f R %.4f b3 %.4f block %.4f in %v", s.F1, s.Precision, s.Recall, s.BCubedF1, s.BlockingRecall, s.took)
			m := s.res.Model
			t.Logf("same %.3g family %.3g twins %.3g learned %+v pairs %d compared %d", m.Same, m.Family, m.Twins, m.Learned, len(s.res.Pairs.List), s.res.Pairs.Compared)
			if os.Getenv("SHOW") != "" {
				for c, w := range m.Comparisons {
					t.Logf("%d M %.3f U %.2g", c, w.M, w.U)
				}
				show(t, s, rows)
			}
		})
	}
}

func show(t *testing.T, s scores, rows [][]string) {
	t.Helper()
	rr := s.recs.Rows()
	n, stride := 0, 1+len(rows)/3000
	for i := range rr {
		for j := range i {
			same, found := s.who[i] == s.who[j], s.res.Clusters[i] == s.res.Clusters[j]
			if same != found && n < 60 && (i*7919+j)%stride == 0 {
				n++
				t.Logf("true %v found %v\n %v\n %v", same, found, rows[rowOf(rr[i].ID)], rows[rowOf(rr[j].ID)])
				e := match.Explain(s.recs, s.res.Model, rr[i].Form, rr[j].Form)
				for _, st := range e.Steps {
					t.Logf("      %s %s %.1f", st.Comparison, st.Level, st.Bits)
				}
				t.Logf("      = %.1f", e.Weight)
			}
		}
	}
}
