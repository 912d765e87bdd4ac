package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decodeYAML walks the file beside the struct, so that every problem is found, not the first alone.
func decodeYAML(raw []byte, into reflect.Value, problems *Problems) {
	file, err := parser.ParseBytes(raw, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		problems.Add("", "%s", syntaxProblem(err))
		return
	}
	if len(file.Docs) > 1 {
		problems.Add("", "line %d: one document is expected, there are %d", lineOf(file.Docs[1].Body), len(file.Docs))
		return
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			decodeGroup("", doc.Body, into, problems)
		}
	}
}

func syntaxProblem(err error) string {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("line %d: %s", syntax.Token.Position.Line, syntax.Message)
	}
	return "is no YAML"
}

func decodeGroup(path string, node ast.Node, into reflect.Value, problems *Problems) {
	if node.Type() == ast.NullType || node.Type() == ast.CommentType || node.Type() == ast.CommentGroupType {
		return
	}
	entries, ok := entriesOf(node)
	if !ok {
		problems.Add(path, "line %d: a mapping of settings is expected", lineOf(node))
		return
	}
	fields := map[string]reflect.Value{}
	for i := range into.NumField() {
		if name, ok := yamlName(into.Type().Field(i)); ok {
			fields[name] = into.Field(i)
		}
	}
	seen := map[string]bool{}
	for _, e := range entries {
		name := keyOf(e)
		at := join(path, name)
		value, known := fields[name]
		switch {
		case !known:
			problems.Add(at, "line %d: there is no such setting", lineOf(e.Key))
		case seen[name]:
			problems.Add(at, "line %d: is given twice", lineOf(e.Key))
		case isGroup(value.Type()):
			decodeGroup(at, e.Value, value, problems)
		default:
			decodeValue(field{path: at, value: value}, e.Value, problems)
		}
		seen[name] = true
	}
}

func entriesOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

// keyOf is the key's text: a quoted key is the same setting as a plain one.
func keyOf(e *ast.MappingValueNode) string {
	if s, ok := e.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return strings.TrimSpace(e.Key.String())
}

func decodeValue(f field, node ast.Node, problems *Problems) {
	line := lineOf(node)
	if node.Type() == ast.NullType {
		return
	}
	if scalar, ok := node.(ast.ScalarNode); ok && f.settable() && f.value.Kind() != reflect.Slice {
		if err := f.set(scalarText(scalar)); err != nil {
			problems.Add(f.path, "line %d: %s", line, err.Error())
		}
		return
	}
	fresh := reflect.New(f.value.Type())
	if err := yaml.NodeToValue(node, fresh.Interface(), yaml.Strict()); err != nil {
		problems.Add(f.path, "line %d: %s", line, valueProblem(err, f.value.Type()))
		return
	}
	f.value.Set(fresh.Elem())
}

// valueProblem names what is wrong inside a list or a mapping without the text around it, which may be a secret.
func valueProblem(err error, want reflect.Type) string {
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		return fmt.Sprintf("%s (line %d)", unknown.Message, unknown.Token.Position.Line)
	}
	var wrong *yaml.TypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("a value of kind %s is expected (line %d)", wrong.DstType.Kind(), wrong.Token.Position.Line)
	}
	return "a value of kind " + want.Kind().String() + " is expected"
}

func scalarText(n ast.ScalarNode) string {
	switch v := n.GetValue().(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	default:
		return n.GetToken().Value
	}
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}
