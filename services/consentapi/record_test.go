package consentapi_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

// records holds one person, with leaves folded from events.
type records struct {
	person *resolve.Person
	asked  []identifier.Key
}

func (x *records) People(_ context.Context, _ string, keys []identifier.Key, _ int64) ([]*resolve.Person, error) {
	x.asked = append(x.asked, keys...)
	return []*resolve.Person{x.person}, nil
}

var decoder = sync.OnceValues(func() (*event.Decoder, error) { return event.NewDecoder(schemas.Files) })

// collect folds one event of a controller into a leaf of the person.
func (r *rig) collect(controller, envelope string) {
	r.t.Helper()
	dec, err := decoder()
	require.NoError(r.t, err)
	o := &event.Origin{
		Space: space, Controller: controller, Source: "shop-fr", Channel: cmp.Or(r.channel, eventpb.Channel_CHANNEL_WEB), Brand: "maison", Country: "FR", Currency: "EUR",
		Trust: cmp.Or(r.trust, eventpb.Trust_TRUST_SELF),
	}
	draft, rejection := dec.Decode([]byte(envelope), o, r.now())
	require.Nil(r.t, rejection, "%+v", rejection)
	e, personal, _ := draft.Stamp(r.ring, func(identifier.Key) int64 { return 1 })
	r.fold(e, personal)
}

// fold puts an event on its leaf, as the resolver does.
func (r *rig) fold(e *eventpb.Event, personal *eventpb.Personal) {
	r.t.Helper()
	person := r.records.person
	i := slices.IndexFunc(person.Leaves, func(l resolve.PersonLeaf) bool { return bytes.Equal(l.Key, e.GetLeafKey()) })
	if i < 0 {
		i = len(person.Leaves)
		person.Leaves = append(person.Leaves, resolve.PersonLeaf{Controller: e.GetController(), Key: e.GetLeafKey(), State: &profile.State{}, Owned: true})
	}
	traits := r.seal(e.GetController(), profile.LeafOf(e.GetLeaf()), personal)
	require.Equal(r.t, profile.Folded, person.Leaves[i].State.Fold(profile.Folding{Event: e, Traits: traits}))
}

// seal seals the personal fields of an event under the key of its subject, as the resolver does.
func (r *rig) seal(controller string, leaf identity.Leaf, p *eventpb.Personal) map[string]profile.SealedTrait {
	r.t.Helper()
	subject := resolve.SubjectOf(leaf)
	id, cell := hex.EncodeToString([]byte(subject.Value)), resolve.SubjectKeyCell(space, controller, subject)
	cells, err := r.redis.Cells.LoadCells(r.t.Context(), []string{cell})
	require.NoError(r.t, err)
	if cells[0].Value == nil {
		_, wrapped, err := r.ring.NewSubjectKey(controller, id)
		require.NoError(r.t, err)
		cells[0].Value = wrapped
		_, err = r.redis.Cells.CommitCells(r.t.Context(), cells)
		require.NoError(r.t, err)
	}
	key, err := r.ring.SubjectKey(controller, id, cells[0].Value)
	require.NoError(r.t, err)
	out := map[string]profile.SealedTrait{}
	add := func(name, value string) {
		out[name], err = key.Seal(name, value)
		require.NoError(r.t, err)
	}
	for name, value := range p.GetTraits() {
		add(name, value)
	}
	for _, x := range p.GetIdentifiers() {
		add(resolve.IdentifierTrait(identifier.Key{Namespace: identifier.Namespace(x.GetNamespace()), Value: string(x.GetPseudonym())}), x.GetValue())
	}
	return out
}

// withRecord gives the person of the rig a record at two controllers, and is a session of theirs.
func (r *rig) withRecord() string {
	r.t.Helper()
	provided := `{"id":"i-1","type":"identifier.provided","version":1,"occurred_at":"2026-03-10T10:00:00Z","identifiers":[{"namespace":"email","value":"` + mail +
		`","proved":true},{"namespace":"phone","value":"` + mobile + `"}],"traits":{"given_name":"Marie","city":"Lyon"},"data":{}}`
	ordered := `{"id":"o-1","type":"order.placed","version":1,"occurred_at":"2026-03-11T10:00:00Z","identifiers":[{"namespace":"email","value":"` + mail +
		`","proved":true},{"namespace":"order","value":"A-77"}],"data":{"total":{"amount":123450,"currency":"EUR"}}}`
	viewed := `{"id":"v-1","type":"page.viewed","version":1,"occurred_at":"2026-03-12T10:00:00Z","identifiers":[{"namespace":"cookie","value":"` + browser +
		`"},{"namespace":"email","value":"` + mail + `","proved":true}],"data":{"path":"/shoes","kind":"listing"}}`
	session := r.loggedIn()
	r.collect("retail", provided)
	r.collect("retail", ordered)
	r.collect("retail", viewed)
	r.collect("digital", strings.Replace(provided, "Lyon", "Paris", 1))
	return session
}

// file downloads the record of a session.
func (r *rig) file(session string) fields {
	r.t.Helper()
	a := r.do("GET", session+"/record?form=json", "", nil)
	require.Equal(r.t, 200, a.Code, a.Body)
	require.Contains(r.t, a.Header().Get("Content-Disposition"), "attachment")
	require.Equal(r.t, "no-store", a.Header().Get("Cache-Control"))
	return a.json()
}

// audited counts the lines of the audit about an action.
func (r *rig) audited(action string) int {
	n := 0
	for _, x := range r.kafka.sent() {
		if x.Topic == stream.TopicAudit && strings.Contains(string(x.Value), action) {
			n++
		}
	}
	return n
}

func TestRecord_isShownToWhomItIsAbout(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	a := r.do("GET", session+"/record", "", nil, "Accept-Language", "fr")
	require.Equal(t, 200, a.Code, a.Body)
	body := a.Body.String()
	for _, want := range []string{"Marie", "Lyon", "shop-fr", "10 mars 2026", "donné par vous", "1\u202f234,50 EUR", "A-77", "m•••@e•••.com", "•• •• •• •• 78"} {
		require.Contains(t, body, want)
	}
	for _, never := range []string{mail, strings.ToLower(mail), mobile, mobile[3:], browser, "Paris", "/shoes"} {
		require.NotContains(t, body, never)
	}
	require.NotRegexp(t, `>[^<]*\b(record|pref|erase)\.[a-z.]+[^<]*<`, body, "a word is missing")
	require.Equal(t, 1, r.audited("own_record"))
	require.Equal(t, r.key(identifier.Email, mail), r.records.asked[0], "the record is read by a point that the log-in proves")

	main := r.do("GET", session, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, main, "phone •• •• •• •• 78", "and the choices say which telephone")
	require.NotContains(t, main, mobile[3:])
}

func TestRecord_isDownloaded(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	r.chosen(session, "do", "level", "level", "service")
	f := r.file(session)
	require.Equal(t, 1, r.audited("own_record_file"))
	require.Equal(t, "retail", f["controller"])
	byKind := map[string]fields{}
	for _, p := range f["points"].([]any) {
		byKind[p.(fields)["namespace"].(string)] = p.(fields)
	}
	require.Equal(t, strings.ToLower(mail), byKind["email"]["value"], "what the log-in proves is given in the clear")
	require.Equal(t, "•• •• •• •• 78", byKind["phone"]["value"], "and nothing else")
	require.Equal(t, true, byKind["phone"]["masked"])
	require.NotContains(t, byKind["cookie"], "value", "nobody knows a browser by its number")
	traits := map[string]string{}
	for _, x := range f["traits"].([]any) {
		traits[x.(fields)["name"].(string)] = x.(fields)["value"].(string)
	}
	require.Equal(t, map[string]string{"given_name": "Marie", "city": "Lyon"}, traits, "of this controller alone")
	require.Len(t, f["orders"], 1)
	require.Len(t, f["newest_events"], 2, "browsing without a grant as of now is shown to nobody")
	require.NotEmpty(t, f["decisions"])
	require.Len(t, f["recipients"], 1)
	receipt := f["decisions"].([]any)[0].(fields)["receipt"].(string)
	require.Equal(t, 200, r.do("GET", receipt, "", nil).Code)
	raw, err := json.Marshal(f)
	require.NoError(t, err)
	require.NotContains(t, string(raw), mobile[3:])
}

// The record opens for a log-in alone, as long as it is one person's, and only where the look can be written down.
func TestRecord_staysClosedToOthers(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	link := r.preferences("email", mail)
	for _, path := range []string{link + "/record", link + "/record?form=json", link + "/erase"} {
		a := r.do("GET", path, "", nil, "Accept-Language", "en")
		require.Equal(t, 403, a.Code, path)
		require.NotContains(t, a.Body.String(), "Marie")
	}
	require.Equal(t, 403, r.choose(link+"/erase", "do", "erase").Code)
	other := map[bool]string{true: "y", false: "x"}[session[40] == 'x']
	require.Equal(t, 404, r.do("GET", session[:40]+other+session[41:]+"/record", "", nil).Code)
	r.kafka.set(true)
	require.Equal(t, 503, r.do("GET", session+"/record", "", nil).Code, "a look that cannot be written down is not answered")
	require.Equal(t, 200, r.do("GET", session, "", nil).Code, "choices are")
	r.kafka.set(false)
	r.redis.set(true)
	require.Equal(t, 503, r.do("GET", session+"/record", "", nil).Code)
	r.redis.set(false)
	parted := []identifier.Key{r.key(identifier.Email, mail)}
	r.people[parted[0]] = parted
	a := r.do("GET", session+"/record", "", nil, "Accept-Language", "en")
	require.Equal(t, 409, a.Code, "the record was parted since")
	require.NotContains(t, a.Body.String(), "Marie")
	require.NotContains(t, r.do("GET", session, "", nil).Body.String(), "•• 78")
	r.pass(time.Hour)
	require.Equal(t, 410, r.do("GET", session+"/record", "", nil).Code)
	for _, e := range r.logs.All() {
		for _, v := range e.ContextMap() {
			text, _ := v.(string)
			require.NotContains(t, text, session[3:])
			require.NotContains(t, text, "Marie")
		}
	}
}

func TestRecord_isErased(t *testing.T) {
	r := newRig(t)
	session := r.withRecord()
	r.post("/v1/consents", "service", grant(nil))
	require.True(t, r.mailing())
	page := r.do("GET", session+"/erase", "", nil, "Accept-Language", "en")
	require.Equal(t, 200, page.Code)
	require.Contains(t, page.Body.String(), "for ten years")
	require.Contains(t, page.Body.String(), "Change nothing")
	for _, path := range []string{"/erase?do=erase", "/erase?done=1", "?do=erase"} {
		require.Equal(t, 200, r.do("GET", session+path, "", nil).Code)
	}
	require.True(t, r.mailing(), "opening a page changes nothing")
	require.Equal(t, 400, r.choose(session+"/erase", "do", "dance").Code)
	foreign := r.do("POST", session+"/erase", "", "do=erase", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 403, foreign.Code, "a form that another site sends")
	require.True(t, r.mailing())

	r.kafka.set(true)
	a := r.choose(session+"/erase", "do", "erase")
	require.Equal(t, 303, a.Code, "with Kafka away, too")
	r.kafka.set(false)
	require.False(t, r.mailing(), "at once")
	r.pass(time.Second)
	done := r.do("GET", a.Header().Get("Location"), "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, done, "your record is closed from now on")
	require.NotContains(t, done, `value="erase"`)
	for _, k := range r.people[r.key(identifier.Email, mail)] {
		points := r.register("retail", k)
		require.Contains(t, points.Overlays(r.now().Unix()), consent.Erased, "at every point")
	}
	body := r.do("GET", session+"/record", "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, body, "it is closed")
	require.NotContains(t, body, "Marie")
	require.Empty(t, r.file(session)["traits"])
	main := r.do("GET", session, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, main, "Erasure of your record")
	receipts := regexp.MustCompile(`/v1/consents/[A-Za-z0-9_-]+/receipt`).FindAllString(main, -1)
	shown := r.do("GET", receipts[0], "", nil, "Accept", "text/html", "Accept-Language", "en").Body.String()
	require.Contains(t, shown, "Erasure of your record")
	require.Contains(t, shown, "The signature is verified")
	before := len(r.kafka.sent())
	require.Equal(t, 303, r.choose(session+"/erase", "do", "erase").Code)
	require.Len(t, r.kafka.sent(), before, "asking again changes nothing")
}

// Whatever the register names has words on the pages, in both languages.
func TestRecord_wordsOfTheRegister(t *testing.T) {
	r := newRig(t)
	reg, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	session := r.withRecord()
	for _, lang := range []string{"fr", "en"} {
		body := r.do("GET", session+"/erase", "", nil, "Accept-Language", lang).Body.String()
		require.NotContains(t, body, "erase.kept.", lang)
		require.GreaterOrEqual(t, strings.Count(body, "<li>"), 2)
	}
	words := r.words()
	for name := range reg.Traits {
		require.Contains(t, words, "record.trait."+name)
	}
	for _, o := range consent.Overlays() {
		require.Contains(t, words, "pref.said."+string(o))
		if o.Closes() {
			require.Contains(t, words, "closed."+string(o))
		}
	}
}
