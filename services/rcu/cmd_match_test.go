package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// matched runs rcu match over a file and gives the cluster of each id.
func matched(t *testing.T, name string, content []byte, args ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, name), filepath.Join(dir, "clusters.csv")
	require.NoError(t, os.WriteFile(in, content, 0o600))
	_, err := called(t, slices.Concat([]string{"match", in, "--out", out}, args)...)
	require.NoError(t, err)
	raw, err := os.ReadFile(out)
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"id", "cluster"}, rows[0])
	got := map[string]string{}
	for _, r := range rows[1:] {
		got[r[0]] = r[1]
	}
	return got
}

// people is a small file: 1 and 2 are one person, 3 is another.
const people = "id;Nom;Prénom;Date de naissance;Code postal;Ville;Email\n" +
	"1;LEFÈVRE;Hélène;12/03/1980;75011;Paris;helene.lefevre@orange.fr\n" +
	"2;Lefevre;Helene;12/03/1980;75011;PARIS;helene.lefevre@orange.fr\n" +
	"3;Moreau;Paul;01/07/1955;13001;Marseille;p.moreau@free.fr\n"

func TestMatchReadsWhatSystemsWrite(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String(people)
	require.NoError(t, err)
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(people)
	require.NoError(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write([]byte(people))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	lines := strings.Split(people, "\n")
	latinLine, err := charmap.Windows1252.NewEncoder().String(lines[1])
	require.NoError(t, err)
	mixed := strings.Join([]string{lines[0], latinLine, lines[2], lines[3]}, "\r\n")
	jsonLines := `{"id":1,"first_name":"Hélène","last_name":"Lefèvre","dob":"1980-03-12","email":"helene.lefevre@orange.fr"}` + "\n\n" +
		`{"dob":"1980-03-12","id":2,"last_name":"LEFEVRE","first_name":"Helene","email":"helene.lefevre@orange.fr"}` + "\n" +
		`{"id":3,"first_name":"Paul","last_name":"Moreau","dob":"1955-07-01","tags":["x"]}`
	for name, content := range map[string]string{
		"semicolon.csv": people, "comma.csv": strings.ReplaceAll(people, ";", ","), "tab.csv": strings.ReplaceAll(people, ";", "\t"),
		"bom.csv": "\xef\xbb\xbf" + people, "latin.csv": latin, "utf16.csv": wide, "people.csv.gz": packed.String(), "mixed.csv": mixed,
		"people.ndjson": jsonLines, "quoted.csv": strings.ReplaceAll(people, "Paris", "\"Paris\""),
	} {
		t.Run(name, func(t *testing.T) {
			got := matched(t, name, []byte(content))
			require.Len(t, got, 3)
			require.Equal(t, got["1"], got["2"])
			require.NotEqual(t, got["1"], got["3"])
		})
	}
}

func TestMatchOfBadFiles(t *testing.T) {
	dir := t.TempDir()
	fails := func(name, content, want string, args ...string) {
		t.Helper()
		in := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(in, []byte(content), 0o600))
		out := filepath.Join(dir, name+".clusters.csv")
		_, err := called(t, slices.Concat([]string{"match", in, "--out", out}, args)...)
		require.ErrorContains(t, err, want, name)
		require.NoFileExists(t, out)
	}
	fails("empty.csv", "", "is empty")
	fails("blank.csv", "\n\n  \n", "is empty")
	fails("nothing.csv", "transaction_date,amount,status\n2024-01-02,12,paid\n2024-01-02,13,paid\n", "no column holds a property of a person")
	fails("binary.csv", "\x00\x01\x1b[31m,b\n\x02\x03,\x04\n", "Columns: ???[31m (")
	fails("wide.csv", strings.Repeat("amount,", 29)+"amount\n"+strings.Repeat("1,", 29)+"1\n", "and 10 more")
	fails("array.json", "[{\"name\":\"Jean Petit\"}]", "JSON array")
	fails("open.csv", "name,dob\n\"Jean,1980-01-01\n", "never closed")
	fails("broken.ndjson", "{\"name\":\"Jean Petit\"}\nnonsense\n", "line 2 is no JSON object")
	fails("noid.csv", people, "no column \"key\"", "--id", "key")
	fails("threshold.csv", people, "probability", "--threshold", "1")

	require.Empty(t, matched(t, "header.csv", []byte("id,first_name,last_name\n")))
	require.Len(t, matched(t, "one.csv", []byte("first_name,last_name,dob\nJean,Petit,1980-01-02\n")), 1)

	few := matched(t, "column.csv", []byte("first_name\nJean\nPaul\nJean\nJean\n"))
	require.Len(t, few, 4)
	require.Len(t, values(few), 4, "one common name is no proof of one person")

	long := matched(t, "long.csv", []byte("first_name,last_name,dob\n"+strings.Repeat("x", 10<<20)+",Petit,1980-01-02\nJean,Petit,1980-01-02\nPaul,Roux,1955-01-02\n"))
	require.Len(t, long, 3)
	require.NotEqual(t, long["2"], long["3"])
}

func values(m map[string]string) map[string]bool {
	out := map[string]bool{}
	for _, v := range m {
		out[v] = true
	}
	return out
}

func TestMatchOfEqualRows(t *testing.T) {
	row := "Hélène,Lefèvre,1980-03-12,helene.lefevre@orange.fr\n"
	all := matched(t, "equal.csv", []byte("first_name,last_name,dob,email\n"+strings.Repeat(row, 20000)))
	require.Len(t, all, 20000)
	require.Len(t, values(all), 1, "copies of a row that says enough are one person")
	empty := matched(t, "blank.csv", []byte("first_name,last_name,dob,email\n"+strings.Repeat(",,,\n", 50)+row))
	require.Len(t, values(empty), 51, "rows that say nothing are nobody's")
}

func TestMatchIDs(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "p.csv"), filepath.Join(dir, "my-clusters.csv")
	require.NoError(t, os.WriteFile(in, []byte("key,first_name,last_name,dob\nA,Jean,Petit,1980-01-02\nA,Paul,Roux,1955-05-06\n,Anne,Morel,1990-07-08\n"), 0o600))
	text, err := called(t, "match", in, "--out", out, "--id", "key")
	require.NoError(t, err)
	require.Contains(t, text, "without an id")
	require.Contains(t, text, "a row before it has")
	raw, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "id,cluster\nA,1\nA,2\nrow 3,3\n", string(raw))
	_, err = called(t, "match", in, "--out", filepath.Join(dir, "result.csv"))
	require.ErrorContains(t, err, "clusters.csv")
}

// TestMatchDoesNotHangOnTheOrderOfRows shuffles a file and compares the bytes.
func TestMatchDoesNotHangOnTheOrderOfRows(t *testing.T) {
	var lines []string
	r := rand.New(rand.NewPCG(1, 2))
	given, family := []string{"Jean", "Jeanne", "Paul", "Pauline", "Marc", "Anne"}, []string{"Martin", "Martins", "Petit", "Roux", "Morel", "Lefevre"}
	for i := range 3000 {
		g, f := given[r.IntN(6)], family[r.IntN(6)]
		lines = append(lines, fmt.Sprintf("%d,%s,%s,%d-%02d-%02d,%05d", i, g, f, 1950+r.IntN(40), 1+r.IntN(12), 1+r.IntN(28), 1000*r.IntN(90)))
	}
	dir := t.TempDir()
	write := func(name string) []byte {
		in, out := filepath.Join(dir, name), filepath.Join(dir, name+".pairs.csv")
		require.NoError(t, os.WriteFile(in, []byte("id,first_name,last_name,dob,postcode\n"+strings.Join(lines, "\n")), 0o600))
		_, err := called(t, "match", in, "--out", out, "--save-model", out+".json", "--threshold", "0.01")
		require.NoError(t, err)
		raw, err := os.ReadFile(out)
		require.NoError(t, err)
		model, err := os.ReadFile(out + ".json")
		require.NoError(t, err)
		return append(raw, model...)
	}
	first := write("a.csv")
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	require.Equal(t, string(first), string(write("b.csv")))
}

func TestMatchLinkEvalExplain(t *testing.T) {
	dir := t.TempDir()
	a, b, both := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.ndjson"), filepath.Join(dir, "both.csv")
	require.NoError(t, os.WriteFile(a, []byte(people), 0o600))
	require.NoError(t, os.WriteFile(b, []byte(`{"id":"x","name":"Helene LEFEVRE","birthdate":"1980-03-12","mail":"helene.lefevre@orange.fr"}`+"\n"+
		`{"id":"y","name":"Jacques Petit","birthdate":"1970-01-12"}`+"\n"), 0o600))
	out := filepath.Join(dir, "pairs.csv")
	_, err := called(t, "match", "link", a, b, "--out", out)
	require.NoError(t, err)
	raw, err := os.ReadFile(out)
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2, "one record of a has one of b")
	require.Contains(t, []string{"1", "2"}, rows[1][0])
	require.Equal(t, "x", rows[1][1])

	require.NoError(t, os.WriteFile(both, []byte(strings.NewReplacer("Email", "Email;who", "orange.fr", "orange.fr;h", "free.fr", "free.fr;p").Replace(people)), 0o600))
	text, err := called(t, "match", "eval", both, "--truth", "who", "--json")
	require.NoError(t, err)
	var e struct {
		F1       float64
		Blocking float64 `json:"blocking_recall"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	require.Equal(t, 1.0, e.F1)
	require.Equal(t, 1.0, e.Blocking)

	svg := filepath.Join(dir, "why.svg")
	text, err = called(t, "match", "explain", "1", "2", "--file", both, "--lang", "fr", "--svg", svg)
	require.NoError(t, err)
	require.Contains(t, text, "Date de naissance")
	require.Contains(t, text, "réunies")
	drawn, err := os.ReadFile(svg)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "</svg>")
	_, err = called(t, "match", "explain", "1", "9", "--file", both)
	require.ErrorContains(t, err, "no record")
}

func TestMatchByASavedModel(t *testing.T) {
	dir := t.TempDir()
	in, model := filepath.Join(dir, "p.csv"), filepath.Join(dir, "model.json")
	require.NoError(t, os.WriteFile(in, []byte(people), 0o600))
	run := func(out string, args ...string) []byte {
		out = filepath.Join(dir, out)
		_, err := called(t, slices.Concat([]string{"match", in, "--out", out}, args)...)
		require.NoError(t, err)
		raw, err := os.ReadFile(out)
		require.NoError(t, err)
		return raw
	}
	learned := run("a-pairs.csv", "--save-model", model)
	require.Equal(t, string(learned), string(run("b-pairs.csv", "--model", model)), "the same file by its own model")
	_, err := called(t, "match", in, "--out", filepath.Join(dir, "c-pairs.csv"), "--model", model, "--save-model", model)
	require.ErrorContains(t, err, "say one of them")
	_, err = called(t, "match", "explain", "1", "2", "--file", in, "--model", model)
	require.NoError(t, err)
	_, err = called(t, "match", "link", in, in, "--out", filepath.Join(dir, "l-pairs.csv"), "--model", model)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(model, []byte(`{"version":7}`), 0o600))
	_, err = called(t, "match", in, "--out", filepath.Join(dir, "d-pairs.csv"), "--model", model)
	require.ErrorContains(t, err, "version 7")
	require.NoFileExists(t, filepath.Join(dir, "d-pairs.csv"))
}

func TestMatchMap(t *testing.T) {
	dir := t.TempDir()
	in, m, out := filepath.Join(dir, "c.csv"), filepath.Join(dir, "m.yaml"), filepath.Join(dir, "clusters.csv")
	require.NoError(t, os.WriteFile(in, []byte("c1,c2,c3\nJean,Petit,1980-01-02\nJean,Petit,1980-01-02\nAnne,Morel,1970-05-06\n"), 0o600))
	require.NoError(t, os.WriteFile(m, []byte("columns:\n  c1: given\n  c2: family\n  c3: birth\n"), 0o600))
	text, err := called(t, "match", in, "--out", out, "--map", m)
	require.NoError(t, err)
	require.Contains(t, text, "by the mapping")
	require.NoError(t, os.WriteFile(m, []byte("columns:\n  c9: given\n"), 0o600))
	_, err = called(t, "match", in, "--out", out, "--map", m)
	require.ErrorContains(t, err, "c9")
	require.NoError(t, os.WriteFile(m, []byte("columns:\n  c1: firstname\n"), 0o600))
	_, err = called(t, "match", in, "--out", out, "--map", m)
	require.ErrorContains(t, err, "kinds are")
}
