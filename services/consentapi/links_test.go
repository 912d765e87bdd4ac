package consentapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// link is the path of a link to unsubscribe from offers by e-mail.
func (r *rig) link() string {
	r.t.Helper()
	a := r.post("/v1/unsubscribe-links", "service", fields{"point": point("email", mail), "purpose": "marketing", "channel": "email"})
	require.Equal(r.t, 200, a.Code, a.Body)
	require.Equal(r.t, "List-Unsubscribe=One-Click", a.json()["list_unsubscribe_post"])
	return a.json()["path"].(string)
}

func TestUnsubscribeLink(t *testing.T) {
	r := newRig(t)
	r.post("/v1/consents", "service", grant(nil))
	path := r.link()
	require.NotContains(t, strings.ToLower(path), "durand")
	r.pass(time.Hour)
	a := r.do("GET", path, "", nil, "Accept-Language", "en-GB,en;q=0.9")
	require.Equal(t, 200, a.Code)
	require.Contains(t, a.Body.String(), "Unsubscribe")
	require.Contains(t, a.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.Equal(t, "no-referrer", a.Header().Get("Referrer-Policy"))
	require.Contains(t, r.do("GET", path, "", nil).Body.String(), "Me désinscrire")
	require.True(t, r.mailing(), "opening a link changes nothing: scanners do")
	a = r.post(path, "", "List-Unsubscribe=One-Click")
	require.Equal(t, 200, a.Code)
	require.False(t, r.mailing(), "one click, without log-in, and in force before the answer")
	require.Contains(t, a.Body.String(), "C&#39;est fait")
	for i := len("/u/"); i < len(path); i++ {
		c := "A"
		if path[i] == 'A' {
			c = "B"
		}
		changed := path[:i] + c + path[i+1:]
		require.Equal(t, 404, r.do("GET", changed, "", nil).Code, "one character changed")
		require.Equal(t, 404, r.post(changed, "", "").Code)
	}
	require.Equal(t, 404, r.post("/c/"+path[3:], "", "").Code, "a link of one kind is none of another")
	fresh := r.link()
	r.pass(3 * 365 * 24 * time.Hour)
	require.Equal(t, 200, r.post(fresh, "", "").Code, "three years after sending")
	r.pass(2 * 24 * time.Hour)
	require.Equal(t, 410, r.post(fresh, "", "").Code)
	require.Equal(t, 422, r.post("/v1/unsubscribe-links", "service", fields{"point": point("email", mail), "purpose": "contract"}).Code)
}

// A grant typed into a web form waits until the address itself confirms it: by a button, once, within seven days, and not after a refusal.
func TestDoubleOptIn(t *testing.T) {
	typed := grant(fields{"act": "web_form", "proof": fields{"type": "served_notice", "sha256": strings.Repeat("cd", 32)}})
	begin := func() (*rig, string) {
		r := newRig(t)
		a := r.post("/v1/consents", "service", typed)
		require.Equal(t, 202, a.Code, a.Body)
		require.Equal(t, "pending", a.json()["state"])
		require.Equal(t, "2026-03-21T12:00:00Z", a.json()["confirmation"].(fields)["expires_at"])
		require.False(t, r.mailing())
		r.pass(time.Hour)
		return r, a.json()["confirmation"].(fields)["path"].(string)
	}
	r, path := begin()
	require.Contains(t, r.do("GET", path, "", nil).Body.String(), "Je confirme")
	require.False(t, r.mailing(), "a scanner that opens links confirms nothing")
	require.Equal(t, 200, r.post(path, "", "").Code)
	require.True(t, r.mailing())
	for _, d := range r.kafka.decisions(t) {
		if d.GetDecision() == "grant" {
			require.Equal(t, "confirmation", d.GetAct())
			require.NotEmpty(t, d.GetConfirms())
			require.Equal(t, "marketing", d.GetNoticeId())
		}
	}
	require.Equal(t, 200, r.post(path, "", "").Code, "the button twice")
	require.Len(t, r.kafka.decisions(t), 2)
	r.pass(time.Hour)
	r.post("/v1/consents", "service", withdrawal(nil))
	require.Equal(t, 410, r.post(path, "", "").Code, "spent")
	require.False(t, r.mailing())

	r, path = begin()
	r.post("/v1/consents", "service", withdrawal(fields{"decision": "refuse"}))
	require.Equal(t, 410, r.post(path, "", "").Code, "refused meanwhile")
	require.False(t, r.mailing())

	r, path = begin()
	asked := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	require.Equal(t, 200, r.post(path, "", "").Code)
	require.True(t, r.mailing())
	r.pass(time.Hour)
	heard := withdrawal(fields{"decision": "refuse", "decided_at": asked.Add(30 * time.Minute).Format(time.RFC3339)})
	require.Equal(t, 200, r.post("/v1/consents", "service", heard).Code)
	require.False(t, r.mailing(), "refused before the button, and heard of it behind")
	require.Equal(t, 410, r.post(path, "", "").Code)

	r, path = begin()
	r.pass(7 * 24 * time.Hour)
	require.Equal(t, 410, r.post(path, "", "").Code)
	require.False(t, r.mailing())

	r, path = begin()
	require.Equal(t, 404, r.post(path[:len(path)-1], "", "").Code)
	r.redis.set(true)
	require.Equal(t, 503, r.post(path, "", "").Code, "what was decided since cannot be known")
	r.redis.set(false)
	r.kafka.set(true)
	require.Equal(t, 503, r.post(path, "", "").Code)
	require.False(t, r.mailing())
	r.kafka.set(false)
	require.Equal(t, 200, r.post(path, "", "").Code)

	r = newRig(t)
	device := grant(fields{"point": point("cookie", "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11"), "purpose": "personalise", "channel": nil, "act": "web_form", "notice": fields{"id": "personalise", "version": "1", "language": "en"}})
	require.Equal(t, 200, r.post("/v1/consents", "service", device).Code, "a device proves itself")
	require.True(t, r.allowed(identifier.Cookie, "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11", "retail", consent.Personalise, ""))
}

// The register shows itself to everybody, in both languages, whole.
func TestRegisterIsShown(t *testing.T) {
	r := newRig(t)
	fr, en := r.do("GET", "/v1/register?lang=fr", "", nil).json(), r.do("GET", "/v1/register", "", nil, "Accept-Language", "en").json()
	require.Equal(t, "fr", fr["language"])
	require.Equal(t, "en", en["language"])
	for _, list := range []string{"purposes", "fields", "notices", "refused", "terms"} {
		require.NotEmpty(t, fr[list], list)
		require.Len(t, en[list], len(fr[list].([]any)))
	}
	require.Len(t, fr["purposes"], len(consent.Purposes()))
	for i, p := range fr["purposes"].([]any) {
		for _, field := range []string{"label", "why", "owner", "basis", "validity", "retention", "source"} {
			require.NotEmpty(t, p.(fields)[field], "%v %s", p.(fields)["id"], field)
		}
		require.NotEqual(t, p.(fields)["label"], en["purposes"].([]any)[i].(fields)["label"])
	}
	for _, f := range fr["fields"].([]any) {
		require.NotEmpty(t, f.(fields)["why"])
		require.NotEmpty(t, f.(fields)["owner"])
	}
	page := r.do("GET", "/v1/register?lang=fr", "", nil, "Accept", "text/html")
	require.Contains(t, page.Body.String(), "Ce que nous refusons de faire")
	require.Contains(t, page.Body.String(), "Reconnaître un client à son visage")
	require.Equal(t, "fr", page.Header().Get("Content-Language"))
	require.Equal(t, 400, r.do("GET", "/v1/register?lang=de", "", nil).Code)
}
