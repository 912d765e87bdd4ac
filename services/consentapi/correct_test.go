package consentapi_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

// preferenceCentre is the source of corrections of the rig's controller.
const preferenceCentre = "preference-centre"

// sentCorrections are the events that corrections became, with what is sealed in them.
func (r *rig) sentCorrections() (events []*eventpb.Event, personal []*eventpb.Personal) {
	r.t.Helper()
	for _, x := range r.kafka.sent() {
		if x.Topic != stream.TopicEventsWeb {
			continue
		}
		e, p := new(eventpb.Event), new(eventpb.Personal)
		require.NoError(r.t, proto.Unmarshal(x.Value, e))
		require.Equal(r.t, e.GetLeafKey(), x.Key)
		if e.GetPersonal() != nil {
			plain, err := r.daily.Open(e.GetPersonal())
			require.NoError(r.t, err)
			require.NoError(r.t, proto.Unmarshal(plain, p))
		}
		events, personal = append(events, e), append(personal, p)
	}
	return events, personal
}

// foldCorrections puts what Kafka has on the record, as the resolver does.
func (r *rig) foldCorrections() {
	r.t.Helper()
	events, personal := r.sentCorrections()
	for i, e := range events {
		r.fold(e, personal[i])
	}
}

var onceInForm = regexp.MustCompile(`name="once" value="([0-9a-z-]+)"`)

// form is the form of a correction as the page gives it, with some fields written anew.
func (r *rig) form(session string, write ...string) []string {
	r.t.Helper()
	body := r.do("GET", session+"/record", "", nil, "Accept-Language", "en").Body.String()
	once := onceInForm.FindStringSubmatch(body)
	require.NotNil(r.t, once, "the page has the form")
	out := []string{"do", "correct", "once", once[1]}
	was := map[string]string{}
	for _, m := range regexp.MustCompile(`name="was-([a-z_]+)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		was[m[1]] = m[2]
		out = append(out, "was-"+m[1], m[2])
	}
	written := map[string]string{}
	for i := 0; i < len(write); i += 2 {
		written[write[i]] = write[i+1]
	}
	for name, value := range was {
		if w, is := written[name]; is {
			value = w
		}
		out = append(out, name, value)
	}
	return out
}

func TestCorrect_isAnEventOfThePreferenceCentre(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	a := r.choose(session+"/record", r.form(session, "family_name", "Durand-Martin", "city", " Nice ")...)
	require.Equal(t, 303, a.Code, a.Body)
	events, personal := r.sentCorrections()
	require.Len(t, events, 1)
	e := events[0]
	require.Equal(t, map[string]string{"family_name": "Durand-Martin", "city": "Nice"}, personal[0].GetTraits(), "what was not changed is not said again")
	require.Empty(t, personal[0].GetIdentifiers())
	require.Equal(t, preferenceCentre, e.GetSource())
	require.Equal(t, "retail", e.GetController())
	require.Equal(t, eventpb.Trust_TRUST_SELF, e.GetTrust())
	require.Equal(t, r.now().UnixMicro(), e.GetOccurredAt())
	require.Nil(t, e.GetClaim())
	require.Len(t, e.GetIdentifiers(), 1, "it links nothing")
	require.Equal(t, []byte(r.key(identifier.Email, mail).Value), e.GetIdentifiers()[0].GetPseudonym(), "about the point that the log-in proves, and no device")
	require.True(t, e.GetIdentifiers()[0].GetProved())
	require.Equal(t, 1, r.audited("own_record_corrected"))

	path := strings.Split(a.Header().Get("Location"), "#")[0]
	require.Contains(t, path, e.GetId())
	for lang, want := range map[string]string{"fr": "Elle s&#39;affichera ici dans quelques secondes", "en": "It will show here within seconds"} {
		require.Contains(t, r.do("GET", path, "", nil, "Accept-Language", lang).Body.String(), want)
	}
	r.foldCorrections()
	body := r.do("GET", path, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, body, "your record shows what you sent")
	require.Contains(t, body, "Durand-Martin")
	require.Contains(t, body, preferenceCentre)
	traits := map[string]fields{}
	for _, x := range r.file(session)["traits"].([]any) {
		if x.(fields)["used"] == true {
			traits[x.(fields)["name"].(string)] = x.(fields)
		}
	}
	require.Equal(t, "Nice", traits["city"]["value"])
	require.Equal(t, preferenceCentre, traits["city"]["source"])
	require.Equal(t, "self", traits["city"]["trust"])
	require.Equal(t, "shop-fr", traits["given_name"]["source"])
	main := r.do("GET", session, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, main, "Correction: City, Last name")
	require.Contains(t, main, "corrected by you")
	require.NotContains(t, main, "Durand-Martin", "the history tells what, not what to")
}

// Sent twice it is one event; a form as the page gave it is none.
func TestCorrect_countsOnce(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	form := r.form(session, "city", "Nice")
	require.Equal(t, 303, r.choose(session+"/record", form...).Code)
	r.pass(time.Minute)
	require.Equal(t, 303, r.choose(session+"/record", form...).Code)
	events, _ := r.sentCorrections()
	require.Equal(t, events[0].GetId(), events[1].GetId())
	require.Equal(t, events[0].GetContentDigest(), events[1].GetContentDigest())
	require.Equal(t, 303, r.choose(session+"/record", r.form(session, "city", "Nice")...).Code)
	events, _ = r.sentCorrections()
	require.NotEqual(t, events[0].GetId(), events[2].GetId(), "another form, another correction")
	a := r.choose(session+"/record", r.form(session)...)
	require.Equal(t, 303, a.Code)
	events, _ = r.sentCorrections()
	require.Len(t, events, 3)
	require.Contains(t, r.do("GET", strings.Split(a.Header().Get("Location"), "#")[0], "", nil, "Accept-Language", "en").Body.String(), "You changed nothing")
}

// What a source verified stays, and the page says so; the correction is kept beside it.
func TestCorrect_isWeighedLikeEverySource(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	r.trust = eventpb.Trust_TRUST_VERIFIED
	r.collect("retail", `{"id":"i-2","type":"identifier.provided","version":1,"occurred_at":"2026-03-12T10:00:00Z","identifiers":[{"namespace":"email","value":"`+mail+
		`","proved":true}],"traits":{"birth_date":"1980-04-02"},"data":{}}`)
	a := r.choose(session+"/record", r.form(session, "birth_date", "1981-04-02")...)
	require.Equal(t, 303, a.Code)
	r.foldCorrections()
	path := strings.Split(a.Header().Get("Location"), "#")[0]
	require.Contains(t, r.do("GET", path, "", nil, "Accept-Language", "en").Body.String(), "Your correction is kept")
	values := map[string]bool{}
	for _, x := range r.file(session)["traits"].([]any) {
		if x.(fields)["name"] == "birth_date" {
			values[x.(fields)["value"].(string)] = x.(fields)["used"].(bool)
		}
	}
	require.Equal(t, map[string]bool{"1980-04-02": true, "1981-04-02": false}, values)
}

func TestCorrect_namesTheFieldThatIsWrong(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	for _, tt := range []struct{ name, value, fr, en string }{
		{"city", strings.Repeat("x", 129), "C&#39;est trop long", "This is too long"},
		{"birth_date", "1980-13-01", "Cela n&#39;a pas la forme attendue", "does not have the form"},
		{"birth_date", "2027-01-01", "Cette date est à venir", "lies in the future"},
		{"birth_date", "1880-01-01", "Cette date est trop ancienne", "too long ago"},
		{"address_line", "4111 1111 1111 1111", "carte de paiement", "payment card number"},
		{"address_line", "FR7630006000011234567890189", "compte bancaire", "bank account"},
	} {
		for lang, want := range map[string]string{"fr": tt.fr, "en": tt.en} {
			values := url.Values{}
			form := r.form(session, tt.name, tt.value, "given_name", "Kept <b>&")
			for i := 0; i < len(form); i += 2 {
				values.Set(form[i], form[i+1])
			}
			a := r.do("POST", session+"/record", "", values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", lang)
			require.Equal(t, 422, a.Code)
			body := a.Body.String()
			require.Contains(t, body, want, tt.name)
			require.Regexp(t, `id="correct-`+tt.name+`"[^>]* aria-invalid="true" aria-describedby="wrong-`+tt.name+`"`, body)
			require.Contains(t, body, `value="Kept &lt;b&gt;&amp;"`, "what was written is still there")
			require.Equal(t, 1, strings.Count(body, `aria-invalid`))
		}
	}
	events, _ := r.sentCorrections()
	require.Empty(t, events)
	require.Zero(t, r.audited("own_record_corrected"))
}

// A correction is that of a log-in, about one record that is open, in its own page, and durable or not taken at all.
func TestCorrect_isRefused(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	form := r.form(session, "city", "Nice")
	link := r.preferences("email", mail)
	require.Equal(t, 403, r.choose(link+"/record", form...).Code, "a link is about one point")
	foreign := r.do("POST", session+"/record", "", "do=correct&once=1&city=Nice", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 403, foreign.Code, "a form that another site sends")
	require.Equal(t, 200, r.do("GET", session+"/record?do=correct&once=1&city=Nice", "", nil).Code)
	require.Equal(t, 400, r.choose(session+"/record", "do", "dance").Code)
	require.Equal(t, 400, r.choose(session+"/record", "do", "correct", "city", "Nice").Code)
	require.Equal(t, 400, r.choose(session+"/record", "do", "correct", "once", "1", "city", strings.Repeat("x", 33<<10)).Code)
	require.Equal(t, 422, r.json(session, fields{"id": strings.Repeat("x", 129), "traits": fields{"city": "Nice"}}).Code)

	r.kafka.set(true)
	a := r.choose(session+"/record", form...)
	require.Equal(t, 503, a.Code)
	require.Contains(t, a.Body.String(), "nothing has changed")
	require.NotContains(t, a.Body.String(), "Marie", "a look that cannot be written down is not answered")
	r.kafka.set(false)
	r.kafka.refused = stream.TopicEventsWeb
	require.Equal(t, 503, r.choose(session+"/record", form...).Code, "written down, and not taken")
	r.kafka.refused = ""
	r.redis.set(true)
	require.Equal(t, 503, r.choose(session+"/record", form...).Code)
	r.redis.set(false)

	all := r.people[r.key(identifier.Email, mail)]
	r.people[r.key(identifier.Email, mail)] = []identifier.Key{r.key(identifier.Email, mail)}
	require.Equal(t, 409, r.choose(session+"/record", form...).Code, "the record was parted since")
	r.people[r.key(identifier.Email, mail)] = all

	r.post("/v1/overlays", "privacy", fields{"point": point("phone", mobile), "overlay": "restricted"})
	r.pass(time.Second)
	require.Equal(t, 423, r.choose(session+"/record", form...).Code, "restricted")
	require.NotContains(t, r.do("GET", session+"/record", "", nil).Body.String(), `name="once"`)
	r.pass(time.Hour)
	require.Equal(t, 410, r.choose(session+"/record", form...).Code)
	events, _ := r.sentCorrections()
	require.Empty(t, events)
}

// json sends a correction as a program does.
func (r *rig) json(session string, body any) answer {
	r.t.Helper()
	return r.do("POST", session+"/record", "", body, "Content-Type", "application/json; charset=utf-8")
}

func TestCorrect_asJSON(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	body := fields{"id": "app-1", "traits": fields{"city": "Nice", "language": "en"}}
	a := r.json(session, body)
	require.Equal(t, 202, a.Code, a.Body)
	got := a.json()
	require.Equal(t, "accepted", got["status"])
	require.Equal(t, preferenceCentre, got["source"])
	require.Equal(t, []any{"city", "language"}, got["traits"])
	require.Equal(t, got["event_id"], r.json(session, body).json()["event_id"], "sent again it is the same")
	require.NotEqual(t, got["event_id"], r.json(session, fields{"traits": fields{"city": "Nice"}}).json()["event_id"])
	for _, tt := range []struct {
		traits        fields
		reason, field string
	}{
		{fields{}, "required", "/traits"},
		{fields{"city": " "}, "required", "/traits/city"},
		{fields{"loyalty_tier": "gold"}, "not_correctable", "/traits/loyalty_tier"},
		{fields{"Secret Name": "x"}, "not_listed", "/traits/*"},
		{fields{"country": "France"}, "bad_form", "/traits/country"},
		{fields{"given_name": "4111111111111111"}, "card_number", "/traits/given_name"},
	} {
		a := r.json(session, fields{"traits": tt.traits})
		require.Equal(t, 422, a.Code)
		require.Equal(t, tt.reason, a.reason(), a.Body)
		require.Equal(t, tt.field, a.json()["field"])
	}
	require.Equal(t, 400, r.json(session, fields{"traits": fields{"city": 3}}).Code)
	require.Equal(t, 400, r.json(session, fields{"traits": fields{"city": "x"}, "controller": "digital"}).Code, "the session says whose record")
	require.Equal(t, "account_only", r.json(r.preferences("email", mail), body).reason())
	require.Equal(t, "application/json", strings.Split(r.json("/p/none", body).Header().Get("Content-Type"), ";")[0])
	require.Equal(t, 413, r.json(session, fields{"traits": fields{"city": strings.Repeat("x", 17<<10)}}).Code)
}

// A log-in that proves a device alone, or points that are not all one person's any more, corrects nothing; nor does a controller without a source.
func TestCorrect_isAboutOneProvedPerson(t *testing.T) {
	r := newRig(t)
	r.withRecord()
	p, err := identifier.ParsePseudonym([]byte(r.key(identifier.Phone, mobile).Value))
	require.NoError(t, err)
	begin := func(key string, points ...fields) string {
		a := r.post("/v1/preference-sessions", key, fields{"controller": map[bool]string{true: "digital", false: "retail"}[key == "service+"], "rcu_id": r.ring.Name(space, p), "points": points})
		require.Equal(t, 200, a.Code, a.Body)
		return a.json()["path"].(string)
	}
	correction := fields{"traits": fields{"city": "Nice"}}
	require.Equal(t, "account_point", r.json(begin("service", point("cookie", browser)), correction).reason())
	require.Equal(t, "no_corrections", r.json(begin("service+", point("email", mail)), correction).reason(), "no source takes corrections of that controller")
	both := begin("service", point("email", mail), point("phone", mobile))
	phone := r.key(identifier.Phone, mobile)
	r.people[r.key(identifier.Email, mail)] = []identifier.Key{r.key(identifier.Email, mail), r.key(identifier.Cookie, browser), {Namespace: identifier.Customer, Value: phone.Value}}
	require.Equal(t, "parted", r.json(both, correction).reason(), "one of the proved points is another person's by now")
	events, _ := r.sentCorrections()
	require.Empty(t, events)
	digital := r.do("GET", begin("service+", point("email", mail))+"/record", "", nil, "Accept-Language", "en").Body.String()
	require.NotContains(t, digital, `name="once"`)
	require.Contains(t, digital, "tell a store or customer service")
}

// What people write stands sealed in the event, and nowhere else.
func TestCorrect_tellsNobodyElse(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	const planted = "Zyxwvut-Planted"
	require.Equal(t, 303, r.choose(session+"/record", r.form(session, "family_name", planted, "address_line", planted+" 12", "city", planted)...).Code)
	require.Equal(t, 422, r.choose(session+"/record", r.form(session, "birth_date", planted)...).Code)
	r.kafka.set(true)
	require.Equal(t, 503, r.json(session, fields{"traits": fields{"city": planted}}).Code)
	r.kafka.set(false)
	for _, e := range r.logs.All() {
		raw, err := json.Marshal(e.ContextMap())
		require.NoError(t, err)
		require.NotContains(t, e.Message+string(raw), planted)
		require.NotContains(t, string(raw), session[3:])
	}
	for _, x := range r.kafka.sent() {
		require.NotContains(t, string(x.Value)+string(x.Key), planted)
	}
}

// Every attribute of the register is either the person's to correct or known not to be, and the form is as long as the contract lets it be.
func TestCorrect_knowsEveryAttribute(t *testing.T) {
	r := newRig(t)
	reg, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	session := r.withRecord()
	body := r.do("GET", session+"/record", "", nil, "Accept-Language", "fr").Body.String()
	require.NotRegexp(t, `>[^<]*\bcorrect\.[a-z.]+[^<]*<`, body, "a word is missing")
	d, err := decoder()
	require.NoError(t, err)
	origin := &event.Origin{Space: space, Controller: "retail", Source: preferenceCentre, Channel: eventpb.Channel_CHANNEL_WEB}
	for name := range reg.Traits {
		if name == "loyalty_tier" {
			require.NotContains(t, body, `name="loyalty_tier"`)
			continue
		}
		require.Contains(t, body, `id="correct-`+name+`" name="`+name+`"`)
		most := regexp.MustCompile(`id="correct-` + name + `"[^>]*type="text"[^>]*maxlength="(\d+)"`).FindStringSubmatch(body)
		if most == nil {
			continue
		}
		var n int
		require.NoError(t, json.Unmarshal([]byte(most[1]), &n))
		for extra, taken := range map[int]bool{0: true, 1: false} {
			_, _, no := d.Correct(origin, r.ring, event.Correction{ID: "1", At: r.now(), Point: r.key(identifier.Email, mail), Traits: map[string]string{name: strings.Repeat("x", n+extra)}}, r.now())
			require.Equal(t, taken, no == nil, "%s of %d characters", name, n+extra)
		}
	}
}
