package personfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/personfile"
)

// read gives the header and the rows of a file with this content.
func read(t *testing.T, content string) (header []string, rows [][]string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	f, err := personfile.Open(context.Background(), path)
	if err != nil {
		return nil, nil, err
	}
	err = f.Each(context.Background(), func(row []string, _ int64) { rows = append(rows, append([]string{}, row...)) })
	return f.Header, rows, err
}

func TestCSV(t *testing.T) {
	for content, want := range map[string][][]string{
		"a,b\n1,2\n3,4":                       {{"1", "2"}, {"3", "4"}},
		"a;b\r\n1;\"2;\"\"x\"\"\"\r\n":        {{"1", `2;"x"`}},
		"a\tb\r1\t2\r":                        {{"1", "2"}},
		"a,b\n1\n1,2,3\n\n":                   {{"1", ""}, {"1", "2"}},
		"a, b\n 1 , \"2\" \n":                 {{"1 ", "2"}},
		"a,b\n\"x\ny\",2\n":                   {{"x\ny", "2"}},
		"a,b\n5\" nails,2\n":                  {{`5" nails`, "2"}},
		"a,b\n\"say \"hi\" now\",2\n":         {{`say "hi" now`, "2"}},
		"\xef\xbb\xbfa,b\nHel\xe8ne,\xc3\xa8": {{"Helène", "è"}},
	} {
		header, rows, err := read(t, content)
		require.NoError(t, err, content)
		require.Equal(t, []string{"a", "b"}, header, content)
		require.Equal(t, want, rows, content)
	}
}

func TestLongCellsAreCut(t *testing.T) {
	_, rows, err := read(t, "a,b\n"+strings.Repeat("x", 3<<20)+",2\n")
	require.NoError(t, err)
	require.Len(t, rows[0][0], personfile.CellLimit)
	require.Equal(t, "2", rows[0][1])
}

func TestEmptyAndBroken(t *testing.T) {
	_, _, err := read(t, " \n")
	require.ErrorIs(t, err, personfile.ErrEmpty)
	for _, array := range []string{`[{"name":"secret"}]`, " [\n  {\n", "[]"} {
		_, _, err = read(t, array)
		require.ErrorIs(t, err, personfile.ErrArray, array)
	}
	header, _, err := read(t, "[id],[name]\n1,Jean\n")
	require.NoError(t, err)
	require.Equal(t, []string{"[id]", "[name]"}, header)
	_, _, err = read(t, "a,b\n\"secret")
	require.ErrorContains(t, err, "never closed")
	require.NotContains(t, err.Error(), "secret")
	_, _, err = read(t, "{\"a\":1}\n[1]\n")
	require.ErrorContains(t, err, "line 2")
	header, rows, err := read(t, "{\"b\":1.50,\"a\":true}\n{\"c\":[1],\"a\":null}")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, header)
	require.Equal(t, [][]string{{"true", "1.50", ""}, {"", "", ""}}, rows)
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{"a,b\n1,2", "{\"a\":1}", "\xff\xfea\x00,\x00", "\x1f\x8b", "\"", "a;b\r\n\"\"\"", "\xef\xbb\xbf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		header, rows, err := read(t, content)
		if errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for _, r := range rows {
			require.Len(t, r, len(header))
		}
	})
}
