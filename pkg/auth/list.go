package auth

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"rcu/pkg/yamlfile"
)

// List reads a YAML file that holds one list of entries under one name, strictly: unknown and repeated fields, missing
// fields and wrong types are problems, and all of them are collected. Problems name paths (`sources[3].zone`), never values.
type List struct {
	name     string
	entries  []map[string]any
	problems []error
}

// maxFile bounds a list: 100,000 sources fit.
const maxFile = 32 << 20

// ReadList parses the file. A file that is no YAML, or has no such list, is an error at once.
func ReadList(data []byte, name string) (*List, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("file is larger than %d bytes", maxFile)
	}
	var top map[string]any
	if err := yamlfile.Decode(data, &top); err != nil {
		return nil, err //nolint:wrapcheck // says the line and what is wanted; the caller names the file
	}
	l := &List{name: name}
	for _, k := range slices.Sorted(maps.Keys(top)) {
		if k != name && k != "version" {
			l.Problem(k, "is no field of this file: remove it")
		}
	}
	if v, ok := top["version"]; ok && fmt.Sprint(v) != "1" {
		l.Problem("version", "want 1")
	}
	items, ok := top[name].([]any)
	if !ok || len(items) == 0 {
		l.Problem(name, "want a list with at least one entry")
	}
	for i, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			l.Problem(fmt.Sprintf("%s[%d]", name, i), "want fields with values")
		}
		l.entries = append(l.entries, m)
	}
	return l, nil
}

// Problem adds a problem at a path.
func (l *List) Problem(path, text string) {
	l.problems = append(l.problems, errors.New(path+": "+text))
}

// Err is all problems joined; nil without any.
func (l *List) Err() error { return errors.Join(l.problems...) }

// Each calls read for every entry, then reports the fields that it did not ask for.
func (l *List) Each(read func(*Fields)) {
	for i, m := range l.entries {
		f := &Fields{list: l, path: fmt.Sprintf("%s[%d]", l.name, i), values: m, asked: map[string]bool{}}
		read(f)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !f.asked[k] {
				f.Problem(k, "is no field of an entry: remove it")
			}
		}
	}
}

// Fields reads the fields of one entry.
type Fields struct {
	list   *List
	path   string
	values map[string]any
	asked  map[string]bool
}

// Problem adds a problem of a field.
func (f *Fields) Problem(field, text string) { f.list.Problem(f.path+"."+field, text) }

func (f *Fields) get(field string) (any, bool) {
	f.asked[field] = true
	v, ok := f.values[field]
	return v, ok && v != nil
}

// Text reads a required text.
func (f *Fields) Text(field string) string {
	s, ok := f.OptionalText(field)
	if !ok {
		f.Problem(field, "is required")
	}
	return s
}

// OptionalText reads a text that may be missing.
func (f *Fields) OptionalText(field string) (string, bool) {
	v, ok := f.get(field)
	if !ok {
		return "", false
	}
	s, isText := v.(string)
	switch {
	case !isText:
		f.Problem(field, "want a text: put it in quotes")
	case s == "" || strings.TrimSpace(s) != s || len(s) > 256:
		f.Problem(field, "want a text of 1 to 256 bytes without spaces around it")
	}
	return s, true
}

// Choice reads a required text out of a set.
func (f *Fields) Choice(field string, choices ...string) string {
	v, ok := f.get(field)
	if s, isText := v.(string); ok && isText && slices.Contains(choices, s) {
		return s
	}
	if !ok {
		f.Problem(field, "is required: one of "+strings.Join(choices, ", "))
	} else {
		f.Problem(field, "want one of "+strings.Join(choices, ", "))
	}
	return ""
}

// Texts reads a required list of texts.
func (f *Fields) Texts(field string) []string {
	v, ok := f.get(field)
	items, isList := v.([]any)
	if !ok || !isList || len(items) == 0 {
		f.Problem(field, "want a list of texts")
		return nil
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		s, isText := item.(string)
		if !isText || s == "" || slices.Contains(out, s) {
			f.Problem(field, "want a list of different texts")
			return nil
		}
		out = append(out, s)
	}
	return out
}

// OptionalBool reads a truth value; nil when missing.
func (f *Fields) OptionalBool(field string) *bool {
	v, ok := f.get(field)
	if !ok {
		return nil
	}
	b, isBool := v.(bool)
	if !isBool {
		f.Problem(field, "want true or false")
		return nil
	}
	return &b
}

// Number reads a number between least and most; missing means def.
func (f *Fields) Number(field string, def, least, most float64) float64 {
	v, ok := f.get(field)
	if !ok {
		return def
	}
	var n float64
	switch x := v.(type) {
	case int:
		n = float64(x)
	case float64:
		n = x
	default:
		f.Problem(field, "want a number")
		return def
	}
	if math.IsNaN(n) || n < least || n > most {
		f.Problem(field, fmt.Sprintf("want a number from %g to %g", least, most))
		return def
	}
	return n
}

// KeyHash is a key that an entry has.
type KeyHash struct {
	Hash  Hash
	Until time.Time // of an old key: until when it is valid; zero: until it is taken out of the file
}

// EachKey gives an entry of every key.
func EachKey[P any](keys []KeyHash, principal P) []Entry[P] {
	out := make([]Entry[P], len(keys))
	for i, k := range keys {
		out[i] = Entry[P]{Hash: k.Hash, Principal: principal, Until: k.Until}
	}
	return out
}

// KeyHashes reads the required field key_sha256, and the key before it, where the entry has one still: old_key_sha256, old_key_until. No two are the
// same in a file; seen holds those of the entries before.
func (f *Fields) KeyHashes(seen map[Hash]bool) []KeyHash {
	if _, ok := f.get(fieldKey); !ok {
		f.Problem(fieldKey, "is required: the SHA-256 of the key, 64 hexadecimal digits")
	}
	out := []KeyHash{{Hash: f.keyHash(fieldKey, seen)}}
	until := f.until()
	if _, ok := f.get(fieldOld); ok {
		return append(out, KeyHash{f.keyHash(fieldOld, seen), until})
	}
	if !until.IsZero() {
		f.Problem(fieldUntil, "there is no old_key_sha256: remove it")
	}
	return out
}

func (f *Fields) keyHash(field string, seen map[Hash]bool) Hash {
	s, ok := f.get(field)
	if !ok {
		return Hash{}
	}
	text, _ := s.(string)
	h, err := ParseHash(text)
	if err != nil {
		f.Problem(field, err.Error())
	}
	Unique(f, field, seen, h)
	return h
}

func (f *Fields) until() time.Time {
	v, ok := f.get(fieldUntil)
	if !ok {
		return time.Time{}
	}
	if at, isTime := v.(time.Time); isTime {
		return at
	}
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		f.Problem(fieldUntil, "want a time such as 2026-12-01T06:00:00Z")
	}
	return at
}
