package yamlfile

import (
	"encoding"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds how deep a document goes; what people write is far below.
const maxDepth = 100

// plain readies the nodes of a document: names are texts, and so are dates. Aliases are left to the library, which bounds them.
func plain(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return &Error{n.Line, "is nested too deeply"}
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if err := plainName(c); err != nil {
				return err
			}
			continue
		}
		if err := plain(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// plainName makes the name of a field a text.
func plainName(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return &Error{n.Line, "the name of a field is a text"}
	}
	if n.ShortTag() != "!!merge" {
		n.Tag = "!!str"
	}
	return nil
}

// known reports the first name of a mapping that the struct it fills has not.
func known(n *yaml.Node, t reflect.Type, depth int) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if depth > maxDepth || reflect.PointerTo(t).Implements(textType) {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return knownFields(n, t, depth)
	case reflect.Map, reflect.Slice, reflect.Array:
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				continue // a name
			}
			if err := known(c, t.Elem(), depth+1); err != nil {
				return err
			}
		}
	default: // takes any field, or none
	}
	return nil
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

func knownFields(n *yaml.Node, t reflect.Type, depth int) error {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if f.IsExported() && name != "-" {
			fields[name] = f.Type
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		field, ok := fields[name.Value]
		if !ok {
			return &Error{name.Line, "there is no such field"}
		}
		if err := known(value, field, depth+1); err != nil {
			return err
		}
	}
	return nil
}
