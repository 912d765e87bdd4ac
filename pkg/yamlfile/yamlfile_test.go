package yamlfile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/yamlfile"
)

type entry struct {
	Name string         `yaml:"name"`
	N    int            `yaml:"n"`
	Rest map[string]any `yaml:"rest"`
}

type file struct {
	Title   string        `yaml:"title"`
	On      bool          `yaml:"on"`
	Wait    time.Duration `yaml:"wait"`
	List    []entry       `yaml:"list"`
	Entry   *entry        `yaml:"entry"`
	Texts   []string      `yaml:"texts"`
	Skipped string        `yaml:"-"`
}

func TestDecode(t *testing.T) {
	var f file
	require.NoError(t, yamlfile.Decode([]byte(`# a file
title: &t "7"
on: true
wait: 3s
list:
- {name: *t, n: 7}
- name: b
  rest: {at: 2026-01-31, n: 1e3, i: 12, yes: no, 1: [a, ~, 1.5], deep: {x: {y: z}}}
entry: {n: 1}
texts: [a, 2]
`), &f))
	require.Equal(t, file{
		Title: "7", On: true, Wait: 3 * time.Second, Entry: &entry{N: 1}, Texts: []string{"a", "2"},
		List: []entry{{Name: "7", N: 7}, {Name: "b", Rest: map[string]any{
			"at": "2026-01-31", "n": 1000.0, "i": 12, "yes": "no", "1": []any{"a", nil, 1.5}, "deep": map[string]any{"x": map[string]any{"y": "z"}},
		}}},
	}, f)
	f = file{Title: "kept"}
	for _, empty := range []string{"", "# nothing\n", "---\n", "~"} {
		require.NoError(t, yamlfile.Decode([]byte(empty), &f), "%q", empty)
	}
	require.Equal(t, file{Title: "kept"}, f)
}

func TestErrorsNameTheLineAndNeverTheText(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no mapping":          {"- s3cret\n", "line 1: want a value of another kind"},
		"syntax":              {"title: [s3cret\non: s3cret", "line 1: is no YAML we can read"},
		"syntax further down": {"title: a\nlist:\n- a\n b: s3cret", "line 4: is no YAML we can read"},
		"an anchor":           {"title: a\ntexts: [*s3cret]", "is no YAML we can read"},
		"an escape":           {"title: \"s3cret\\q\"", "is no YAML we can read"},
		"two documents":       {"title: a\n---\ntitle: s3cret\n", "line 2: one document is expected, there are more"},
		"a broken second one": {"title: a\n---\n[s3cret", "line 2: is no YAML we can read"},
		"unknown":             {"title: a\ns3cret: 1\n", "line 2: there is no such field"},
		"unknown below":       {"list:\n- name: a\n- {name: a,\n   s3cret: 1}\n", "line 4: there is no such field"},
		"unknown by alias":    {"entry: {rest: {a: &a {s3cret: 1}}}\nlist: [*a]\n", "line 1: there is no such field"},
		"left out":            {"Skipped: s3cret", "line 1: there is no such field"},
		"twice":               {"title: a\ntitle: s3cret", "line 2: this field is given twice"},
		"twice below":         {"entry:\n  rest: {s3cret: 1, s3cret: 2}", "line 2: this field is given twice"},
		"a wrong number":      {"list:\n- n: s3cret\n", "line 2: want a whole number"},
		"a list for a text":   {"title: [s3cret]", "line 1: want a text"},
		"a long text":         {"on: \"s3cret\\nof: more lines\"", "line 1: want true or false"},
		"a wrong duration":    {"wait: s3cret", "line 1: want a duration such as 500ms, 5s or 2h"},
		"a name that is none": {"title: a\n? [s3cret]\n: 1", "line 2: the name of a field is a text"},
		"itself":              {"entry: {rest: &s3cret {a: *s3cret}}", "has a value that cannot be read"},
		"too deep":            {"entry: {rest: {a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}}", "line 1: is nested too deeply"},
		"far too deep":        {strings.Repeat("[", 1<<20), "is no YAML we can read"},
		"no encoding":         {"title: \xff\xfes3cret", "is no YAML we can read"},
	} {
		t.Run(name, func(t *testing.T) {
			var f file
			err := yamlfile.Decode([]byte(c.text), &f)
			var e *yamlfile.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.want, err.Error())
		})
	}
}

func TestAliasesOfAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 20 {
		ref := "*a" + string(rune('a'+i-1))
		if i == 0 {
			ref = "*a0"
		}
		b.WriteString("a" + string(rune('a'+i)) + ": &a" + string(rune('a'+i)) + " [" + strings.Repeat(ref+", ", 9) + ref + "]\n")
	}
	var v any
	require.EqualError(t, yamlfile.Decode([]byte(b.String()), &v), "has a value that cannot be read")
}

func TestToJSON(t *testing.T) {
	raw, err := yamlfile.ToJSON([]byte("a: 1\nb: {c: [x, 2.5, ~], 3: true}\n"))
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1,"b":{"c":["x",2.5,null],"3":true}}`, string(raw))
	_, err = yamlfile.ToJSON([]byte("a: .nan"))
	require.EqualError(t, err, "has a number that JSON has not")
	_, err = yamlfile.ToJSON([]byte("a: ["))
	require.EqualError(t, err, "line 1: is no YAML we can read")
}

func TestEncodeIsReadBack(t *testing.T) {
	want := file{Title: "yes", Wait: time.Second, List: []entry{{Name: "0x1", Rest: map[string]any{"a": "1e3", "b": 7, "c": 1e6}}}, Texts: []string{"~", ""}}
	raw, err := yamlfile.Encode(want)
	require.NoError(t, err)
	var got file
	require.NoError(t, yamlfile.Decode(raw, &got))
	require.Equal(t, want, got)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("title: a\nlist:\n- {name: b, n: 7, rest: {at: 2026-01-31}}\nentry: &e {n: 1}\ntexts: [*e]\n"))
	f.Add([]byte("title: ! \ntexts: ! \n"))
	f.Add([]byte("? [a]\n: b\n<<: {name: x}\n"))
	f.Add([]byte("%YAML 1.2\n---\ntitle: |\n  x\n...\n---\n!!binary eA==\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var one file
		var any1 any
		for _, into := range []any{&one, &any1} {
			err := yamlfile.Decode(raw, into)
			var e *yamlfile.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("an error of another kind: %v", err)
			}
		}
		_, _ = yamlfile.ToJSON(raw)
	})
}
