// Package yamlfile reads the YAML that people write: settings, lists of keys, rules, mappings. It is strict (one document, no field
// that the target has not, no field twice), no input makes it panic, and no error repeats a text of the file, which may be a secret:
// an error has a line and what is wanted there.
package yamlfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// unreadable is what an error says of a text that is no YAML.
const unreadable = "is no YAML we can read"

// Error is a place in a file that cannot be used.
type Error struct {
	Line   int // 0: not known
	Reason string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// Parse gives the root of the one document of a file; nil for a file that holds nothing.
func Parse(raw []byte) (root *yaml.Node, err error) {
	defer guard(&err)
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, unreadableAt(err)
	}
	if err := dec.Decode(&second); err == nil {
		return nil, &Error{second.Line, "one document is expected, there are more"}
	} else if !errors.Is(err, io.EOF) {
		return nil, unreadableAt(err)
	}
	root = doc.Content[0]
	if err := plain(root, 0); err != nil {
		return nil, err
	}
	return root, nil
}

// Decode fills into, a pointer, from the one document of a file; after an error it is filled in part. Numbers, truths, lists and mappings of an `any` are int, float64, bool,
// []any and map[string]any; a date in it stays a text.
func Decode(raw []byte, into any) error {
	root, err := Parse(raw)
	if err != nil || root == nil {
		return err
	}
	return DecodeNode(root, into)
}

// DecodeNode fills into, a pointer, from a part of a document that Parse gave. After an error it is filled in part.
func DecodeNode(n *yaml.Node, into any) (err error) {
	defer guard(&err)
	if err := n.Decode(into); err != nil {
		return unfit(err)
	}
	return known(n, reflect.TypeOf(into), 0) // afterwards: the library bounds aliases of aliases
}

// ToJSON gives the one document of a file as JSON; null for a file that holds nothing.
func ToJSON(raw []byte) ([]byte, error) {
	var v any
	if err := Decode(raw, &v); err != nil {
		return nil, err
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, &Error{Reason: "has a number that JSON has not"}
	}
	return out, nil
}

// Encode writes a value as YAML.
func Encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding yaml: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encoding yaml: %w", err)
	}
	return out.Bytes(), nil
}

// guard makes a panic of the library an error: whatever a file holds, it is the file that cannot be used.
func guard(err *error) {
	if recover() != nil {
		*err = &Error{Reason: unreadable}
	}
}

var lineOf = regexp.MustCompile(`line (\d+):`)

// unreadableAt keeps the line alone of an error of the parser.
func unreadableAt(err error) error {
	e := &Error{Reason: unreadable}
	if at := lineOf.FindStringSubmatch(err.Error()); at != nil {
		e.Line, _ = strconv.Atoi(at[1])
	}
	return e
}

var misfit = regexp.MustCompile(`(?s)^line (\d+): (cannot unmarshal .* into (\S+)$|mapping key .* already defined|field .* already set)`)

// unfit says what the first value that does not fit should have been.
func unfit(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) || len(wrong.Errors) == 0 {
		return &Error{Reason: "has a value that cannot be read"}
	}
	at := misfit.FindStringSubmatch(wrong.Errors[0])
	if at == nil {
		return unreadableAt(err)
	}
	e := &Error{Reason: "this field is given twice"}
	e.Line, _ = strconv.Atoi(at[1])
	if at[3] != "" {
		e.Reason = "want " + kinds[at[3]]
		if kinds[at[3]] == "" {
			e.Reason = "want a value of another kind"
		}
	}
	return e
}

// kinds says in words what a type takes.
var kinds = map[string]string{
	"string": "a text", "bool": "true or false", "int": "a whole number", "int64": "a whole number", "float64": "a number",
	"[]string": "a list of texts", "map[string]string": "a mapping of texts", "map[string]int": "a mapping of whole numbers",
	"map[string]interface {}": "a mapping", "[]interface {}": "a list", "time.Duration": "a duration such as 500ms, 5s or 2h",
}
