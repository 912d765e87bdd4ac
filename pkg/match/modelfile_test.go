package match_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/match"
)

var update = flag.Bool("update", false, "write the golden files anew")

// saved is a model as it is saved.
func saved(t *testing.T, m *match.Model) []byte {
	t.Helper()
	raw, err := json.MarshalIndent(m, "", " ")
	require.NoError(t, err)
	return raw
}

// recordsOf builds the records of rows.
func recordsOf(header []string, rows [][]string) *match.Records {
	s := match.NewSurvey(header)
	for _, r := range rows {
		s.Add(r)
	}
	b := match.NewBuilder(s.Columns())
	for i, r := range rows {
		b.Add(idOf(i), 0, r)
	}
	return b.Records()
}

// TestSavedModel_scoresAsTheLearnedOne: what was saved and read back gives the same people with the same weights.
func TestSavedModel_scoresAsTheLearnedOne(t *testing.T) {
	for i := range 3 {
		s := schemaList[i]
		s.people = 700
		header, rows, _ := generate(&s, 77)
		learned := match.Resolve(recordsOf(header, rows), match.Threshold, nil)
		m, err := match.ReadModel(bytes.NewReader(saved(t, learned.Model)))
		require.NoError(t, err)
		require.Equal(t, saved(t, learned.Model), saved(t, m), "saving again gives the same bytes")
		require.Equal(t, learned.Model.Report(), m.Report())
		again := match.ResolveBy(recordsOf(header, rows), m, match.Threshold, nil)
		require.Equal(t, learned.Clusters, again.Clusters, s.name)
		require.Equal(t, learned.Pairs.List, again.Pairs.List, s.name)
	}
}

// TestSavedModel_knowsWhatAFewRowsCannotTell: a file of two rows says nothing of how common a name is; the model does.
func TestSavedModel_knowsWhatAFewRowsCannotTell(t *testing.T) {
	s := schemaList[0]
	s.people = 2500
	header, rows, who := generate(&s, 5)
	m := match.Learn(recordsOf(header, rows))
	right, pairs := 0, 0
	for i := 0; i+1 < len(rows) && pairs < 200; i += 2 {
		res := match.ResolveBy(recordsOf(header, rows[i:i+2]), m, match.Threshold, nil)
		pairs++
		if (res.Clusters[0] == res.Clusters[1]) == (who[i] == who[i+1]) {
			right++
		}
	}
	require.Greater(t, right, 190)
}

// TestSavedModel_namesNobody: values of fewer than ten records, and those of one household, are in no model.
func TestSavedModel_namesNobody(t *testing.T) {
	s := schemaList[0]
	s.people = 2000
	header, rows, _ := generate(&s, 6)
	m := match.Learn(recordsOf(header, rows))
	listed := 0
	for name, values := range m.Terms() {
		for value, n := range values {
			require.GreaterOrEqual(t, n, 10, "%s: %s", name, value)
			require.NotContains(t, []string{"email", "phone", "personal", "complement"}, name)
			listed++
		}
	}
	require.Positive(t, listed)
}

// TestSavedModel_golden: what this version wrote is read for ever.
func TestSavedModel_golden(t *testing.T) {
	s := schemaList[0]
	s.people = 300
	header, rows, _ := generate(&s, 8)
	file := filepath.Join("testdata", "model-2.json")
	if *update {
		require.NoError(t, os.WriteFile(file, saved(t, match.Learn(recordsOf(header, rows))), 0o600))
	}
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	m, err := match.ReadModel(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, string(raw), string(saved(t, m)))
	res := match.ResolveBy(recordsOf(header, rows), m, match.Threshold, nil)
	require.NotEmpty(t, res.Pairs.List)
}

// TestSavedModel_ofTheFirstVersion is read for ever, and weighs what it weighed: two wrong digits counted as two equal parts.
func TestSavedModel_ofTheFirstVersion(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "model-1.json"))
	require.NoError(t, err)
	m, err := match.ReadModel(bytes.NewReader(raw))
	require.NoError(t, err)
	var first struct {
		Comparisons map[string]struct {
			Levels map[string]struct{ M, U float64 }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &first))
	parts := first.Comparisons["birth"].Levels["two_parts"]
	seen := 0
	for _, l := range m.Report() {
		if l.Comparison == "birth" && (l.Level == "two_digits" || l.Level == "two_parts") {
			require.InDelta(t, math.Log2(parts.M/parts.U), l.Bits, 1e-9)
			seen++
		}
	}
	require.Equal(t, 2, seen)
	_, err = match.ReadModel(bytes.NewReader(saved(t, m)))
	require.NoError(t, err, "as one of this version")
	_, err = match.ReadModel(bytes.NewReader(bytes.Replace(raw, []byte(`"two_parts"`), []byte(`"two_digits"`), 1)))
	require.ErrorIs(t, err, match.ErrModel)
}

func TestReadModel_refuses(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "model-2.json"))
	require.NoError(t, err)
	broken := func(change func(map[string]any)) string {
		var m map[string]any
		require.NoError(t, json.Unmarshal(raw, &m))
		change(m)
		out, err := json.Marshal(m)
		require.NoError(t, err)
		return string(out)
	}
	level := func(m map[string]any, comparison, level string) map[string]any {
		return m["comparisons"].(map[string]any)[comparison].(map[string]any)["levels"].(map[string]any)[level].(map[string]any)
	}
	for want, text := range map[string]string{
		"EOF":           "",
		"invalid":       "model",
		"unknown field": `{"version":2,"weights":[]}`,
		"stands behind": string(raw) + "{}",
		"version 3":     broken(func(m map[string]any) { m["version"] = 3 }),
		"same, family":  broken(func(m map[string]any) { m["same"] = 0 }),
		"over 0":        broken(func(m map[string]any) { level(m, "birth", "same")["m"] = -1 }),
		"add up":        broken(func(m map[string]any) { level(m, "birth", "same")["m"] = .01 }),
		"at most 1":     broken(func(m map[string]any) { level(m, "birth", "same")["u"] = 2 }),
		"is missing":    broken(func(m map[string]any) { delete(m["comparisons"].(map[string]any), "phone") }),
		"other levels": broken(func(m map[string]any) {
			level(m, "birth", "same")["m"] = 1
			delete(m["comparisons"].(map[string]any)["birth"].(map[string]any)["levels"].(map[string]any), "year")
		}),
		"is not known": broken(func(m map[string]any) { m["terms"].(map[string]any)["shoe"] = map[string]any{} }),
		"terms/given":  broken(func(m map[string]any) { m["terms"].(map[string]any)["given"].(map[string]any)["records"] = -1 }),
		"terms/family/co": broken(func(m map[string]any) {
			m["terms"].(map[string]any)["family"].(map[string]any)["common"] = map[string]any{"zelenski": 1}
		}),
		"learned": broken(func(m map[string]any) { m["learned"].(map[string]any)["forms"] = -4 }),
	} {
		_, err := match.ReadModel(strings.NewReader(text))
		require.ErrorIs(t, err, match.ErrModel, want)
		require.ErrorContains(t, err, want)
	}
}

// FuzzReadModel: any bytes are read or refused, and what is read can be saved, read again, and used.
func FuzzReadModel(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join("testdata", "model-2.json"))
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1}`))
	f.Add(bytes.Replace(raw, []byte(`"same"`), []byte(`"SAME"`), 1))
	rows := [][]string{{"Jean", "Petit", "1980-01-02"}, {"Jeanne", "Petit", "1980-01-02"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := match.ReadModel(bytes.NewReader(raw))
		if err != nil {
			return
		}
		again, err := match.ReadModel(bytes.NewReader(saved(t, m)))
		require.NoError(t, err)
		require.Equal(t, saved(t, m), saved(t, again))
		r := recordsOf([]string{"first_name", "last_name", "dob"}, rows)
		res := match.ResolveBy(r, m, match.Threshold, nil)
		require.Len(t, res.Clusters, 2)
		e := match.Explain(r, res.Model, 0, 1)
		require.False(t, math.IsNaN(e.Weight))
	})
}
