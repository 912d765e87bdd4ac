package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/schemas"
)

// june is the clock of the example.
var june = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC).Unix()

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := fs.ReadFile(schemas.Files, "consent/"+name)
	require.NoError(t, err)
	return raw
}

func lines(raw []byte) [][]byte { return bytes.Split(bytes.TrimSpace(raw), []byte("\n")) }

// schema is the published schema of a line.
func schema(t testing.TB) func(line []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(file(t, "facts.json")))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("facts.json", doc))
	s, err := c.Compile("facts.json")
	require.NoError(t, err)
	return func(line []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

// everything asks a ledger about all that it knows.
func everything(l *Ledger, at int64) []Answer {
	var out []Answer
	for _, c := range l.Controllers() {
		for _, p := range l.Points() {
			for _, pc := range l.Decided() {
				out = append(out, l.Ask(Question{Controller: c, Point: p, Topic: pc, Family: "shoes", At: at, KnownAt: at}))
			}
		}
	}
	return out
}

// The golden example: every line holds by the schema and is read, in any order, once or twice; the answers are those that were written down.
func TestExample(t *testing.T) {
	t.Parallel()
	reg, valid := purposes(t), schema(t)
	all := lines(file(t, "example.jsonl"))
	for i, line := range all {
		require.NoError(t, valid(line), "line %d", i+1)
	}
	l, err := Read(bytes.NewReader(file(t, "example.jsonl")), reg, Reading{Now: june})
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		mixed := slices.Concat(all, all[:r.IntN(len(all))])
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		again, err := Read(bytes.NewReader(bytes.Join(mixed, []byte("\n"))), reg, Reading{Now: june})
		require.NoError(t, err)
		require.Equal(t, everything(l, june), everything(again, june))
	}
	for _, line := range lines(file(t, "example.answers.jsonl")) {
		var want struct {
			Controller, Purpose, Channel, Because, Decision string
			Point                                           struct{ Namespace, Value string }
			Allowed                                         bool
		}
		require.NoError(t, json.Unmarshal(line, &want))
		var p Point
		for _, known := range l.Points() {
			if known.Value == want.Point.Value {
				p = known
			}
		}
		got := l.Ask(Question{Controller: want.Controller, Point: p, Topic: consent.PurposeChannel{Purpose: consent.Purpose(want.Purpose), Channel: want.Channel}, Family: "shoes", At: june, KnownAt: june})
		require.Equal(t, []any{want.Allowed, want.Because, want.Decision}, []any{got.Allowed, string(got.Because), got.Decision}, "%s", line)
	}
}

// grantLine is a whole grant with some fields replaced; a nil takes one out.
func grantLine(change map[string]any) string {
	digest := strings.Repeat("a", 64)
	m := map[string]any{
		"kind": "decision", "id": "d", "controller": "retail", "point": map[string]any{"namespace": "email", "value": "secret@example.com"},
		"purpose": "marketing", "channel": "email", "decision": "grant", "act": "app", "decided_at": "2026-01-10T10:00:00Z",
		"notice": map[string]any{"id": "marketing", "version": "1", "language": "fr"}, "proof": map[string]any{"type": "signature", "sha256": digest},
	}
	for k, v := range change {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

type fields = map[string]any

type badLine struct {
	name   string
	line   string
	field  string
	code   string
	schema bool
}

// bad are lines that are refused, with the field that is named and whether the schema alone refuses them too.
var bad = []badLine{
	{"no JSON", `{"kind":`, "line", codeForm, true},
	{"a list", `[]`, "line", codeForm, true},
	{"an hour of one digit", `{"kind":"overlay","person":"0","mask":"paused","from":"2000-01-01T0:00:00Z"}`, "from", codeForm, true},
	{"a comma in a time", `{"kind":"overlay","person":"0","mask":"paused","from":"2000-01-01T00:00:00,5Z"}`, "from", codeForm, true},
	{"an offset of days", `{"kind":"overlay","person":"0","mask":"paused","from":"2000-01-01T00:00:00+48:00"}`, "from", codeForm, true},
	{"unknown kind", `{"kind":"whim"}`, "kind", codeForm, true},
	{"unknown purpose", grantLine(fields{"purpose": "fun"}), "purpose", CodePurpose, true},
	{"purpose without its recipient", grantLine(fields{"purpose": "share_partner", "channel": nil}), "purpose", CodePurpose, true},
	{"recipient in capitals", grantLine(fields{"purpose": "share_partner:ACME", "channel": nil}), "purpose", CodePurpose, true},
	{"purpose on the red list", grantLine(fields{"purpose": "sell_data", "channel": nil}), "purpose", CodeRefusedUse, true},
	{"recipient on the red list", grantLine(fields{"purpose": "share_partner:sell_data", "channel": nil}), "purpose", CodeRefusedUse, false},
	{"purpose that nobody decides about", grantLine(fields{"purpose": "contract", "channel": nil}), "purpose", CodeUndecidable, true},
	{"no channel", grantLine(fields{"channel": nil}), "channel", CodeChannel, false},
	{"channel of no purpose", grantLine(fields{"purpose": "profiling"}), "channel", CodeChannel, false},
	{"channel that does not reach", grantLine(fields{"channel": "sms"}), "point.namespace", CodePoint, false},
	{"an order is no point", grantLine(fields{"point": fields{"namespace": "order", "value": "1"}}), "point.namespace", CodePoint, true},
	{"a point without value", grantLine(fields{"point": fields{"namespace": "email"}}), "point.value", CodeRequired, true},
	{"no point", grantLine(fields{"point": nil}), "point", CodeRequired, true},
	{"grant of a person", grantLine(fields{"point": nil, "person": "marie"}), "point", CodePersonGrant, true},
	{"point and person", grantLine(fields{"person": "marie", "decision": "refuse"}), "person", codeForm, true},
	{"in the future", grantLine(fields{"decided_at": "2026-06-01T12:05:01Z"}), "decided_at", CodeFuture, false},
	{"learned in the future", grantLine(fields{"recorded_at": "2026-07-01T12:05:01Z"}), "recorded_at", CodeFuture, false},
	{"learned before it was decided", grantLine(fields{"recorded_at": "2026-01-01T00:00:00Z"}), "recorded_at", CodeOrder, false},
	{"never valid", grantLine(fields{"expires_at": "2026-01-10T10:00:00Z"}), "expires_at", CodeExpiry, false},
	{"time without offset", grantLine(fields{"decided_at": "2026-01-10T10:00:00"}), "decided_at", codeForm, true},
	{"grant without proof", grantLine(fields{"proof": nil}), "proof", CodeProof, true},
	{"proof without digest", grantLine(fields{"proof": fields{"type": "signature"}}), "proof.sha256", CodeRequired, true},
	{"digest of nothing", grantLine(fields{"proof": fields{"type": "signature", "sha256": "AA"}}), "proof.sha256", CodeProof, true},
	{"proof by rumour", grantLine(fields{"proof": fields{"type": "rumour", "sha256": strings.Repeat("a", 64)}}), "proof.type", CodeProof, true},
	{"grant without notice", grantLine(fields{"notice": nil}), "notice", CodeNotice, false},
	{"unknown version", grantLine(fields{"notice": fields{"id": "marketing", "version": "99", "language": "fr"}}), "notice", CodeNotice, false},
	{"language never shown", grantLine(fields{"notice": fields{"id": "marketing", "version": "1", "language": "de"}}), "notice.language", CodeNotice, true},
	{"notice of another purpose", grantLine(fields{"notice": fields{"id": "geoloc", "version": "1", "language": "fr"}}), "notice.id", CodeNotice, false},
	{"grant without act", grantLine(fields{"act": nil}), "act", CodeRequired, true},
	{"grant by unsubscribing", grantLine(fields{"act": "unsubscribe_link"}), "act", CodeAct, false},
	{"grant by a signal", grantLine(fields{"act": "gpc"}), "act", CodeAct, false},
	{"unknown act", grantLine(fields{"act": "nod"}), "act", CodeAct, true},
	{"denial by an unknown act", grantLine(fields{"act": "nod", "decision": "refuse"}), "act", CodeAct, true},
	{"imported as if said", grantLine(fields{"act": "import"}), "method", CodeMaskedMethod, false},
	{"confirms nothing", grantLine(fields{"decision": "confirm", "act": "confirmation"}), "confirms", CodeUnconfirmed, false},
	{"other controller", grantLine(fields{"controller": "digital"}), "controller", "other_controller", false},
	{"misspelt field", grantLine(fields{"expire_at": "2026-03-10T10:00:00Z"}), "*", codeForm, true},
	{"misspelt field of the notice", grantLine(fields{"notice": fields{"id": "marketing", "version": "1", "language": "fr", "lang": "fr"}}), "notice.*", codeForm, true},
	{"number for a text", grantLine(fields{"id": 7}), "id", codeForm, true},
	{"too long a text", grantLine(fields{"id": strings.Repeat("x", 513)}), "id", codeForm, true},
	{"unknown mask", `{"kind":"overlay","person":"a","mask":"sad","from":"2026-01-01T00:00:00Z"}`, "mask", codeForm, true},
	{"mask that ends first", `{"kind":"overlay","person":"a","mask":"paused","from":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}`, "until", CodeExpiry, false},
	{"mask of tomorrow", `{"kind":"overlay","person":"a","mask":"paused","from":"2026-07-02T00:00:00Z"}`, "from", CodeFuture, false},
	{"birth date", `{"kind":"age","person":"a","band":"2014-05-01","from":"2026-01-01T00:00:00Z"}`, "band", codeForm, true},
	{"sale with an unknown offer", `{"kind":"sale","id":"s","controller":"retail","point":{"namespace":"email","value":"a"},"family":"x","at":"2026-01-01T00:00:00Z","offered":{"id":"no","version":"1","language":"fr"}}`, "offered", CodeNotice, false},
	{"retraction of nothing", `{"kind":"retraction","controller":"retail","at":"2026-01-01T00:00:00Z"}`, "sale", CodeRequired, true},
	{"retraction of tomorrow", `{"kind":"retraction","controller":"retail","sale":"s","at":"2026-07-01T00:00:00Z"}`, "at", CodeFuture, false},
	{"retraction that is known first", `{"kind":"retraction","controller":"retail","sale":"s","at":"2026-01-02T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z"}`, "recorded_at", CodeOrder, false},
	{"retraction of another controller's", `{"kind":"retraction","controller":"digital","sale":"s","at":"2026-01-02T00:00:00Z"}`, "controller", "other_controller", false},
	{"activity without a point", `{"kind":"activity","controller":"retail","at":"2026-01-01T00:00:00Z"}`, "point", CodeRequired, true},
	{"member of nobody", `{"kind":"member","point":{"namespace":"email","value":"a"}}`, "person", CodeRequired, true},
}

// Bad input names line and field, says what to do, repeats no value, and grants nothing.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	reg, valid := purposes(t), schema(t)
	require.NoError(t, valid([]byte(grantLine(nil))))
	_, err := Read(strings.NewReader(grantLine(nil)), reg, Reading{Now: june, Controllers: []string{"retail"}})
	require.NoError(t, err)
	for _, c := range slices.Concat(bad, badContacts) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := Read(strings.NewReader("\n"+c.line+"\n"), reg, Reading{Now: june, Controllers: []string{"retail"}})
			require.Nil(t, l)
			var wrong *LineError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, []any{2, c.field, c.code}, []any{wrong.Line, wrong.Field, wrong.Code}, err)
			assert.NotEmpty(t, wrong.Fix)
			assert.NotContains(t, err.Error(), "secret")
			assert.Equal(t, c.schema, valid([]byte(c.line)) != nil, "schema: %v", valid([]byte(c.line)))
		})
	}
	_, err = Read(strings.NewReader(grantLine(nil)+"\n"+grantLine(fields{"decision": "withdraw"})), reg, Reading{Now: june})
	require.ErrorContains(t, err, "line 2: field id: was already used")
	_, err = Read(strings.NewReader(strings.Repeat(" ", maxLine+1)), reg, Reading{Now: june})
	require.ErrorContains(t, err, "line 1: field line: is longer")
	cut := errors.New("cut")
	_, err = Read(failing{cut}, reg, Reading{Now: june})
	require.ErrorIs(t, err, cut)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A denial is valid however it arrives: without act, proof or notice, and by an unknown method of none.
func TestDenialsNeedNothing(t *testing.T) {
	t.Parallel()
	for _, decision := range []string{"refuse", "withdraw", "object"} {
		line := grantLine(fields{"decision": decision, "act": nil, "proof": nil, "notice": nil})
		require.NoError(t, schema(t)([]byte(line)))
		l, err := Read(strings.NewReader(line), purposes(t), Reading{Now: june})
		require.NoError(t, err)
		assert.Len(t, everything(l, june), 1)
	}
}

// Whatever the bytes: no panic, an error that names a line, or a ledger whose every yes has a decision or sale behind it; and the schema takes
// whatever is read.
func FuzzRead(f *testing.F) {
	f.Add(file(f, "example.jsonl"))
	for _, c := range slices.Concat(bad, badContacts) {
		f.Add([]byte(c.line))
	}
	for _, line := range lines(file(f, "example.jsonl")) {
		f.Add(line)
	}
	reg, valid := purposes(f), schema(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := Read(bytes.NewReader(raw), reg, Reading{Now: june})
		if err != nil {
			var wrong *LineError
			if !errors.As(err, &wrong) || wrong.Line < 1 || wrong.Field == "" || wrong.Fix == "" {
				t.Fatal(err)
			}
			return
		}
		for line := range bytes.SplitSeq(raw, []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) > 0 && json.Valid(line) && !repeats(line) {
				if err := valid(line); err != nil {
					t.Fatalf("read, and refused by the schema: %s: %v", line, err)
				}
			}
		}
		again, err := Read(bytes.NewReader(bytes.Join([][]byte{raw, raw}, []byte("\n"))), reg, Reading{Now: june})
		if err != nil || !reflect.DeepEqual(everything(l, june), everything(again, june)) {
			t.Fatal("reading twice changes the answers", err)
		}
		for _, a := range everything(l, june) {
			if a.Allowed && a.Basis == consent.BasisConsent && a.Decision == "" {
				t.Fatal(fmt.Sprint("a yes of nothing: ", a))
			}
		}
	})
}

// repeats reports whether a line has what two readers of JSON may read in two ways: repeated keys, bytes that are no UTF-8, null for absent.
func repeats(line []byte) bool {
	var v any
	if json.Unmarshal(line, &v) != nil {
		return true
	}
	again, err := json.Marshal(v)
	var compact bytes.Buffer
	_ = json.Compact(&compact, line)
	return err != nil || len(again) != compact.Len() || bytes.Contains(line, []byte("null"))
}
