package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one value of a Config with its dotted path.
type field struct {
	path  string
	value reflect.Value
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// fieldsOf lists every value below a struct, in the order of its declaration.
func fieldsOf(v reflect.Value) []field {
	var out []field
	walk("", v, &out)
	return out
}

func walk(path string, v reflect.Value, out *[]field) {
	t := v.Type()
	for i := range t.NumField() {
		name, ok := yamlName(t.Field(i))
		if !ok {
			continue
		}
		f := field{path: join(path, name), value: v.Field(i)}
		if isGroup(f.value.Type()) {
			walk(f.path, f.value, out)
			continue
		}
		*out = append(*out, f)
	}
}

// isGroup reports whether a type is a struct of settings, not a value of its own.
func isGroup(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(textType)
}

func yamlName(f reflect.StructField) (string, bool) {
	if !f.IsExported() {
		return "", false
	}
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" {
		return "", false
	}
	if name == "" {
		name = strings.ToLower(f.Name)
	}
	return name, true
}

func (f field) env() string {
	return Prefix + "_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.path))
}

// settable reports whether one text can fill the field: lists of texts can, other lists and maps come from the file
// alone.
func (f field) settable() bool {
	t := f.value.Type()
	switch t.Kind() {
	case reflect.Map, reflect.Interface, reflect.Pointer, reflect.Array, reflect.Func, reflect.Chan:
		return false
	case reflect.Slice:
		return t.Elem().Kind() == reflect.String
	default:
		return true
	}
}

// set fills the field from text. Its errors never repeat the text, which may be a secret.
func (f field) set(text string) error {
	v := f.value
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("cannot be read: %w", err)
		}
		return nil
	}
	if v.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("must be a duration such as 500ms, 5s or 2h")
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be true or false")
		}
		v.SetBool(b)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				v.Set(reflect.Append(v, reflect.ValueOf(part).Convert(v.Type().Elem())))
			}
		}
	default:
		return f.setNumber(text)
	}
	return nil
}

func (f field) setNumber(text string) error {
	v := f.value
	switch {
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return errors.New("must be a whole number that fits")
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return errors.New("must be a whole number of at least 0 that fits")
		}
		v.SetUint(n)
	case v.CanFloat():
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || n != n || n-n != 0 {
			return errors.New("must be a finite number")
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("cannot be set from text (%s)", v.Type())
	}
	return nil
}
