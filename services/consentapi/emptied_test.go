package consentapi_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

// inputs are the fields of the form of a page, as its browser sends them.
func inputs(body string) (out []string) {
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([a-z_-]+)" value="([^"]*)">`).FindAllStringSubmatch(body, -1) {
		out = append(out, m[1], html.UnescapeString(m[2]))
	}
	return out
}

// sends posts a form, of which a field may stand several times.
func (r *rig) sends(path, lang string, form []string) answer {
	r.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return r.do("POST", path, "", values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", lang)
}

// takesAway empties attributes on the page of a record, looks at what will happen, and confirms it.
func (r *rig) takesAway(session string, names ...string) answer {
	r.t.Helper()
	var emptied []string
	for _, name := range names {
		emptied = append(emptied, name, "")
	}
	look := r.sends(session+"/record", "en", r.form(session, emptied...))
	require.Equal(r.t, 200, look.Code, look.Body)
	a := r.sends(session+"/record", "en", inputs(look.Body.String()))
	require.Equal(r.t, 303, a.Code, a.Body)
	return a
}

// traits are the attributes that the file of a record has, and those that it says were taken away.
func (r *rig) traits(session string) (values map[string]string, emptied []string) {
	r.t.Helper()
	f, values := r.file(session), map[string]string{}
	for _, x := range f["traits"].([]any) {
		if t := x.(fields); t["used"] == true {
			values[t["name"].(string)] = t["value"].(string)
		}
	}
	if list, is := f["emptied"].([]any); is {
		for _, x := range list {
			require.Equal(r.t, preferenceCentre, x.(fields)["source"])
			emptied = append(emptied, x.(fields)["name"].(string))
		}
	}
	return values, emptied
}

func TestEmpty_isLookedAtThenTaken(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	form := r.form(session, "city", "", "family_name", "Durand <b>")
	for lang, want := range map[string][]string{
		"fr": {"Rien n&#39;a encore changé", "Ceci ne sera plus connu", "Ceci sera corrigé en même temps", "Ville"},
		"en": {"Nothing has changed yet", "This will not be known any more", "This will be corrected at the same time", "City"},
	} {
		look := r.sends(session+"/record", lang, form)
		require.Equal(t, 200, look.Code)
		for _, w := range append(want, "Lyon", "Durand &lt;b&gt;") {
			require.Contains(t, look.Body.String(), w)
		}
		require.NotRegexp(t, `>[^<]*\bempty\.[a-z.]+[^<]*<`, look.Body.String(), "a word is missing")
	}
	events, _ := r.sentCorrections()
	require.Empty(t, events, "a look takes nothing")
	require.Zero(t, r.audited("own_record_corrected"))

	a := r.sends(session+"/record", "en", inputs(r.sends(session+"/record", "en", form).Body.String()))
	require.Equal(t, 303, a.Code, a.Body)
	events, personal := r.sentCorrections()
	require.Len(t, events, 1)
	require.Equal(t, []string{"city"}, events[0].GetIdentifierProvided().GetEmptied())
	require.Equal(t, map[string]string{"family_name": "Durand <b>"}, personal[0].GetTraits())
	require.Equal(t, 1, r.audited("own_record_corrected"))
	path := strings.Split(a.Header().Get("Location"), "#")[0]
	require.Contains(t, r.do("GET", path, "", nil, "Accept-Language", "en").Body.String(), "It will show here within seconds")
	r.foldCorrections()
	body := r.do("GET", path, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, body, "your record shows what you sent")
	require.Contains(t, body, "is not known any more")
	require.NotContains(t, body, "Lyon")
	values, emptied := r.traits(session)
	require.Equal(t, map[string]string{"family_name": "Durand <b>", "given_name": "Marie"}, values)
	require.Equal(t, []string{"city"}, emptied)
	main := r.do("GET", session, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, main, "Taken away: City")
	require.Contains(t, main, "taken away by you")
}

// Only what was shown is taken: a form that empties something else than its look is looked at again.
func TestEmpty_onlyWhatWasLookedAt(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	for _, seen := range [][]string{nil, {"empty", "given_name"}, {"empty", "city", "empty", "given_name"}} {
		require.Equal(t, 200, r.sends(session+"/record", "en", append(r.form(session, "city", ""), seen...)).Code)
	}
	require.Equal(t, 200, r.sends(session+"/record", "en", append(r.form(session, "city", "", "given_name", ""), "empty", "city")).Code)
	link := r.preferences("email", mail)
	require.Equal(t, 403, r.sends(link+"/record", "en", r.form(session, "city", "")).Code, "not even a look by a link")
	r.post("/v1/overlays", "privacy", fields{"point": point("phone", mobile), "overlay": "restricted"})
	form := []string{"do", "correct", "once", "1", "was-city", "Lyon", "city", ""}
	r.pass(time.Second)
	require.Equal(t, 423, r.sends(session+"/record", "en", form).Code)
	events, _ := r.sentCorrections()
	require.Empty(t, events)
}

// What was verified before is taken away too; who is trusted less brings nothing back, a proof of after does, and so does taking the event back.
func TestEmpty_isWeighedLikeACorrection(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	tell := func(trust eventpb.Trust, id, city string) {
		r.trust = trust
		r.collect("retail", `{"id":"`+id+`","type":"identifier.provided","version":1,"occurred_at":"`+r.now().UTC().Format(time.RFC3339)+`","identifiers":[{"namespace":"email","value":"`+
			mail+`","proved":true}],"traits":{"city":"`+city+`"},"data":{}}`)
		r.trust = 0
	}
	city := func() string {
		values, _ := r.traits(session)
		return values["city"]
	}
	tell(eventpb.Trust_TRUST_VERIFIED, "v-1", "Paris")
	require.Equal(t, "Paris", city())
	r.pass(time.Minute)
	a := r.takesAway(session, "city")
	r.foldCorrections()
	require.Empty(t, city())
	r.pass(time.Minute)
	tell(eventpb.Trust_TRUST_STATED, "s-1", "Brest")
	require.Empty(t, city())
	tell(eventpb.Trust_TRUST_VERIFIED, "v-2", "Nice")
	require.Equal(t, "Nice", city())
	path := strings.Split(a.Header().Get("Location"), "#")[0]
	require.Contains(t, r.do("GET", path, "", nil, "Accept-Language", "en").Body.String(), "Your correction is kept")

	r.pass(time.Minute)
	r.takesAway(session, "city")
	events, _ := r.sentCorrections()
	r.fold(events[1], nil)
	require.Empty(t, city())
	back := proto.CloneOf(events[1])
	back.Id, back.Type, back.ContentDigest = "back", profile.TypeRetracted, []byte("retracts")
	back.Data = &eventpb.Event_EventRetracted{EventRetracted: &eventpb.EventRetracted{RetractedId: events[1].GetId(), RetractedType: events[1].GetType()}}
	r.fold(back, nil)
	require.Equal(t, "Nice", city(), "as it was before")
}

func TestEmpty_asJSON(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	body := fields{"id": "app-1", "traits": fields{"language": "en"}, "emptied": []string{"city", "region"}}
	a := r.json(session, body)
	require.Equal(t, 202, a.Code, a.Body)
	require.Equal(t, []any{"city", "region"}, a.json()["emptied"])
	require.Equal(t, a.json()["event_id"], r.json(session, body).json()["event_id"])
	body["emptied"] = []string{"city"}
	require.NotEqual(t, a.json()["event_id"], r.json(session, body).json()["event_id"], "it takes something else away")
	require.Equal(t, 202, r.json(session, fields{"emptied": []string{"birth_date"}}).Code)
	for _, tt := range []struct {
		body          fields
		reason, field string
	}{
		{fields{"emptied": []string{}}, "required", "/traits"},
		{fields{"emptied": []string{"loyalty_tier"}}, "not_correctable", "/emptied/loyalty_tier"},
		{fields{"emptied": []string{"Secret Name"}}, "not_listed", "/emptied/*"},
		{fields{"traits": fields{"city": "Nice"}, "emptied": []string{"city"}}, "bad_form", "/emptied/city"},
	} {
		a := r.json(session, tt.body)
		require.Equal(t, 422, a.Code, a.Body)
		require.Equal(t, tt.reason, a.reason())
		require.Equal(t, tt.field, a.json()["field"])
	}
	require.Equal(t, 400, r.json(session, fields{"emptied": make([]string, 11)}).Code)
}
