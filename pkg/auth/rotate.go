package auth

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"rcu/pkg/yamlfile"
)

// Fields of an entry that hold its keys.
const (
	fieldKey   = "key_sha256"
	fieldOld   = "old_key_sha256"
	fieldUntil = "old_key_until"
)

// Why a key cannot be rotated or revoked.
var (
	ErrNoEntry = errors.New("no entry has this name")
	ErrTwoKeys = errors.New("two keys of it are valid already: revoke the old one first")
	ErrOneKey  = errors.New("it has no old key")
	ErrByHand  = errors.New("the file is written in a way that this program does not change: change key_sha256, old_key_sha256 and old_key_until by hand")
)

// Rotate gives an entry of a list (sources or readers) another key: the one that it has stays valid as its old key, until a time if any is given, else
// until it is revoked. Nothing else of the file changes, comments and order included. now tells whether an older key is valid still.
func Rotate(file []byte, list, name string, next Hash, until, now time.Time) ([]byte, error) {
	e, err := findEntry(file, list, name)
	if err != nil {
		return nil, err
	}
	if old := e.values[fieldOld]; old != nil {
		if at, err := readUntil(e.values[fieldUntil]); err != nil || at.IsZero() || now.Before(at) {
			return nil, ErrTwoKeys
		}
		if file, err = Revoke(file, list, name); err != nil {
			return nil, err
		}
		return Rotate(file, list, name, next, until, now)
	}
	key := e.values[fieldKey]
	if key == nil {
		return nil, errors.New("it has no key_sha256")
	}
	if _, err := ParseHash(key.Value); err != nil {
		return nil, err
	}
	added := e.field(fieldOld, key.Value)
	if !until.IsZero() {
		added += e.field(fieldUntil, until.UTC().Format(time.RFC3339))
	}
	at, end, cut, err := e.span(file, key)
	if err != nil {
		return nil, err
	}
	out := append(bytes.Clone(file[:at]), next.String()...)
	out = append(append(append(out, file[end:cut]...), added...), file[cut:]...)
	return out, onlyChanged(file, out, list, name, func(fields map[string]any) {
		fields[fieldOld], fields[fieldKey] = fields[fieldKey], next.String()
		if !until.IsZero() {
			fields[fieldUntil] = until.UTC().Format(time.RFC3339)
		}
	})
}

// span is where the text of a value begins and ends in a file, and where fields may be put in behind it: in a block a comment stays beside the value.
func (e *entry) span(file []byte, value *yaml.Node) (at, end, behind int, err error) {
	at = offset(file, value)
	in := bytes.Index(file[at:], []byte(value.Value))
	if in < 0 {
		return 0, 0, 0, ErrByHand
	}
	at += in
	end = at + len(value.Value)
	behind = end
	if rest := file[end:]; len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		behind++
	}
	if e.flow {
		return at, end, behind, nil
	}
	if i := bytes.IndexByte(file[behind:], '\n'); i >= 0 {
		return at, end, behind + i, nil
	}
	return at, end, len(file), nil
}

// Revoke takes the old key of an entry away. Nothing else of the file changes.
func Revoke(file []byte, list, name string) ([]byte, error) {
	e, err := findEntry(file, list, name)
	if err != nil {
		return nil, err
	}
	if e.values[fieldOld] == nil {
		return nil, ErrOneKey
	}
	out := file
	for _, field := range []string{fieldUntil, fieldOld} {
		if e, err = findEntry(out, list, name); err != nil {
			return nil, ErrByHand
		}
		if e.values[field] != nil {
			out = e.without(out, field)
		}
	}
	return out, onlyChanged(file, out, list, name, func(fields map[string]any) {
		delete(fields, fieldOld)
		delete(fields, fieldUntil)
	})
}

// onlyChanged compares two versions of a file: change is all that lies between them.
func onlyChanged(before, after []byte, list, name string, change func(fields map[string]any)) error {
	var want, got map[string]any
	if err := errors.Join(yamlfile.Decode(before, &want), yamlfile.Decode(after, &got)); err != nil {
		return ErrByHand
	}
	items, _ := want[list].([]any)
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok && fields["name"] == name {
			change(fields)
		}
	}
	if !reflect.DeepEqual(want, got) {
		return ErrByHand
	}
	return nil
}

// entry is where an entry of a list stands in a file.
type entry struct {
	flow         bool // {name: a, key_sha256: ...}
	keys, values map[string]*yaml.Node
}

func findEntry(file []byte, list, name string) (*entry, error) {
	root, err := yamlfile.Parse(file)
	if err != nil {
		return nil, err //nolint:wrapcheck // says the line; the caller names the file
	}
	if root != nil && root.Kind == yaml.DocumentNode {
		root = root.Content[0]
	}
	items := pairs(root)[list]
	if items == nil || items.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("the file has no list %s", list)
	}
	for _, item := range items.Content {
		values := pairs(item)
		if n := values["name"]; n == nil || n.Value != name {
			continue
		}
		e := &entry{flow: item.Style&yaml.FlowStyle != 0, values: values, keys: map[string]*yaml.Node{}}
		for i := 0; i+1 < len(item.Content); i += 2 {
			e.keys[item.Content[i].Value] = item.Content[i]
		}
		return e, nil
	}
	return nil, ErrNoEntry
}

func pairs(n *yaml.Node) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[n.Content[i].Value] = n.Content[i+1]
	}
	return out
}

// field is one more field as it stands behind the others of the entry.
func (e *entry) field(name, value string) string {
	if e.flow {
		return fmt.Sprintf(", %s: %q", name, value)
	}
	return fmt.Sprintf("\n%s%s: %q", strings.Repeat(" ", e.keys[fieldKey].Column-1), name, value)
}

// without cuts a field out: its line, or in an entry of one line the comma before it.
func (e *entry) without(file []byte, name string) []byte {
	start, value := offset(file, e.keys[name]), offset(file, e.values[name])
	end := value + len(e.values[name].Value)
	if q := file[value]; q == '"' || q == '\'' {
		end += 2
	}
	if e.flow {
		start = bytes.LastIndexByte(file[:start], ',')
	} else {
		start = bytes.LastIndexByte(file[:start], '\n')
		if i := bytes.IndexByte(file[end:], '\n'); i >= 0 {
			end += i
		} else {
			end = len(file)
		}
	}
	return append(bytes.Clone(file[:max(start, 0)]), file[end:]...)
}

// offset is where a node begins, in bytes: the parser counts columns in runes.
func offset(file []byte, n *yaml.Node) int {
	at := 0
	for range n.Line - 1 {
		at += bytes.IndexByte(file[at:], '\n') + 1
	}
	column := 1
	for i := range string(file[at:]) {
		if column == n.Column {
			return at + i
		}
		column++
	}
	return at
}

// readUntil reads old_key_until; without the field it is zero.
func readUntil(n *yaml.Node) (time.Time, error) {
	if n == nil {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, n.Value) //nolint:wrapcheck // the caller asks only whether
}
