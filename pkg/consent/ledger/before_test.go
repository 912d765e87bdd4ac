package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
)

// with replaces fields of a line; a nil takes one out.
func with(line string, change fields) string {
	m := fields{}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		panic(err)
	}
	for k, v := range change {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

const (
	goodWish    = `{"kind":"wish","controller":"retail","point":{"namespace":"email","value":"secret@example.com"},"wish":"topic","topic":"baby","decided_at":"2026-01-10T10:00:00Z"}`
	goodContact = `{"kind":"contact","id":"m1","controller":"retail","point":{"namespace":"email","value":"secret@example.com"},"channel":"email","purpose":"marketing","step":"made","at":"2026-01-10T10:00:00Z"}`
	goodAsked   = `{"id":"m1","controller":"retail","point":{"namespace":"email","value":"secret@example.com"},"channel":"email","purpose":"marketing"}`
)

// badContacts are lines about contacts that are refused, with the field that is named and whether the schema alone refuses them too.
var badContacts = []badLine{
	{"a wish of nothing", with(goodWish, fields{"wish": nil}), "wish", CodeRequired, true},
	{"an unknown wish", with(goodWish, fields{"wish": "silence"}), "wish", codeForm, true},
	{"no topic", with(goodWish, fields{"topic": nil}), "topic", CodeRequired, true},
	{"a topic in capitals", with(goodWish, fields{"topic": "Baby"}), "topic", codeForm, true},
	{"a topic of a channel", with(goodWish, fields{"channel": "sms"}), "*", codeForm, true},
	{"a wish of nobody", with(goodWish, fields{"point": nil}), "point", CodeRequired, true},
	{"a wish of two", with(goodWish, fields{"person": "marie"}), "person", codeForm, true},
	{"a wish of tomorrow", with(goodWish, fields{"decided_at": "2026-07-01T00:00:00Z"}), "decided_at", CodeFuture, false},
	{"a wish that was known first", with(goodWish, fields{"recorded_at": "2026-01-01T00:00:00Z"}), "recorded_at", CodeOrder, false},
	{"a wish to another", with(goodWish, fields{"controller": "digital"}), "controller", "other_controller", false},
	{"a pause without end", with(goodWish, fields{"wish": "pause", "topic": nil}), "until", CodeRequired, true},
	{"how often is not said", with(goodWish, fields{"wish": "frequency", "topic": nil}), "frequency", CodeRequired, true},
	{"how often is unknown", with(goodWish, fields{"wish": "frequency", "topic": nil, "frequency": "often"}), "frequency", codeForm, true},
	{"how often by fax", with(goodWish, fields{"wish": "frequency", "topic": nil, "frequency": "daily", "channel": "fax"}), "channel", codeForm, true},
	{"a wish that is withdrawn", with(goodWish, fields{"decision": "withdraw"}), "decision", codeForm, true},
	{"a contact without id", with(goodContact, fields{"id": nil}), "id", CodeRequired, true},
	{"a contact with too long an id", with(goodContact, fields{"id": strings.Repeat("x", 129)}), "id", codeForm, true},
	{"a contact nowhere", with(goodContact, fields{"point": nil}), "point", CodeRequired, true},
	{"a contact at an order", with(goodContact, fields{"point": fields{"namespace": "order", "value": "1"}}), "point.namespace", CodePoint, true},
	{"a contact by fax", with(goodContact, fields{"channel": "fax"}), "channel", "unknown_channel", true},
	{"a contact that does not reach", with(goodContact, fields{"channel": "sms"}), "channel", "channel_unfit", false},
	{"a contact for a profile", with(goodContact, fields{"purpose": "profiling"}), "purpose", "purpose_without_contact", true},
	{"a contact for a measurement", with(goodContact, fields{"purpose": "audience_exempt"}), "purpose", "purpose_without_contact", true},
	{"a contact for fun", with(goodContact, fields{"purpose": "fun"}), "purpose", "unknown_purpose", true},
	{"a step that is none", with(goodContact, fields{"step": "sent"}), "step", codeForm, true},
	{"a contact of tomorrow", with(goodContact, fields{"at": "2026-07-01T00:00:00Z"}), "at", CodeFuture, false},
	{"an end of what was made", with(goodContact, fields{"expires_at": "2026-01-10T11:00:00Z"}), "expires_at", CodeExpiry, false},
	{"a reservation that was over", with(goodContact, fields{"step": "reserved", "expires_at": "2026-01-10T10:00:00Z"}), "expires_at", CodeExpiry, false},
	{"a topic of two words", with(goodContact, fields{"topic": "baby clothes"}), "topic", "bad_form", true},
	{"a contact with another", with(goodContact, fields{"controller": "digital"}), "controller", "other_controller", false},
	{"a misspelt field", with(goodContact, fields{"topics": "baby"}), "*", codeForm, true},
}

// Bad questions name line and field, say what to do, repeat no value, and nothing is asked.
func TestReadBefore_refuses(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(file(t, "contacts.json")))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("contacts.json", doc))
	s, err := c.Compile("contacts.json")
	require.NoError(t, err)
	valid := func(line string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
	for _, line := range append(lines(file(t, "contacts.example.jsonl")), []byte(goodAsked)) {
		require.NoError(t, valid(string(line)))
		list, err := ReadBefore(bytes.NewReader(line), Asking{At: june, KnownAt: june})
		require.NoError(t, err)
		require.Len(t, list, 1)
	}
	for _, x := range []badLine{
		{"no JSON", `{`, "line", codeForm, true},
		{"no id", with(goodAsked, fields{"id": nil}), "id", CodeRequired, true},
		{"too long an id", with(goodAsked, fields{"id": strings.Repeat("x", 129)}), "id", codeForm, true},
		{"no point", with(goodAsked, fields{"point": nil}), "point", CodeRequired, true},
		{"a country beside the value", with(goodAsked, fields{"channel": "sms", "point": fields{"namespace": "phone", "value": "1", "country": "FR"}}), "point.*", codeForm, true},
		{"no purpose", with(goodAsked, fields{"purpose": nil}), "purpose", CodeRequired, true},
		{"no channel", with(goodAsked, fields{"channel": nil}), "channel", CodeRequired, true},
		{"a channel that does not reach", with(goodAsked, fields{"channel": "post", "point": fields{"namespace": "device", "value": "secret"}}), "channel", "channel_unfit", false},
		{"another controller", with(goodAsked, fields{"controller": "digital"}), "controller", "other_controller", false},
		{"a step of later", with(goodAsked, fields{"step": "release"}), "step", codeForm, true},
		{"no time", with(goodAsked, fields{"at": "noon"}), "at", codeForm, true},
		{"a place that is none", with(goodAsked, fields{"places": []string{"Paris"}}), "places", "bad_form", false},
		{"too many places", with(goodAsked, fields{"places": []string{"FR", "FR", "FR", "FR", "FR"}}), "places", "bad_form", true},
		{"places in a text", with(goodAsked, fields{"places": "FR"}), "places", codeForm, true},
		{"also a partner", with(goodAsked, fields{"also": []fields{{"purpose": "share_partner:acme"}}}), "also", "unknown_purpose", false},
		{"also in capitals", with(goodAsked, fields{"also": []fields{{"Purpose": "geoloc"}}}), "also.purpose", CodeRequired, true},
		{"also beside a contract", with(goodAsked, fields{"purpose": "contract", "also": []fields{{"purpose": "geoloc"}}}), "also", "bad_form", false},
		{"a family of two words", with(goodAsked, fields{"family": "red shoes"}), "family", "bad_form", true},
		{"how urgent", with(goodAsked, fields{"urgent": true}), "*", codeForm, true},
	} {
		list, err := ReadBefore(strings.NewReader("\n"+x.line), Asking{Controller: "retail", At: june, KnownAt: june})
		var wrong *LineError
		require.ErrorAs(t, err, &wrong, x.name)
		require.Empty(t, list, x.name)
		assert.Equal(t, []any{2, x.field, x.code}, []any{wrong.Line, wrong.Field, wrong.Code}, x.name)
		assert.NotEmpty(t, wrong.Reason, x.name)
		assert.NotEmpty(t, wrong.Fix, x.name)
		assert.NotContains(t, err.Error(), "secret", x.name)
		assert.Equal(t, x.schema, valid(x.line) != nil, "%s: %v", x.name, valid(x.line))
	}
}

// A point and a person hold as many wishes as a book does, and one more is refused: none is left out.
func TestRead_wishesAreBounded(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range maxWished {
		for _, who := range []fields{{}, {"point": nil, "person": "marie"}} {
			all = append(all, with(with(goodWish, fields{"topic": fmt.Sprintf("t%d", i)}), who))
		}
	}
	all = append(all, all[0], `{"kind":"member","person":"marie","point":{"namespace":"email","value":"secret@example.com"}}`)
	l, err := Read(strings.NewReader(strings.Join(all, "\n")), purposes(t), Reading{Now: june})
	require.NoError(t, err)
	require.Len(t, l.wishesAt("retail", []Point{{identifier.Email, "secret@example.com"}}, june, june).Suppressed, maxWished, "the same topics by both")
	require.Len(t, l.bookAt("retail", Point{identifier.Email, "secret@example.com"}, june, june).All(), 2*maxWished)
	_, err = Read(strings.NewReader(strings.Join(append(all, with(goodWish, fields{"topic": "more"})), "\n")), purposes(t), Reading{Now: june})
	require.ErrorContains(t, err, fmt.Sprintf("line %d: field wish: is one of too many", len(all)+1))
}

// before asks for an e-mail about shoes at a time.
func before(t testing.TB, l *Ledger, at int64) Told {
	t.Helper()
	place, err := contact.ParsePlace("FR")
	require.NoError(t, err)
	plan, fault := contact.Wanted{ID: "m1", Controller: "shop", Purpose: consent.Marketing, Channel: "email", Topic: "shoes"}.Plan(keyOf(anna), anna.Value, place)
	require.Nil(t, fault)
	return l.Before(contact.Default(), Before{Controller: "shop", Point: anna, Plan: plan, At: at, KnownAt: at})
}

// A mask that pauses a person is a pause at all their points; with one that has no end, waiting does not help.
func TestBefore_pausedByAMask(t *testing.T) {
	t.Parallel()
	for until, next := range map[int64]time.Time{day(20): time.Unix(day(20), 0), 0: {}} {
		l := New(purposes(t))
		grant := said("g", Grant, anna, consent.Marketing, "email", day(0))
		grant.Act = "app"
		l.State(grant)
		l.Belongs(Member{"a", anna})
		require.True(t, before(t, l, day(1)).Allowed)
		l.Overlay(Overlay{Person: "a", Mask: Paused, From: day(2), Until: until, RecordedAt: day(3)})
		require.True(t, before(t, l, day(1)).Allowed, "before it lay")
		told := before(t, l, day(4))
		require.Equal(t, contact.ReasonPaused, told.Reason)
		require.True(t, next.Equal(told.Next), told.Next)
	}
}

// A child's contacts rest on a grant that was given with a parent; growing up ends it, and what was granted as a child never counts.
func TestBefore_ofAChild(t *testing.T) {
	t.Parallel()
	l := New(purposes(t))
	l.Belongs(Member{"a", anna})
	l.Age(Age{Person: "a", Band: Under15, From: day(0), RecordedAt: day(0)})
	alone := said("g", Grant, anna, consent.Marketing, "email", day(1))
	l.State(alone)
	require.Equal(t, contact.ReasonPermission, before(t, l, day(2)).Reason)
	joint := said("j", Grant, anna, consent.Marketing, "email", day(3))
	joint.Guardian = "parent"
	l.State(joint)
	require.True(t, before(t, l, day(4)).Allowed)
	l.Age(Age{Person: "a", Band: From15To17, From: day(10), RecordedAt: day(10)})
	require.Equal(t, contact.ReasonPermission, before(t, l, day(11)).Reason, "the person is asked anew")
	l.State(said("n", Grant, anna, consent.Marketing, "email", day(12)))
	require.True(t, before(t, l, day(13)).Allowed)
	require.Equal(t, contact.ReasonPermission, before(t, l, day(11)).Reason)
}

// A contact goes from step to step in the order of the clock, whatever the order of the lines: a place that was given back counts no more, one that was
// made stays, and the first refusal is the one that counts.
func TestLogAt_steps(t *testing.T) {
	t.Parallel()
	key := contact.ID{1}
	step := func(s Step, at, expires int64) Contacted {
		return Contacted{Controller: "shop", Point: anna, Ask: contact.Ask{ID: key, Point: keyOf(anna), Channel: "email"}, Step: s, At: at, RecordedAt: at, Expires: expires}
	}
	const minute = 60
	at := day(5)
	for name, c := range map[string]struct {
		steps []Contacted
		want  []contact.Contact
	}{
		"reserved":            {[]Contacted{step(StepReserved, at-minute, 0)}, []contact.Contact{{At: at - minute, Expires: at + 14*minute, State: contact.Reserved}}},
		"reserved for longer": {[]Contacted{step(StepReserved, at-minute, at+9)}, []contact.Contact{{At: at - minute, Expires: at + 9, State: contact.Reserved}}},
		"released":            {[]Contacted{step(StepReserved, at-minute, 0), step(StepReleased, at-1, 0)}, nil},
		"reserved anew":       {[]Contacted{step(StepReserved, at-3, 0), step(StepReleased, at-2, 0), step(StepReserved, at-1, at+9)}, []contact.Contact{{At: at - 1, Expires: at + 9, State: contact.Reserved}}},
		"made":                {[]Contacted{step(StepReserved, at-3, 0), step(StepMade, at-2, 0), step(StepReleased, at-1, 0), step(StepReserved, at-1, 0)}, []contact.Contact{{At: at - 2, State: contact.Made}}},
		"refused twice":       {[]Contacted{step(StepMade, at-3, 0), step(StepRefused, at-2, 0), step(StepRefused, at-1, 0)}, []contact.Contact{{At: at - 2, State: contact.Declined}}},
		"later":               {[]Contacted{step(StepMade, at+1, 0)}, nil},
		"long ago":            {[]Contacted{step(StepMade, at-int64(contact.Default().Kept()/time.Second)-1, 0)}, nil},
	} {
		for range 2 {
			l := New(purposes(t))
			for _, s := range c.steps {
				l.Contacted(s)
			}
			for i := range c.want {
				c.want[i].ID, c.want[i].Channel, c.want[i].Point = key, "email", keyOf(anna)
			}
			require.Equal(t, c.want, l.logAt("shop", []Point{anna}, contact.Default(), at, at).Contacts(), name)
			slices.Reverse(c.steps)
		}
	}
}

// Whatever the bytes: no panic, an error that names a line, or questions that are answered, and allowed with a permission alone.
func FuzzReadBefore(f *testing.F) {
	f.Add([]byte(goodAsked))
	f.Add([]byte(with(goodAsked, fields{"also": []fields{{"purpose": "marketing", "channel": "push"}}, "places": []string{"FR-974"}, "step": "confirm", "known_at": "2026-01-01T00:00:00Z"})))
	f.Add(file(f, "contacts.example.jsonl"))
	l, err := Read(bytes.NewReader(file(f, "example.jsonl")), purposes(f), Reading{Now: june})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := ReadBefore(bytes.NewReader(raw), Asking{At: june, KnownAt: june})
		var wrong *LineError
		if err != nil && (!errors.As(err, &wrong) || wrong.Line < 1 || wrong.Field == "" || wrong.Fix == "") {
			t.Fatal(err)
		}
		for _, q := range list {
			if told := l.Before(contact.Default(), q.Before); told.Allowed && !q.Plan.Ask.Service && len(told.Proof) == 0 {
				t.Fatal("a yes of nothing")
			}
		}
	})
}
