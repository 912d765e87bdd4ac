package contact_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"rcu/pkg/contact"
)

func TestParseRules(t *testing.T) {
	whole, err := json.Marshal(contact.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(whole), "{}", `{"hold_minutes":15}`} {
		r, err := contact.ParseRules([]byte(text))
		if err != nil || !reflect.DeepEqual(r, contact.Default()) {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	r, err := contact.ParseRules([]byte(`{"caps":[{"most":2,"days":3,"source":"us"}],"hours":[],"hold_minutes":5}`))
	if err != nil || len(r.Caps) != 1 || len(r.Hours) != 0 || len(r.Silences) != 1 || r.HoldMinutes != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{
		"", "[]", "{} {}", `{"cap":[]}`, `{"caps":[{"most":2,"days":3}]}`, `{"hours":[{"channel":"sms","days":["lundi"],"spans":["8-20"],"source":"x"}]}`,
		`{"hours":[{"channel":"sms","days":["mon"],"spans":["20:00-08:00"],"source":"x"}]}`, `{"hours":[{"channel":"sms","days":["mon"],"spans":["08:00-24:01"],"source":"x"}]}`,
		`{"hours":[{"channel":"sms","days":["mon"],"spans":["08:60-20:00"],"source":"x"}]}`, `{"hold_minutes":-1}`,
	} {
		if _, err := contact.ParseRules([]byte(bad)); err == nil || !strings.Contains(err.Error(), ":") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Every figure of the defaults says where it comes from, and those of the law name it.
func TestDefault_figuresHaveSources(t *testing.T) {
	law := map[string]string{"phone": "Code de la consommation"}
	check := func(channel, source string) {
		if source == "" || !strings.Contains(source, law[channel]) {
			t.Errorf("%s: %q", channel, source)
		}
	}
	r := contact.Default()
	for _, c := range r.Caps {
		check(c.Channel, c.Source)
	}
	for _, h := range r.Hours {
		check(h.Channel, h.Source)
	}
	for _, f := range append(r.Silences, r.Ages...) {
		check(f.Channel, f.Source)
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte(`{"caps":[{"most":2,"days":3,"source":"us"}],"hours":[{"channel":"sms","days":["mon"],"spans":["08:00-20:00"],"source":"x"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := contact.ParseRules(b)
		if err != nil {
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := contact.ParseRules(out)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v, %+v, %v", r, again, err)
		}
	})
}
