package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DecodeObject reads a body that is one JSON object, whose fields are all known, into a struct. What is wrong is told by its place and by what
// belongs there; a name that is no field stands as "*", since it may be personal as any other text of the sender. send is the sentence that says what
// to send.
func DecodeObject(body []byte, into any, send string) *Problem {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
	}
	field, fix := whatIsWrong(err, body, reflect.TypeOf(into))
	return &Problem{Reason: "invalid_json", Field: field, Fix: fix + send}
}

func whatIsWrong(err error, body []byte, t reflect.Type) (field, fix string) {
	var typed *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case errors.As(err, &typed) && typed.Field != "":
		return "/" + strings.ReplaceAll(typed.Field, ".", "/"), "this field is " + kindOf(typed.Type) + ": "
	case errors.As(err, &when):
		return "", "a time has the form 2026-03-14T12:06:00Z: "
	}
	var sent any
	if err == nil || json.Unmarshal(body, &sent) != nil {
		return "", ""
	}
	place, known := unknownField(sent, t)
	if known == nil {
		return "", ""
	}
	return place, "leave out what is none of " + strings.Join(known, ", ") + ": "
}

// unnamed stands in places for a name that is no field.
const unnamed = "*"

// unknownField finds where a name stands that is no field of a type, and what the fields there are; nil: nowhere.
func unknownField(sent any, t reflect.Type) (place string, known []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch sent := sent.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return "", nil
		}
		for i, x := range sent {
			if place, known := unknownField(x, t.Elem()); known != nil {
				return "/" + strconv.Itoa(i) + place, known
			}
		}
	case map[string]any:
		if t.Kind() == reflect.Struct {
			return unknownFieldOf(sent, t)
		}
	}
	return "", nil
}

func unknownFieldOf(sent map[string]any, t reflect.Type) (place string, known []string) {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[strings.ToLower(name)] = f.Type // as the decoder finds them
			known = append(known, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		inner, has := fields[strings.ToLower(name)]
		if !has {
			return "/" + unnamed, known
		}
		if place, of := unknownField(sent[name], inner); of != nil {
			return "/" + strings.ToLower(name) + place, of
		}
	}
	return "", nil
}

func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}
