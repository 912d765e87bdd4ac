package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Prefix begins the name of every environment variable.
const Prefix = "RCU"

// maxFileBytes bounds a configuration file.
const maxFileBytes = 1 << 20

// Source says where values come from. Later ones win: the defaults already in the struct, File, Env, Set.
type Source struct {
	File string   // path of a YAML file; empty: none
	Env  []string // as os.Environ gives it
	Set  []string // path=value, from the command line
}

// Validator is a Config that knows its own rules; it returns all its problems (Problems.Err).
type Validator interface{ Validate() error }

// Load fills into, a pointer to a struct that holds its defaults, and validates it when it is a Validator. The error
// is an *Error with every problem.
func Load(into any, from Source) error {
	root := reflect.ValueOf(into)
	if root.Kind() != reflect.Pointer || root.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("loading a configuration into %T: a pointer to a struct is needed", into)
	}
	var problems Problems
	fields := fieldsOf(root.Elem())
	if from.File != "" {
		raw, err := readFile(from.File)
		if err != nil {
			problems.Add("", "%s", err.Error())
		} else {
			decodeYAML(from.File, raw, root.Elem(), &problems)
		}
	}
	setFromEnv(fields, from.Env, &problems)
	setFromFlags(fields, from.Set, &problems)
	if v, ok := into.(Validator); ok {
		problems.Under("", v.Validate())
	}
	problems.Once()
	return problems.Err()
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the configuration file %s does not exist", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("the configuration file %s is larger than %d bytes", path, maxFileBytes)
	}
	raw, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return raw, nil
}

func setFromEnv(fields []field, env []string, problems *Problems) {
	byName := map[string]string{}
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok {
			byName[name] = value
		}
	}
	for _, f := range fields {
		text, ok := byName[f.env()]
		switch {
		case !ok:
		case !f.settable():
			problems.Add(f.path, "%s: can be set in the configuration file alone", f.env())
		default:
			if err := f.set(text); err != nil {
				problems.Add(f.path, "%s: %s", f.env(), err.Error())
			}
		}
	}
	slips(fields, byName, problems)
}

func setFromFlags(fields []field, set []string, problems *Problems) {
	for _, s := range set {
		path, text, ok := strings.Cut(s, "=")
		i := slices.IndexFunc(fields, func(f field) bool { return f.path == path })
		switch {
		case !ok:
			problems.Add("", "--set %s: write it as path=value", s)
		case i < 0:
			problems.Add(path, "there is no such setting")
		case !fields[i].settable():
			problems.Add(path, "can be set in the configuration file alone")
		default:
			if err := fields[i].set(text); err != nil {
				problems.Add(path, "%s", err.Error())
			}
		}
	}
}
