package steward

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

const phone = "+33612345678"

// handedOn is a rig with a phone that two customers proved: it identifies nobody.
func handedOn(t *testing.T) (r *rig, number, old, fresh identifier.Key) {
	t.Helper()
	r = newRig(t)
	number, old, fresh = r.key("phone", phone), r.key("customer", "E-1"), r.key("customer", "E-2")
	r.seen("shop", old, number)
	r.seen("shop", fresh, number)
	return r, number, old, fresh
}

func (r *rig) nameOf(k identifier.Key) string { return r.s.name(space, k) }

// audited waits for a line of the audit about an action.
func (r *rig) audited(action, outcome string) *eventpb.Audit {
	r.t.Helper()
	m := new(eventpb.Audit)
	require.Eventually(r.t, func() bool {
		for _, record := range r.kafka.of(stream.TopicAudit) {
			m.Reset()
			if record.Decode(m) == nil && m.GetAction() == action && m.GetOutcome() == outcome {
				return true
			}
		}
		return false
	}, 5*time.Second, 5*time.Millisecond, "%s %s", action, outcome)
	return m
}

func TestPages_aResoldPhoneIsResolvedInThreeSteps(t *testing.T) {
	r, number, old, _ := handedOn(t)
	w := r.steward("anne", "fr")
	way := "/steward/pairs/" + r.nameOf(old) + "/" + r.nameOf(number)
	if back := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old); strings.Contains(w.open("/steward/queue").body, back) {
		way = back
	}
	queue := w.open("/steward/queue").says("Valeur à l’écart", "Téléphone", "il a été vu avec 2 titulaires", "Numéro client", "Jamais ensemble")
	require.Contains(t, queue.body, way+`?op=ban`)

	form := w.open(way+"?op=ban").says("à cause de ce qui les sépare", "Décider", "Jamais ensemble", "Voir l’effet")
	require.Regexp(t, `value="ban" checked`, form.body)
	confirm := form.send(way, map[string]string{"op": "ban", "reason": "le numéro a changé de main"})
	require.Equal(t, http.StatusOK, confirm.code)
	confirm.says("Confirmer la décision", "Jamais ensemble", "le numéro a changé de main", "Aujourd’hui", "Après", "à l’écart → valide")
	require.Empty(t, r.kafka.of(stream.TopicActs), "looking changes nothing")
	_, after, _ := strings.Cut(confirm.body, `id="after"`)
	after, _, _ = strings.Cut(after, "</section>")
	require.NotContains(t, after, `class="mark"`, "after the act the phone stands for somebody")

	done := confirm.send("/steward/acts", nil).follow().says("Jamais ensemble", "La décision est en vigueur.", "anne", "le numéro a changé de main", "Annuler cette décision")
	require.NotEqual(t, r.naming(number), r.naming(old))
	require.Equal(t, r.naming(r.key("customer", "E-2")), r.naming(number), "the phone is the new owner's")
	w.open("/steward/queue").says("Rien à examiner")
	w.open("/steward/acts").says("Jamais ensemble", "anne", "le numéro a changé de main")

	// Sent again it is done once; and it can be taken back.
	require.Equal(t, http.StatusSeeOther, confirm.send("/steward/acts", nil).code)
	require.Len(t, w.open("/steward/acts").allActs(), 1)
	undo := done.formPath("/steward/acts/")
	back := done.send(undo, map[string]string{"reason": "c’était bien le sien"})
	back.says("Confirmer la décision", "annulation", "Aujourd’hui")
	back.send("/steward/acts", nil).follow().says("La décision est en vigueur.")
	w.open(undo).says("Une autre décision vaut depuis")
}

func (p *shownPage) allActs() []string {
	return regexp.MustCompile(`href="/steward/acts/[^"]+"`).FindAllString(p.body, -1)
}

// formPath is where the form of a page below a path is sent.
func (p *shownPage) formPath(below string) string {
	p.t.Helper()
	for _, f := range formPart.FindAllStringSubmatch(p.body, -1) {
		if strings.HasPrefix(f[1], below) {
			return f[1]
		}
	}
	require.Fail(p.t, "no form below "+below, p.body)
	return ""
}

func TestPages_onlyForStewards(t *testing.T) {
	r, number, _, _ := handedOn(t)
	record := "/steward/identifiers/" + r.nameOf(number)
	w := r.window("en")
	for _, path := range []string{"/steward", "/steward/queue", "/steward/search", "/steward/acts", record} {
		require.Equal(t, "/steward/login", w.get(path).to, path)
	}
	w.open("/steward/login").says("Key of a steward")
	got := w.post("/steward/login", url.Values{"key": {"nobody"}})
	require.Equal(t, http.StatusUnauthorized, got.code)
	got.says("This key belongs to no reader.")
	got = w.post("/steward/login", url.Values{"key": {"seller"}})
	require.Equal(t, http.StatusForbidden, got.code)
	got.says("This key has not the right of a steward.")
	require.Equal(t, "seller", r.audited("login", "denied").GetActor())
	require.Empty(t, w.cookies)

	w = r.steward("anne", "en")
	c := w.cookies[sessionName]
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	require.NotContains(t, c.Value, "anne")
	w.open(record).says("Phone", "quarantined")
	line := r.audited("record", "ok")
	require.Equal(t, []string{"anne", r.nameOf(number)}, []string{line.GetActor(), line.GetRcuId()})

	other := r.steward("other", "en") // a steward of another controller
	require.Equal(t, http.StatusNotFound, other.get(record).code)
	out := w.open(record).send("/steward/logout", nil)
	require.Equal(t, "/steward/login", out.to)
	require.Equal(t, "/steward/login", w.get("/steward/queue").to)
}

func TestPages_aSessionThatHasEndedDoesNothing(t *testing.T) {
	r, number, old, _ := handedOn(t)
	w := r.steward("anne", "en")
	way := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)
	confirm := w.open(way).send(way, map[string]string{"op": "ban", "reason": "re-sold"})

	// The same session, of a key that was taken away, and one that ended.
	secret, err := r.ring.Secret("steward session")
	require.NoError(t, err)
	start := func(principal string, ago time.Duration) *http.Cookie {
		s, err := page.NewSessions(sessionName, secret, time.Hour, func() time.Time { return time.Now().Add(-ago) })
		require.NoError(t, err)
		rec := newRecorder()
		s.Start(rec, rec.request(t), principal)
		return rec.Result().Cookies()[0]
	}
	for name, c := range map[string]*http.Cookie{
		"ended": start(hashOf("anne"), 2*time.Hour), "taken away": start(hashOf("gone"), 0), "of a seller": start(hashOf("seller"), 0), "no hash": start("anne", 0),
	} {
		w.cookies[sessionName] = c
		require.Equal(t, "/steward/login", w.get("/steward/queue").to, name)
		got := confirm.send("/steward/acts", nil)
		require.Equal(t, http.StatusUnauthorized, got.code, name)
		got.says("The session has ended. Nothing was done since")
	}
	require.Empty(t, r.kafka.of(stream.TopicActs))
}

func TestPages_aForgedFormDoesNothing(t *testing.T) {
	r, number, old, _ := handedOn(t)
	w := r.steward("anne", "en")
	way := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)
	confirm := w.open(way).send(way, map[string]string{"op": "ban", "reason": "re-sold"})
	token := confirm.form("/steward/acts").Get("token")
	stolen := r.steward("paul", "en").open(way).form(way).Get("token")
	for name, forged := range map[string]string{"none": "", "changed": token[:len(token)-2] + "AA", "of another session": stolen} {
		got := confirm.send("/steward/acts", map[string]string{"token": forged})
		require.Equal(t, http.StatusForbidden, got.code, name)
		got.says("This form was not made for this session.")
		r.audited("act", "denied")
	}
	w.header.Set("Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, confirm.send("/steward/acts", nil).code)
	require.Empty(t, r.kafka.of(stream.TopicActs))
	w.header.Del("Sec-Fetch-Site")
	require.Equal(t, http.StatusSeeOther, confirm.send("/steward/acts", nil).code, "as it stands on the page it is taken")
}

func TestPages_tellWhatIsWrongByTheField(t *testing.T) {
	r, number, old, _ := handedOn(t)
	w := r.steward("anne", "en")
	way := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)
	wrong := func(p *shownPage, status int, text, field string) {
		t.Helper()
		require.Equal(t, status, p.code, p.body)
		p.says(text)
		require.Regexp(t, `name="`+field+`"[^>]*aria-invalid="true"`, p.body)
	}
	form := w.open(way)
	wrong(form.send(way, map[string]string{"op": "ban"}), 400, "Say why, in at most 1,000 characters.", "reason")
	wrong(form.send(way, map[string]string{"op": "ban", "reason": strings.Repeat("x", 1001)}), 400, "Say why, in at most 1,000 characters.", "reason")
	again := form.send(way, map[string]string{"reason": "re-sold"})
	wrong(again, 400, "Choose a decision.", "op")
	again.says("re-sold</textarea>")
	same := w.get("/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(number))
	require.Equal(t, http.StatusBadRequest, same.code)
	same.says("Both identifiers are the same one: two are needed.")

	search := w.open("/steward/search")
	wrong(search.send("/steward/search", map[string]string{"namespace": "phone", "value": "abc"}), 400, "This is no value of this kind.", "value")
	wrong(search.send("/steward/search", map[string]string{"namespace": "phone", "value": "+33698765431"}), 404, "Nothing is known under this identifier.", "value")
	wrong(search.send("/steward/search", map[string]string{"namespace": "planet", "value": "x"}), 400, "Choose a kind of identifier.", "namespace")
	found := search.send("/steward/search", map[string]string{"namespace": "phone", "value": " 06 12 34 56 78 "})
	require.Equal(t, "/steward/identifiers/"+r.nameOf(number), found.to)
	found.follow().says("Phone", "quarantined", "2 owners")
	pair := w.open(found.to).send("/steward/search", map[string]string{"namespace": "customer", "value": "E-1"})
	require.Equal(t, way, pair.to)
	for _, p := range []string{"/steward/identifiers/zz", "/steward/acts/zz", "/steward/queue?kind=x", "/steward/acts?after=zz"} {
		require.GreaterOrEqual(t, w.get(p).code, 400, p)
		w.get(p).says("This is not possible")
	}
	require.NotContains(t, r.logs.String(), "612345678")
}

func TestPages_twoStewardsAtOnce(t *testing.T) {
	r, number, old, _ := handedOn(t)
	anne, paul := r.steward("anne", "en"), r.steward("paul", "en")
	way := "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old)
	hers := anne.open(way).send(way, map[string]string{"op": "ban", "reason": "re-sold"})
	his := paul.open(way).send(way, map[string]string{"op": "together", "reason": "it is his"})
	hers.send("/steward/acts", nil).follow().says("The act is in force.")

	late := his.send("/steward/acts", nil)
	require.Equal(t, http.StatusConflict, late.code)
	late.says("Confirm the act", "Somebody decided meanwhile.", "What holds today: “Never together”", "anne", "One person", "it is his")
	late.send("/steward/acts", nil).follow().says("One person", "The act is in force.", "paul")

	// What the act would do changes meanwhile.
	again := anne.open(way).send(way, map[string]string{"op": "ban", "reason": "re-sold"})
	r.seen("shop", r.key("customer", "E-3"), number)
	again = again.send("/steward/acts", nil)
	require.Equal(t, http.StatusConflict, again.code)
	again.says("The effect is no longer the one that you saw.", "re-sold")

	already := paul.open(way).send(way, map[string]string{"op": "together", "reason": "once more"})
	require.Equal(t, http.StatusConflict, already.code)
	already.says("This is what holds already.")
}

func TestPages_haveAllTheirWords(t *testing.T) {
	r, number, old, _ := handedOn(t)
	d := r.act("anne", Asked{Op: "ban", A: &End{Name: r.nameOf(number)}, B: &End{Name: r.nameOf(old)}, Reason: "re-sold"})
	r.seen("spa", r.key("card", cardOne), r.key("cookie", "c-1"), r.key("device", "d-1"), r.key("pay", "p-1"), r.key("email", mail))
	raw := regexp.MustCompile(`>[^<]*\b(ns|op|kind|matter|standing|channel|change|problem|record|act|acts|confirm|queue|links|pair|sheet|search)\.[a-z_.]+\b|%!`)
	for _, language := range []string{"fr", "en"} {
		w := r.steward("anne", language)
		for _, path := range []string{
			"/steward/queue", "/steward/search", "/steward/acts", "/steward/acts/" + d.Act.ID, "/steward/identifiers/" + r.nameOf(number),
			"/steward/identifiers/" + r.nameOf(r.key("card", cardOne)), "/steward/pairs/" + r.nameOf(number) + "/" + r.nameOf(old),
		} {
			p := w.open(path)
			require.Empty(t, raw.FindAllString(p.body, -1), path)
			require.Contains(t, p.body, `<html lang="`+language+`">`)
			for _, value := range []string{phone, cardOne, mail} {
				require.NotContains(t, p.body, value, "%s shows a value in the clear", path)
			}
		}
	}
	words := r.s.desk.pages.Words()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	reason := regexp.MustCompile(`(?:refuse\(|Reason: |refuse\(http\.\w+, )"([a-z_]+)"`)
	for _, f := range files {
		source, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range reason.FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(f, "_test.go") && !slices.Contains([]string{"no_act", "audit_unavailable", "invalid_json"}, m[1]) { // of the API alone
				require.NotNil(t, words["problem."+m[1]], "%s in %s has no words", m[1], f)
			}
		}
	}
	for _, ns := range identifier.Namespaces() {
		if ns.Links() {
			require.NotNil(t, words["ns."+string(ns)], ns)
		}
	}
	for _, source := range r.s.sources {
		require.NotNil(t, words["kind."+source.Kind()], source.Kind())
		require.NotNil(t, words["matter."+source.Kind()], source.Kind())
	}
}
