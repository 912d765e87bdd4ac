package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"rcu/pkg/yamlfile"
)

// Print gives the configuration as YAML. Secrets are redacted, and so is every text whose name says that it is one,
// whatever its type.
func Print(c any) (string, error) {
	v := reflect.Indirect(reflect.ValueOf(c))
	if v.Kind() != reflect.Struct {
		return "", fmt.Errorf("printing a configuration of %T: a struct is needed", c)
	}
	root, err := printable(v)
	if err != nil {
		return "", fmt.Errorf("printing the configuration: %w", err)
	}
	out, err := yamlfile.Encode(root)
	if err != nil {
		return "", fmt.Errorf("printing the configuration: %w", err)
	}
	return string(out), nil
}

// printable is the mapping of a struct, in the order of its fields.
func printable(v reflect.Value) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		name, ok := yamlName(v.Type().Field(i))
		if !ok {
			continue
		}
		key, value := &yaml.Node{}, &yaml.Node{}
		key.SetString(name)
		f := v.Field(i)
		var err error
		switch {
		case isGroup(f.Type()):
			value, err = printable(f)
		case f.Kind() == reflect.String && f.Len() > 0 && secretName(name):
			value.SetString(redacted)
		default:
			err = value.Encode(f.Interface())
		}
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", name, err)
		}
		out.Content = append(out.Content, key, value)
	}
	return out, nil
}

func secretName(name string) bool {
	for _, word := range []string{"password", "secret", "token"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return false
}
