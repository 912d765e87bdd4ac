package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"rcu/pkg/match"
)

// writeFile writes a file whole or not at all.
func writeFile(path string, fill func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := fill(f); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// writeCSV writes a header and what fill gives.
func writeCSV(path string, header []string, fill func(add func(...string))) error {
	return writeFile(path, func(f *os.File) error {
		w := csv.NewWriter(f)
		_ = w.Write(header)
		fill(func(row ...string) { _ = w.Write(row) })
		w.Flush()
		return w.Error() //nolint:wrapcheck // wrapped by writeFile
	})
}

// writeClusters writes one line per record.
func writeClusters(path string, r *match.Records, res *match.Result) (int, error) {
	err := writeCSV(path, []string{"id", "cluster"}, func(add func(...string)) {
		for i, row := range r.Rows() {
			add(row.ID, strconv.Itoa(res.Clusters[i]))
		}
	})
	return r.Len(), err
}

// writePairs writes the pairs inside the groups.
func writePairs(path string, r *match.Records, res *match.Result) (int, error) {
	n := 0
	err := writeCSV(path, []string{"id_a", "id_b", "score"}, func(add func(...string)) {
		rows := r.Rows()
		res.Inside(r, func(a, b int, probability float64) {
			n++
			add(rows[a].ID, rows[b].ID, score(probability))
		})
	})
	return n, err
}

func score(probability float64) string { return strconv.FormatFloat(probability, 'f', 4, 64) }

// saveModel writes what was learned.
func saveModel(path string, m *match.Model) error {
	return writeFile(path, func(f *os.File) error {
		enc := json.NewEncoder(f)
		enc.SetIndent("", " ")
		return enc.Encode(m) //nolint:wrapcheck // wrapped by writeFile
	})
}
