package consentapi_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

const (
	mobile  = "+33612345678"
	browser = "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11"
)

// preferences is a link to the preference centre about an address.
func (r *rig) preferences(ns, value string) string {
	r.t.Helper()
	a := r.post("/v1/preference-links", "service", fields{"point": point(ns, value)})
	require.Equal(r.t, 200, a.Code, a.Body)
	return a.json()["path"].(string)
}

// loggedIn makes mail, phone and browser one person, and is a session of theirs that proves the address and the browser.
func (r *rig) loggedIn() string {
	r.t.Helper()
	all := []identifier.Key{r.key(identifier.Email, mail), r.key(identifier.Phone, mobile), r.key(identifier.Cookie, browser)}
	for _, k := range all {
		r.people[k] = all
	}
	a := r.session(mail)
	require.Equal(r.t, 200, a.Code, a.Body)
	return a.json()["path"].(string)
}

func (r *rig) session(address string) answer {
	r.t.Helper()
	p, err := identifier.ParsePseudonym([]byte(r.key(identifier.Phone, mobile).Value))
	require.NoError(r.t, err)
	return r.post("/v1/preference-sessions", "service", fields{"rcu_id": r.ring.Name(space, p), "points": []fields{point("email", address), point("cookie", browser)}})
}

// choose sends a form of the page.
func (r *rig) choose(path string, form ...string) answer {
	r.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return r.do("POST", path, "", values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "en")
}

func (r *rig) chosen(path string, form ...string) {
	r.t.Helper()
	a := r.choose(path, form...)
	require.Equal(r.t, 303, a.Code, a.Body)
	require.Equal(r.t, 200, r.do("GET", strings.Split(a.Header().Get("Location"), "#")[0], "", nil).Code)
}

func (r *rig) wishes(ns identifier.Namespace, value string) contact.Wishes {
	r.t.Helper()
	cells, err := r.redis.Cells.LoadCells(r.t.Context(), []string{resolve.WishCell(space, "retail", r.key(ns, value))})
	require.NoError(r.t, err)
	book, err := contact.DecodeBook(cells[0].Value)
	require.NoError(r.t, err)
	return contact.WishesAt(book, nil, r.now())
}

func TestRow125_preferenceCentreShowsEveryOptionalPurpose(t *testing.T) {
	r := newRig(t)
	for name, path := range map[string]string{"link": r.preferences("email", mail), "logged in": r.loggedIn()} {
		for _, lang := range []string{"fr", "en"} {
			a := r.do("GET", path, "", nil, "Accept-Language", lang)
			require.Equal(t, 200, a.Code, a.Body)
			body := a.Body.String()
			for _, info := range consent.Purposes() {
				if !info.Decidable {
					continue
				}
				shown := regexp.MustCompile(`data-purpose="r-` + string(info.Purpose) + `(-[a-z-]+)?"`).MatchString(body)
				require.True(t, shown, "%s: %s is not on the page", name, info.Purpose)
				if !info.Parameter && info.Purpose != consent.ChildProfile {
					require.Contains(t, body, `value="r-`+string(info.Purpose), "%s: nobody can decide about %s", name, info.Purpose)
				}
			}
			for _, word := range regexp.MustCompile(`>[^<]*\b(pref|receipt|layout)\.[a-z.]+[^<]*<`).FindAllString(body, -1) {
				require.Fail(t, "a word is missing", "%s", word)
			}
			require.NotContains(t, strings.ToLower(path+body), "durand")
			require.NotContains(t, body, mobile[3:])
			require.NotContains(t, body, browser)
			require.Contains(t, a.Header().Get("X-Robots-Tag"), "noindex")
			require.Equal(t, "no-referrer", a.Header().Get("Referrer-Policy"))
			require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
			require.NotContains(t, a.Header().Get("Content-Security-Policy"), "unsafe")
			require.NotContains(t, body, "<script")
		}
	}
}

func TestPreferenceCentre_aLinkDecidesAboutItsPoint(t *testing.T) {
	r := newRig(t)
	path := r.preferences("email", mail)
	row := "r-marketing-email"
	r.chosen(path, "do", "decide", "row", row, "decision", "grant")
	require.True(t, r.mailing())
	for _, d := range r.kafka.decisions(t) {
		require.Equal(t, "preference_link", d.GetAct())
		require.Equal(t, "marketing", d.GetNoticeId())
		require.Equal(t, "en", d.GetNoticeLanguage())
		require.NotEmpty(t, d.GetProofSha256())
	}
	r.chosen(path, "do", "decide", "row", row, "decision", "deny")
	require.False(t, r.mailing(), "in the same second")
	r.chosen(path, "do", "decide", "row", row, "decision", "grant")
	r.pass(time.Second)
	require.True(t, r.mailing(), "and back in the same second")

	for _, form := range [][]string{
		{"do", "decide", "row", "r-marketing-email-0123456789abcdef", "decision", "deny"}, {"do", "decide", "row", "r-marketing-sms", "decision", "grant"},
	} {
		a := r.choose(path, form...)
		require.Equal(t, 403, a.Code)
		require.Contains(t, a.Body.String(), "another address")
	}
	for _, form := range [][]string{
		{},
		{"do", "dance"},
		{"do", "decide", "row", row, "decision", "maybe"},
		{"do", "level", "level", "some"},
		{"do", "topic", "topic", "fish"},
		{"do", "often", "often-", "hourly"},
		{"do", "decide", "row", "r-child_profile", "decision", "grant"},
	} {
		require.Equal(t, 400, r.choose(path, form...).Code, form)
	}
	require.Equal(t, 400, r.choose(path, "do", strings.Repeat("x", 9<<10)).Code)
	r.redis.set(true)
	require.Equal(t, 503, r.do("GET", path, "", nil).Code, "nobody decides about what they cannot see")
	r.redis.set(false)
	r.kafka.set(true)
	require.Equal(t, 503, r.choose(path, "do", "decide", "row", "r-survey-email", "decision", "grant").Code)
	r.chosen(path, "do", "decide", "row", row, "decision", "deny")
	require.False(t, r.mailing(), "a denial is in force with Kafka away")
}

// A link that was changed by one character, is over, is of another kind, or asks for another point is refused, and says what to do.
func TestPreferenceCentre_linksThatAreNone(t *testing.T) {
	r := newRig(t)
	path := r.preferences("email", mail)
	for i := len("/p/"); i < len(path); i++ {
		c := "A"
		if path[i] == 'A' {
			c = "B"
		}
		if i%30 == 0 {
			r.pass(time.Minute) // guesses are counted by the minute
		}
		changed := path[:i] + c + path[i+1:]
		require.Equal(t, 404, r.do("GET", changed, "", nil).Code, "one character changed")
		if a := r.choose(changed, "do", "pause"); i%10 == 0 {
			require.Equal(t, 404, a.Code)
			require.Contains(t, a.Body.String(), "take the one of our last message")
		}
	}
	require.Empty(t, r.kafka.decisions(t))
	r.pass(time.Minute)
	require.Equal(t, 404, r.do("GET", "/p/"+r.link()[len("/u/"):], "", nil).Code, "a link to unsubscribe")
	require.Equal(t, 404, r.do("GET", "/u/"+path[len("/p/"):], "", nil).Code, "nor the other way round")
	r = newRig(t)
	path = r.preferences("email", mail)
	session := r.loggedIn()
	r.pass(30 * time.Minute)
	a := r.do("GET", session, "", nil, "Accept-Language", "fr")
	require.Equal(t, 410, a.Code)
	require.Contains(t, a.Body.String(), "connectez-vous de nouveau")
	require.Equal(t, 410, r.choose(session, "do", "pause").Code)
	r.pass(30*24*time.Hour - time.Hour)
	require.Equal(t, 200, r.do("GET", path, "", nil).Code)
	r.pass(time.Hour)
	require.Equal(t, 410, r.do("GET", path, "", nil).Code)
	require.Equal(t, 410, r.choose(path, "do", "pause").Code)
	require.Empty(t, r.kafka.decisions(t))
	for range 70 {
		a = r.do("GET", "/p/none", "", nil)
	}
	require.Equal(t, 429, a.Code)
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	fresh := r.preferences("email", mail)
	require.Equal(t, 200, r.do("GET", fresh, "", nil).Code, "whoever has a link goes on")
	for range 250 {
		a = r.do("GET", fresh, "", nil)
	}
	require.Equal(t, 429, a.Code)
}

func TestPreferenceCentre_sessionsAreOfOnePerson(t *testing.T) {
	r := newRig(t)
	session := r.loggedIn()
	require.Equal(t, 409, r.session("other@example.com").Code, "a point of somebody else")
	require.Equal(t, 422, r.post("/v1/preference-sessions", "service", fields{"rcu_id": "x"}).Code)
	require.Equal(t, 409, r.post("/v1/preference-sessions", "service", fields{"rcu_id": "x", "points": []fields{point("email", mail)}}).Code)
	require.Equal(t, 403, r.post("/v1/preference-sessions", "seller", fields{"rcu_id": "x", "points": []fields{point("email", mail)}}).Code, "a site alone logs in")
	body := r.do("GET", session, "", nil, "Accept-Language", "en").Body.String()
	rows := regexp.MustCompile(`value="(r-marketing-[a-z]+-[0-9a-f]{16})"`).FindAllStringSubmatch(body, -1)
	sms := ""
	for _, m := range rows {
		if strings.HasPrefix(m[1], "r-marketing-sms-") {
			sms = m[1]
		}
	}
	require.NotEmpty(t, sms)
	require.Equal(t, 400, r.choose(session, "do", "decide", "row", sms, "decision", "grant").Code, "nobody proved to have that telephone")
	r.chosen(session, "do", "decide", "row", sms, "decision", "deny")
	r.chosen(session, "do", "decide", "row", "r-profiling", "decision", "grant")
	require.True(t, r.allowed(identifier.Email, mail, "retail", consent.Profiling, ""))
	r.chosen(session, "do", "decide", "row", "r-profiling", "decision", "deny")
	require.False(t, r.allowed(identifier.Email, mail, "retail", consent.Profiling, ""))
	r.chosen(session, "do", "level", "level", "none")
	for _, p := range []struct {
		ns    identifier.Namespace
		value string
	}{{identifier.Email, mail}, {identifier.Phone, mobile}, {identifier.Cookie, browser}} {
		require.False(t, r.allowed(p.ns, p.value, "retail", consent.UnifyCore, ""), "at every point")
	}
	require.Contains(t, r.do("GET", session, "", nil).Body.String(), sms, "the telephone belongs to the record")
	other := []identifier.Key{r.key(identifier.Email, mail), r.key(identifier.Phone, "+33645127896")}
	r.people[other[0]] = other
	body = r.do("GET", session, "", nil).Body.String()
	require.NotContains(t, body, "r-marketing-sms", "the record was parted: neither the old telephone nor that of somebody else is shown")
	require.Contains(t, body, "r-marketing-email", "and what the log-in proves stays")
}

func TestPreferenceCentre_wishes(t *testing.T) {
	r := newRig(t)
	path := r.preferences("email", mail)
	r.kafka.set(true)
	r.chosen(path, "do", "pause")
	require.Equal(t, r.now().AddDate(0, 0, 30).Unix(), r.wishes(identifier.Email, mail).Paused.Unix(), "in force with Kafka away")
	require.Equal(t, 503, r.choose(path, "do", "resume").Code, "and lifted once it is durable")
	require.True(t, r.wishes(identifier.Email, mail).Paused.After(r.now()))
	r.kafka.set(false)
	r.chosen(path, "do", "resume")
	require.True(t, r.wishes(identifier.Email, mail).Paused.IsZero(), "in the same second")
	r.chosen(path, "do", "topic", "topic", "mothers_day", "decision", "deny")
	require.Equal(t, []contact.Suppression{{Topic: "mothers_day"}}, r.wishes(identifier.Email, mail).Suppressed)
	r.chosen(path, "do", "often", "often-", "monthly", "often-email", "weekly")
	require.Equal(t, map[string]contact.Frequency{"": contact.Monthly, consent.ChannelEmail: contact.Weekly}, r.wishes(identifier.Email, mail).Frequency)
	r.pass(time.Hour)
	r.chosen(path, "do", "often", "often-", "daily", "often-email", "unlimited")
	require.Equal(t, map[string]contact.Frequency{"": contact.Daily}, r.wishes(identifier.Email, mail).Frequency)

	session := r.loggedIn()
	r.chosen(session, "do", "pause")
	require.True(t, r.wishes(identifier.Phone, mobile).Paused.After(r.now()), "at every point")
	body := r.do("GET", path, "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, body, "Chosen in your account")
	r.chosen(path, "do", "resume")
	require.True(t, r.wishes(identifier.Email, mail).Paused.After(r.now()), "a link takes nothing back that was said in the account")
	r.pass(time.Hour)
	session = r.loggedIn()
	r.chosen(session, "do", "resume")
	require.True(t, r.wishes(identifier.Email, mail).Paused.IsZero())
	r.chosen(session, "do", "topic", "topic", "mothers_day", "decision", "grant")
	require.Empty(t, r.wishes(identifier.Email, mail).Suppressed, "an account takes back what a link said")
}

// Every choice in the history has a receipt that verifies; what is overtaken says so.
func TestPreferenceCentre_receipts(t *testing.T) {
	r := newRig(t)
	path := r.preferences("email", mail)
	r.post("/v1/consents", "service", grant(nil))
	r.pass(time.Hour)
	r.chosen(path, "do", "decide", "row", "r-marketing-email", "decision", "deny")
	r.chosen(path, "do", "pause")
	body := r.do("GET", path, "", nil, "Accept-Language", "en").Body.String()
	links := regexp.MustCompile(`/v1/consents/[A-Za-z0-9_-]+/receipt`).FindAllString(body, -1)
	require.Len(t, links, 3)
	current := 0
	for _, at := range links {
		receipt := r.do("GET", at, "", nil).json()
		require.NotContains(t, receipt, "recorded_at", "what the register does not hold is not claimed")
		a := r.post("/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)})
		shown := r.do("GET", at, "", nil, "Accept", "text/html", "Accept-Language", "en")
		require.Contains(t, shown.Body.String(), "The signature is verified")
		require.NotContains(t, shown.Body.String(), "wish:", "in words")
		if a.Code == 200 {
			current++
			require.Contains(t, shown.Body.String(), "latest choice")
		} else {
			require.Equal(t, "receipt_overtaken", a.reason())
			require.Contains(t, shown.Body.String(), "later choice")
		}
		receipt["decision"] = "grant"
		receipt["purpose"] = "survey"
		require.Equal(t, "receipt_changed", r.post("/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)}).reason())
		other := map[bool]string{true: "y", false: "x"}[at[20] == 'x']
		require.Equal(t, 404, r.do("GET", at[:20]+other+at[21:], "", nil).Code)
	}
	require.Equal(t, 2, current)
	history := r.post("/v1/consents/history", "adviser", fields{"point": point("email", mail)}).json()
	require.Contains(t, history["topics"].([]any)[0].(fields), "decisions")
	require.Equal(t, http.StatusNotFound, r.do("GET", "/v1/consents/none/receipt", "", nil).Code)
}

// People see which of their points they decide about: as little of it as tells them, in the page, and nothing in the address.
func TestPreferenceCentre_pointsAreNamedByAHint(t *testing.T) {
	r := newRig(t)
	for value, want := range map[string]string{mail: "m•••@e•••.com", "al@sf.fr": "•••@•••.fr"} {
		body := r.do("GET", r.preferences("email", value), "", nil, "Accept-Language", "fr").Body.String()
		require.Contains(t, body, "<strong>adresse e-mail "+want+"</strong>")
		require.NotContains(t, strings.ToLower(body), strings.ToLower(strings.Split(value, "@")[0])+"@")
	}
	require.Contains(t, r.do("GET", r.preferences("phone", mobile), "", nil).Body.String(), "téléphone •• •• •• •• 78")
	link := r.do("GET", r.preferences("cookie", browser), "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, link, "<strong>browser</strong>", "nobody knows a browser by its number")
	require.NotContains(t, r.do("GET", r.preferences("email", mail), "", nil).Body.String(), "•• 78", "a link tells of no other point")
	session := r.do("GET", r.loggedIn(), "", nil, "Accept-Language", "en").Body.String()
	require.Contains(t, session, "e-mail address m•••@e•••.com")
	require.NotContains(t, session, "•• 78", "what is sealed and not read stays unknown")
}

// A link opens the choices of a person: it stands in no log.
func TestPreferenceCentre_noLinkIsLogged(t *testing.T) {
	r := newRig(t)
	path := r.preferences("email", mail)
	r.redis.set(true)
	r.choose(path, "do", "pause")
	r.redis.set(false)
	r.chosen(path, "do", "pause")
	for _, e := range r.logs.All() {
		require.NotContains(t, e.Message, path)
		for _, v := range e.ContextMap() {
			text, _ := v.(string)
			require.NotContains(t, text, path[3:])
		}
	}
}
