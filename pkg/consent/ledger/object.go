package ledger

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
)

// object is one JSON object while it is read; it keeps the first thing that is wrong, and knows which fields were asked for.
type object struct {
	fields map[string]json.RawMessage
	asked  map[string]bool
	under  string // path of the object in its line
	bad    *Fault
}

const codeForm = "form"

func parseObject(raw []byte, under string) *object {
	o := &object{asked: map[string]bool{}, under: under}
	if err := json.Unmarshal(raw, &o.fields); err != nil || o.fields == nil {
		o.bad = &Fault{strings.TrimSuffix(under, "."), codeForm, "is no JSON object", "write one JSON object"}
		if under == "" {
			o.bad = &Fault{"line", codeForm, "is no JSON object", "write one JSON object per line"}
		}
	}
	return o
}

func (o *object) fail(field, code, reason, fix string) {
	if o.bad == nil {
		o.bad = &Fault{o.under + field, code, reason, fix}
	}
}

// get returns a field that has a value; a required one that has none is an error.
func (o *object) get(field string, required bool) json.RawMessage {
	o.asked[field] = true
	raw := o.fields[field]
	if len(raw) == 0 || string(raw) == "null" {
		if required {
			o.fail(field, CodeRequired, "is missing", "add the field "+field)
		}
		return nil
	}
	return raw
}

// maxText bounds a text of a fact.
const maxText = 512

func (o *object) text(field string, required bool) (s string) {
	raw := o.get(field, required)
	if raw == nil {
		return ""
	}
	if err := json.Unmarshal(raw, &s); err != nil || len(s) > maxText {
		o.fail(field, codeForm, "is no text of at most 512 bytes", "use a text")
		return ""
	}
	if s == "" && required {
		o.fail(field, CodeRequired, "is empty", "fill it")
	}
	return s
}

// choice returns the place of a text among words; 0 where an optional field is absent.
func (o *object) choice(field string, required bool, words []string) int {
	s := o.text(field, required)
	if s == "" {
		return 0
	}
	if i := slices.Index(words, s); i >= 0 {
		return i
	}
	o.fail(field, codeForm, "is unknown", "use "+strings.Join(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }), ", "))
	return 0
}

// The years that a time of a fact may have.
const firstYear, lastYear = 1971, 9998

// time reads an RFC 3339 time as seconds; 0 where an optional one is absent.
func (o *object) time(field string, required bool) int64 {
	s := o.text(field, required)
	if s == "" {
		return 0
	}
	t, err := time.Parse(time.RFC3339, s)
	lax := err == nil && (s[len("2006-01-02T1")] == ':' || strings.Contains(s, ",")) // which time.Parse takes, and RFC 3339 does not
	if err != nil || lax || t.UTC().Year() < firstYear || t.UTC().Year() > lastYear {
		o.fail(field, codeForm, "is no time", "write it as 2026-03-14T18:30:00+01:00, with its offset")
		return 0
	}
	return t.Unix()
}

// object reads a nested object; nil where an optional one is absent.
func (o *object) object(field string, required bool) *object {
	raw := o.get(field, required)
	if raw == nil {
		return nil
	}
	return parseObject(raw, o.under+field+".")
}

// done takes over what is wrong with a nested object, or a field that nothing asked for.
func (o *object) done(nested ...*object) *Fault {
	for _, n := range nested {
		if n != nil && o.bad == nil {
			o.bad = n.done()
		}
	}
	if o.bad == nil {
		for _, field := range slices.Sorted(maps.Keys(o.fields)) {
			if !o.asked[field] {
				o.bad = &Fault{o.under + "*", codeForm, "has a field that is unknown there", "use the fields of schemas/consent/facts.json; a misspelt one would change the answer"}
				break
			}
		}
	}
	return o.bad
}

// point reads the field point; the zero point where an optional one is absent.
func (o *object) point(required bool) (Point, *object) {
	p := o.object("point", required)
	if p == nil || p.bad != nil {
		return Point{}, p
	}
	out := Point{identifier.Namespace(p.text("namespace", true)), p.text("value", true)}
	if p.bad == nil && !out.Namespace.Links() {
		p.fail("namespace", CodePoint, "is no contact point or device", "use customer, card, email, phone, pay, device or cookie")
	}
	return out, p
}

func (o *object) notice(field string, required bool) (Notice, *object) {
	n := o.object(field, required)
	if n == nil || n.bad != nil {
		return Notice{}, n
	}
	return Notice{n.text("id", true), n.text("version", true), n.text("language", true)}, n
}
