package config

import (
	"errors"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"

	"rcu/pkg/yamlfile"
)

// decodeYAML walks the file beside the struct, so that every problem is found, not the first alone.
func decodeYAML(path string, raw []byte, into reflect.Value, problems *Problems) {
	root, err := yamlfile.Parse(raw)
	if err != nil {
		problems.Add("", "%s: %s", path, err.Error())
		return
	}
	if root != nil {
		decodeGroup("", root, into, problems)
	}
}

func decodeGroup(path string, node *yaml.Node, into reflect.Value, problems *Problems) {
	node = behind(node)
	if isNull(node) {
		return
	}
	if node.Kind != yaml.MappingNode {
		problems.Add(path, "line %d: a mapping of settings is expected", node.Line)
		return
	}
	fields := map[string]reflect.Value{}
	for i := range into.NumField() {
		if name, ok := yamlName(into.Type().Field(i)); ok {
			fields[name] = into.Field(i)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, content := node.Content[i], node.Content[i+1]
		name := key.Value
		at := join(path, name)
		value, known := fields[name]
		switch {
		case !known:
			problems.Add(at, "line %d: there is no such setting", key.Line)
		case seen[name]:
			problems.Add(at, "line %d: is given twice", key.Line)
		case isGroup(value.Type()):
			decodeGroup(at, content, value, problems)
		default:
			decodeValue(field{path: at, value: value}, content, problems)
		}
		seen[name] = true
	}
}

// behind is the node that an alias stands for.
func behind(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func decodeValue(f field, node *yaml.Node, problems *Problems) {
	line := node.Line
	node = behind(node)
	if isNull(node) {
		return
	}
	if node.Kind == yaml.ScalarNode && f.settable() && f.value.Kind() != reflect.Slice {
		if err := f.set(node.Value); err != nil {
			problems.Add(f.path, "line %d: %s", line, err.Error())
		}
		return
	}
	fresh := reflect.New(f.value.Type())
	if err := yamlfile.DecodeNode(node, fresh.Interface()); err != nil {
		problems.Add(f.path, "%s", valueProblem(err, line))
		return
	}
	f.value.Set(fresh.Elem())
}

// valueProblem names what is wrong inside a list or a mapping without the text around it, which may be a secret.
func valueProblem(err error, line int) string {
	var at *yamlfile.Error
	if errors.As(err, &at) && at.Line == 0 {
		return fmt.Sprintf("line %d: %s", line, at.Reason)
	}
	return err.Error()
}
