package httpserver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/httpserver"
)

func TestDecodeObject(t *testing.T) {
	type point struct {
		Value string `json:"value"`
	}
	type object struct {
		ID    string         `json:"id"`
		Point *point         `json:"point"`
		Also  []point        `json:"also"`
		Whole bool           `json:"whole"`
		Most  int            `json:"most"`
		Names map[string]int `json:"names"`
		At    *time.Time     `json:"at"`
	}
	const send, all = "send {...}", "leave out what is none of id, point, also, whole, most, names, at: "
	for _, tt := range []struct{ name, body, field, fix string }{
		{"unknown", `{"id":"x","force":true}`, "/*", all},
		{"unknown inside another", `{"POINT":{"id":"x"}}`, "/point/*", "leave out what is none of value: "},
		{"unknown inside a list", `{"also":[{},{"` + planted + `":"x"}]}`, "/also/1/*", "leave out what is none of value: "},
		{"value for a name", `{"` + planted + `":true}`, "/*", all},
		{"no name", `{"":1}`, "/*", all},
		{"unknown beside a text for an object", `{"point":"x","force":true}`, "/point", "this field is an object: "},
		{"text", `{"id":1}`, "/id", "this field is a text: "},
		{"text inside another", `{"point":{"value":["` + planted + `"]}}`, "/point/value", "this field is a text: "},
		{"text inside a list", `{"also":[{"value":{}}]}`, "/also/value", "this field is a text: "},
		{"object", `{"point":"` + planted + `"}`, "/point", "this field is an object: "},
		{"map", `{"names":[]}`, "/names", "this field is an object: "},
		{"list", `{"also":"` + planted + `"}`, "/also", "this field is a list: "},
		{"yes or no", `{"whole":"` + planted + `"}`, "/whole", "this field is true or false: "},
		{"number", `{"most":"` + planted + `"}`, "/most", "this field is a number: "},
		{"time", `{"at":"` + planted + `"}`, "", "a time has the form 2026-03-14T12:06:00Z: "},
		{"list of objects", `[{"id":"x"}]`, "", ""},
		{"two objects", `{} {}`, "", ""},
		{"something behind it", `{} ` + planted, "", ""},
		{"cut short", `{"id":"` + planted, "", ""},
		{"nothing", ``, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := httpserver.DecodeObject([]byte(tt.body), new(object), send)
			require.Equal(t, &httpserver.Problem{Reason: "invalid_json", Field: tt.field, Fix: tt.fix + send}, got)
		})
	}
	var whole object
	require.Nil(t, httpserver.DecodeObject([]byte(`{"id":"x","point":{"value":"y"},"at":"2026-03-14T12:06:00Z"} `), &whole, send))
	require.Equal(t, "x", whole.ID)
	require.Equal(t, "y", whole.Point.Value)
}
