package importer

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// people are rows in which one letter in ten has an accent.
func people(n int) string {
	var b strings.Builder
	b.WriteString("id\n")
	for i := range n {
		fmt.Fprintf(&b, "Hélène-%d\n", i)
	}
	return b.String()
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func latin1(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

func wide(text string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// What is cut, damaged or in another encoding gives rows that look like others: nothing of it is sent.
func TestRun_sendsNothingOfAFileThatIsNotAsItShouldBe(t *testing.T) {
	good := people(30_000)
	z := zipped(t, good)
	flipped := []byte(z)
	flipped[len(z)/2] ^= 0xff
	for name, x := range map[string]struct{ content, want string }{
		"cut":              {z[:len(z)-len(z)/10], "file 1, nothing was sent: it is cut or damaged: unexpected EOF"},
		"one byte changed": {string(flipped), "file 1, nothing was sent: it is cut or damaged"},
		"Latin-1":          {"id\na\nb\n" + latin1("é") + "\n", "line 4 is not UTF-8: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8"},
		"Latin-1, large":   {good + latin1("é\n") + good, "line 30002 is not UTF-8"},
		"at its end":       {"id\na\n" + "é"[:1], "line 3 is not UTF-8"},
		"UTF-16":           {wide(good), "it is UTF-16"},
		"CR alone":         {"id\ra\rb\r", "its lines end in CR alone"},
		"empty":            {"", "the file is empty"},
		"a column twice":   {"id,x,id\na,b,c\n", "columns 1 and 3 have one name"},
		"renamed":          {"ident\na\n", `it has no column "id", which the mapping reads at events[0].event.id`},
	} {
		for _, dry := range []bool{false, true} {
			d := &desk{}
			cfg := setUp(t, d, 1)
			cfg.Files, cfg.DryRun = []string{file(t, "x.csv", x.content)}, dry
			sum, err := Run(context.Background(), cfg)
			require.ErrorContains(t, err, x.want, name)
			require.Empty(t, d.ids, name)
			require.False(t, sum.Done, name)
		}
	}
	for name, content := range map[string]string{"plain": good, "gzip": z, "with a byte order mark": "\ufeff" + good, "CRLF": strings.ReplaceAll(good, "\n", "\r\n")} {
		d := &desk{}
		cfg := setUp(t, d, 1)
		cfg.Files = []string{file(t, "x.csv", content)}
		sum, err := Run(context.Background(), cfg)
		require.NoError(t, err, name)
		require.Equal(t, 30_000, sum.Report.Events, name)
	}
}

func TestMapping_aColumnThatMayBeAbsent(t *testing.T) {
	d := &desk{}
	cfg := setUp(t, d, 3)
	cfg.MapFile = file(t, "q.yaml", strings.Replace(plainMapping, "type: x,", "type: x, note: '=row?.note', ", 1))
	_, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Len(t, d.ids, 3)
}

func TestLines_oneThatIsTooLongIsNamed(t *testing.T) {
	cfg := setUp(t, &desk{}, 1)
	cfg.MapFile, cfg.Files = "", []string{file(t, "x.ndjson", "{}\n{}\n{\"id\":\""+strings.Repeat("x", maxLine)+"\"}\n")}
	_, err := Run(context.Background(), cfg)
	require.ErrorContains(t, err, "reading file 1: line 3 has more than 4194304 bytes")
}

// The same import twice at once sends twice what counts once, and neither ends for the other.
func TestRun_twiceAtOnce(t *testing.T) {
	cfg := setUp(t, &desk{}, 20_000)
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := Run(context.Background(), cfg)
			errs <- err
		}()
	}
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
}
