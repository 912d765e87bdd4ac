package event_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/event"
	"rcu/schemas"
)

const base = "https://rcu.example/"

// published compiles the schema files with a validator of the whole standard.
func published(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	var types []string
	require.NoError(t, fs.WalkDir(schemas.Files, "channel", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(file, ".example.json") {
			return err
		}
		raw, err := fs.ReadFile(schemas.Files, file)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		if strings.Count(file, "/") == 2 {
			types = append(types, file)
		}
		return c.AddResource(base+file, doc)
	}))
	out := map[string]*jsonschema.Schema{}
	for _, file := range types {
		s, err := c.Compile(base + file)
		require.NoError(t, err)
		out[strings.TrimSuffix(strings.TrimPrefix(file, "channel/"), ".json")] = s
	}
	return out
}

// values are what mutations put in the place of others: every kind, and both sides of every limit.
var values = []any{
	nil, true, false, "", "x", "EUR", "eur", "FR", "fr-FR", "fr", "sale", "grant", "email", "card", "unify_core", "marketing", "sensitive:x", "open",
	"ready", "carried", "2026-03-14T10:22:31+01:00", "2026-03-14T10:22:31.123456789Z", "2026-03-14T10:22:31.1234567890Z", "2026-03-14T10:22:60Z",
	"2026-03-14T23:59:60Z", "2026-03-14t10:22:31z", "2026-03-14T10:22:31", "2026-02-29T10:22:31Z", "2024-02-29T10:22:31-23:59", "2026-03-14T24:00:00Z",
	"2026-03-14T10:22:31+24:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-14", "1981-02-29", "2000-02-29", "1900-02-29", "a b", "-a", "a:b",
	"é", "日本", "\U0001F600", strings.Repeat("é", 64), strings.Repeat("é", 65), strings.Repeat("é", 128), strings.Repeat("a", 16), strings.Repeat("a", 17),
	strings.Repeat("a", 32), strings.Repeat("a", 33), strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 128), strings.Repeat("a", 129),
	strings.Repeat("a", 254), strings.Repeat("a", 255), strings.Repeat("a", 256), strings.Repeat("a", 257), strings.Repeat("a", 2048), strings.Repeat("a", 2049),
	json.Number("0"), json.Number("-0"), json.Number("1"), json.Number("1.0"), json.Number("1.5"), json.Number("1e2"), json.Number("10e-1"), json.Number("1e-1"),
	json.Number("-1"), json.Number("9007199254740992"), json.Number("9007199254740993"), json.Number("-9007199254740992"), json.Number("-9007199254740993"),
	json.Number("9007199254740992.0"), json.Number("1000000000"), json.Number("1000000001"), json.Number("1e30"), json.Number("-1e30"), json.Number("1000000"),
	json.Number("1000001"), json.Number("1.00000000000000000000001"),
	[]any{},
	map[string]any{},
	[]any{nil},
	map[string]any{"x": 1},
}

// mutate changes one place of an event, chosen at random.
func mutate(t *rapid.T, v any, depth int) any {
	draw := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	value := func() any { return own(values[draw("value", len(values))]) }
	if depth > 0 && draw("here", 4) == 0 {
		return value()
	}
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			return map[string]any{"amount": json.Number("1")}
		}
		keys := slices.Sorted(maps.Keys(x))
		key := keys[draw("key", len(keys))]
		switch draw("what", 8) {
		case 0:
			delete(x, key)
		case 1:
			x[key+"_x"] = x[key]
		default:
			x[key] = mutate(t, x[key], depth+1)
		}
		return x
	case []any:
		if len(x) == 0 {
			return []any{value()}
		}
		i := draw("index", len(x))
		switch draw("what", 8) {
		case 0:
			return slices.Delete(x, i, i+1)
		case 1:
			return append(x, slices.Repeat([]any{x[i]}, []int{1, 7, 64, 70, 1000}[draw("times", 5)])...)
		default:
			x[i] = mutate(t, x[i], depth+1)
		}
		return x
	}
	return value()
}

// own copies a value, so that what changes it later changes one event: a map that came twice would come to hold itself.
func own(v any) any {
	switch x := v.(type) {
	case map[string]any:
		return maps.Clone(x)
	case []any:
		return slices.Clone(x)
	}
	return v
}

// The schema files are the contract: what a validator of the whole standard accepts, the decoder accepts, and nothing else.
func TestSchemaFilesAreTheContract(t *testing.T) {
	t.Parallel()
	d, valid, all := decoder(t), published(t), examples(t)
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		x := all[rapid.IntRange(0, len(all)-1).Draw(t, "example")]
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(x.raw))
		require.NoError(t, err)
		for range rapid.IntRange(0, 3).Draw(t, "mutations") {
			doc = mutate(t, doc, 0)
		}
		raw, err := json.Marshal(doc)
		require.NoError(t, err)
		object, _ := doc.(map[string]any)
		typ, _ := object["type"].(string)
		contract, _, _ := strings.Cut(x.name, ".rich")
		if typ != x.typ {
			return // judged by another schema, or by none
		}
		want := valid[contract].Validate(doc)
		r := d.Conforms(raw, event.ChannelOf(x.channel))
		if (want == nil) != (r == nil) {
			t.Fatalf("schema: %v\ndecoder: %+v\n%s", want, r, raw)
		}
		if r == nil {
			accepted++
		} else {
			refused++
		}
	})
	t.Logf("accepted %d, refused %d", accepted, refused)
	require.Positive(t, accepted)
	require.Positive(t, refused)
}

// The parser of times is stricter than time.Parse, and never of another opinion.
func TestParseTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "at")).
			In(time.FixedZone("", rapid.IntRange(-23*60, 23*60).Draw(t, "zone")*60))
		if at.Year() < 0 || at.Year() > 9999 {
			return
		}
		text := at.Format("2006-01-02T15:04:05.999999Z07:00")
		got, ok := event.ParseTime(text)
		if !ok || got != at.UnixMicro() {
			t.Fatalf("%s: %d, %v, want %d", text, got, ok, at.UnixMicro())
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := event.ParseTime(s)
		if !ok {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		require.Equal(t, want.UnixMicro(), got)
	})
}

// The parser of whole numbers says what exact arithmetic says.
func FuzzParseInteger(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "4599.0", "1e2", "10e-1", "1.5", "0.001e3", "-9223372036854775808", "9223372036854775808", "1e-999", "100e-2", "0e5", "12.50e1"} {
		f.Add(s)
	}
	d := decoder(f)
	f.Fuzz(func(t *testing.T, s string) {
		if reason, _ := d.Scan(s); reason != "" || s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
			return
		}
		s = strings.TrimSpace(s)
		want, ok := new(big.Rat).SetString(s)
		require.True(t, ok)
		i, whole, fits := event.ParseInteger(s)
		require.Equal(t, want.IsInt(), whole)
		require.Equal(t, want.IsInt() && want.Num().IsInt64(), fits)
		if fits {
			require.Equal(t, want.Num().Int64(), i)
		}
	})
}
