package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Print gives the configuration as YAML. Secrets are redacted, and so is every text whose name says that it is one,
// whatever its type.
func Print(c any) (string, error) {
	v := reflect.Indirect(reflect.ValueOf(c))
	if v.Kind() != reflect.Struct {
		return "", fmt.Errorf("printing a configuration of %T: a struct is needed", c)
	}
	out, err := yaml.Marshal(printable(v))
	if err != nil {
		return "", fmt.Errorf("printing the configuration: %w", err)
	}
	return string(out), nil
}

func printable(v reflect.Value) yaml.MapSlice {
	out := yaml.MapSlice{}
	for i := range v.NumField() {
		name, ok := yamlName(v.Type().Field(i))
		if !ok {
			continue
		}
		f := v.Field(i)
		item := yaml.MapItem{Key: name, Value: f.Interface()}
		switch {
		case isGroup(f.Type()):
			item.Value = printable(f)
		case f.Kind() == reflect.String && f.Len() > 0 && secretName(name):
			item.Value = redacted
		}
		out = append(out, item)
	}
	return out
}

func secretName(name string) bool {
	for _, word := range []string{"password", "secret", "token"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return false
}
