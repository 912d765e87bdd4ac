package match_test

import (
	"encoding/csv"
	"math/rand/v2"
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
		{"RLdata500", []string{"RLdata500.csv"}, "ent_id", .989}, // 49 of its 50 pairs; the other differs in year and day
	} {
		t.Run(tt.name, func(t *testing.T) {
			var header []string
			var rows [][]string
			var who []string
			for _, f := range tt.files {
				h, r, w := readFile(t, f, tt.truth)
				header, rows, who = h, append(rows, r...), append(who, w...)
			}
			rand.New(rand.NewPCG(3, 4)).Shuffle(len(rows), func(i, j int) {
				rows[i], rows[j] = rows[j], rows[i]
				who[i], who[j] = who[j], who[i]
			})
			s := resolve(t, header, rows, who)
			parts := match.Evaluate(connected(s.recs, s.res), s.who)
			t.Logf("F1 %.4f P %.4f R %.4f B3 %.4f blocking %.4f in %v; connected components F1 %.4f P %.4f B3 %.4f", s.F1, s.Precision, s.Recall, s.BCubedF1, s.BlockingRecall, s.took, parts.F1, parts.Precision, parts.BCubedF1)
			require.GreaterOrEqual(t, s.F1, tt.f1)
			sure := match.Evaluate(match.Resolve(s.recs, .99, nil).Clusters, s.who)
			t.Logf("at .99: P %.4f R %.4f", sure.Precision, sure.Recall)
			require.GreaterOrEqual(t, sure.Precision, .99)
			people := match.Evaluate(linked(t, s.recs, s.res.Pairs, .99), s.who)
			t.Logf("linked by the rule at .99: P %.4f R %.4f", people.Precision, people.Recall)
			require.GreaterOrEqual(t, people.Precision, .99)
		})
	}
}
