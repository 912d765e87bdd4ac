package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DecodeObject reads a body that is one JSON object, whose fields are all known, into a struct. What is wrong is told by the name of the field
// where it is one field's; send is the sentence that says what to send.
func DecodeObject(body []byte, into any, send string) *Problem {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
	}
	field, fix := whatIsWrong(err)
	return &Problem{Reason: "invalid_json", Field: field, Fix: fix + send}
}

func whatIsWrong(err error) (field, fix string) {
	var typed *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case errors.As(err, &typed) && typed.Field != "":
		return "/" + strings.ReplaceAll(typed.Field, ".", "/"), "this field is " + kindOf(typed.Type) + ": "
	case errors.As(err, &when):
		return "", "a time has the form 2026-03-14T12:06:00Z: "
	}
	return ofNoField(err)
}

// fieldName is how fields are named. What does not look like one may be a value of a person, such as an address, and is not repeated.
var fieldName = regexp.MustCompile(`^[A-Za-z_]{1,40}$`)

// unnamed stands for a name that is not repeated.
const unnamed = "*"

// ofNoField takes the name of an unknown field out of the decoder's text, which alone has it.
func ofNoField(err error) (field, fix string) {
	if err == nil {
		return "", ""
	}
	quoted, is := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !is {
		return "", ""
	}
	name, _ := strconv.Unquote(quoted)
	if !fieldName.MatchString(name) {
		return unnamed, "leave out what is no field: "
	}
	return name, "there is no field " + name + " where it stands, mend its name or leave it out: "
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
