package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// read gives the first field of every row of a CSV file, and the lines that are bad.
func read(t *testing.T, text string) (rows []string, bad []int, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	err = source{path: path, format: FormatCSV}.rows(
		func(r row) error { rows = append(rows, strings.Clone(r.fields[0])); return nil },
		func(line int, reason string) {
			require.Equal(t, "unreadable", reason)
			bad = append(bad, line)
		})
	return rows, bad, err
}

func TestCSV_aQuoteThatIsNeverClosedIsNoSmallMatter(t *testing.T) {
	rows, bad, err := read(t, "id,text\n1,a\n2,\"b\n3,c\n4,d\n")
	require.EqualError(t, err, "reading file 1: line 3 opens a quote that is never closed: no row behind it was read")
	require.Equal(t, []string{"1"}, rows)
	require.Equal(t, []int{3}, bad)

	for name, text := range map[string]string{
		"in the last line":  "id,text\n1,a\n2,\"b\n",
		"closed too early":  "id,text\n1,a\n2,\"b\"c\n",
		"over lines, early": "id,text\n1,a\n2,\"b\nc\"d\n3,e\n",
	} {
		_, bad, err := read(t, text)
		require.NoError(t, err, name)
		require.Equal(t, []int{3}, bad, name)
	}
}

func TestCSV_aRowIsBounded(t *testing.T) {
	line := strings.Repeat("x", 1<<10) + ",b\n"
	_, _, err := read(t, "id,text\n1,a\n2,\""+strings.Repeat(line, 2*maxLine/len(line)))
	require.ErrorContains(t, err, "reading file 1 behind line 2: a row has more than 4194304 bytes")

	rows, bad, err := read(t, "id,text\n"+strings.Repeat(line, 2*maxLine/len(line)))
	require.NoError(t, err, "many rows are no long one")
	require.Empty(t, bad)
	require.Len(t, rows, 2*maxLine/len(line))
}
