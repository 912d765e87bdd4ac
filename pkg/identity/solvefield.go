package identity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNumber is the largest number that every reader of JSON keeps exactly.
const maxNumber = 1 << 53

// object is one line of facts while it is read; it keeps the first thing that is wrong.
type object struct {
	fields map[string]json.RawMessage
	bad    *SolveError
}

func parseObject(line []byte) (*object, *SolveError) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil || fields == nil {
		return nil, &SolveError{Field: "line", Reason: "is no JSON object", Fix: "write one JSON object per line"}
	}
	return &object{fields: fields}, nil
}

func (o *object) fail(field, reason, fix string) {
	if o.bad == nil {
		o.bad = &SolveError{Field: field, Reason: reason, Fix: fix}
	}
}

// present reports whether a field has a value; a required one that has none is an error.
func (o *object) present(field string, required bool) bool {
	raw, there := o.fields[field]
	if there && string(raw) != "null" {
		return true
	}
	if required {
		o.fail(field, "is missing", "add the field "+field)
	}
	return false
}

// decode reads a field into v and reports whether all is well, also where an optional field is absent.
func (o *object) decode(field string, required bool, v any, fix string) bool {
	if !o.present(field, required) {
		return !required
	}
	if err := json.Unmarshal(o.fields[field], v); err != nil {
		o.fail(field, "has the wrong type", fix)
		return false
	}
	return true
}

func (o *object) text(field string, required bool) (s string) {
	o.decode(field, required, &s, "use a text")
	return s
}

func (o *object) flag(field string) (b bool) {
	o.decode(field, false, &b, "use true or false")
	return b
}

// number reads a whole number from least to maxNumber.
func (o *object) number(field string, required bool, least int64) int64 {
	if !o.present(field, required) {
		return 0
	}
	n, ok := whole(string(o.fields[field]))
	if !ok || n < least || n > maxNumber {
		o.fail(field, "is not a whole number in range", fmt.Sprintf("use a whole number from %d to %d", least, int64(maxNumber)))
		return 0
	}
	return n
}

// whole reads an integer as JSON writes it.
func whole(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// choice returns the place of a field's text among the given ones; 0 where an optional field is absent.
func (o *object) choice(field string, required bool, among ...string) int {
	s := o.text(field, required)
	if s == "" && !required {
		return 0
	}
	if i := slices.Index(among, s); i >= 0 {
		return i
	}
	o.fail(field, "is unknown", "use "+strings.Join(among, ", "))
	return 0
}
