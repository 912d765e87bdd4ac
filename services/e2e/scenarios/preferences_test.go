package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// reading is what a page of the preference centre says in one language.
type reading struct {
	language, title, yes, no, paused, genuine, bad string
}

var readings = map[string]reading{
	"fr": {"fr", "Vos choix", "Aujourd'hui : oui", "Aujourd'hui : non", "En pause jusqu'au", "La signature est vérifiée", "Ce lien n'ouvre rien"},
	"en": {"en", "Your choices", "Today: yes", "Today: no", "Paused until", "The signature is verified", "This link opens nothing"},
}

var windows = map[string]browser.Viewport{"desktop": browser.Desktop, "phone": browser.Phone}

// reserve asks whether a person may be sent an offer by e-mail, and gives the place back.
func reserve(t *testing.T, s *stack.Stack, id, address, topic string) (allowed bool, reason string) {
	t.Helper()
	var a struct {
		Allowed bool
		Reason  string
	}
	for _, step := range []string{"reserve", "release"} {
		raw, err := json.Marshal(map[string]any{
			"id": id, "point": map[string]any{"namespace": "email", "value": address}, "channel": "email", "purpose": "marketing", "topic": topic,
		})
		require.NoError(t, err)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("contacts")+"/v1/contacts/"+step, bytes.NewReader(raw))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+s.ReaderKey(stack.RetailService))
		status, answer, err := s.Do(r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, answer)
		if step == "reserve" {
			require.NoError(t, json.Unmarshal([]byte(answer), &a))
		}
	}
	return a.Allowed, a.Reason
}

// unequal compares the two buttons of every choice: size, line, colours, letters. It returns what differs.
const unequal = `[...document.querySelectorAll(".pair")].filter(p => p.children.length === 2).flatMap(p => {
  const [a, b] = p.children, x = a.getBoundingClientRect(), y = b.getBoundingClientRect(), s = getComputedStyle(a), o = getComputedStyle(b), out = [];
  if (Math.abs(x.width - y.width) > .5 || Math.abs(x.height - y.height) > .5) out.push("size " + x.width + "x" + x.height + " " + y.width + "x" + y.height);
  if (Math.abs(x.top - y.top) > .5) out.push("line");
  if (x.height < 44) out.push("height " + x.height);
  for (const k of ["color", "backgroundColor", "borderColor", "borderWidth", "fontSize", "fontWeight", "opacity", "textDecoration", "boxShadow"]) if (s[k] !== o[k]) out.push(k + " " + s[k] + " " + o[k]);
  return out.map(d => p.parentElement.id + ": " + d);
})`

func sameButtons(t *testing.T, p *browser.Page, least int) {
	t.Helper()
	var differ []string
	p.Eval(unequal, &differ)
	require.Empty(t, differ)
	require.GreaterOrEqual(t, p.Count(".pair"), least)
	accept, refuse := p.Contrast(`.pair button[value="grant"]`), p.Contrast(`.pair button[value="deny"]`)
	require.InDelta(t, accept, refuse, .01)
	require.GreaterOrEqual(t, refuse, 4.5)
	var seen []string
	p.Eval(`(() => { const b = document.querySelector('.pair button[value="grant"]'); b.style.fontWeight = "700"; b.style.width = "110%"; const seen = `+unequal+`; b.removeAttribute("style"); return seen })()`, &seen)
	require.Len(t, seen, 2, "an accept button that stands out is found")
}

// TestRow131_refusingIsAsShortAndVisibleAsAccepting: one click each, buttons of the same size and colours, on every choice of the page; and what
// the page says holds at the next contact.
func TestRow131_refusingIsAsShortAndVisibleAsAccepting(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	for window, size := range windows {
		for language, words := range readings {
			name := window + "-" + language
			t.Run(name, func(t *testing.T) {
				address := somebody().email
				var link struct{ Path string }
				consent(t, s, "/v1/preference-links", map[string]any{"point": map[string]any{"namespace": "email", "value": address}}, &link)
				p := browser.Open(t, size, language)
				p.Go(s.URL("consent-api") + link.Path)
				require.Equal(t, words.title, p.See("h1"))
				p.NoBarriers()
				p.Screenshot("preferences-" + name)
				sameButtons(t, p, 20)
				fits(t, p)

				const row = "#r-marketing-email"
				accepting := decideIn(t, p, row, "grant", words.yes)
				allowed, reason := reserve(t, s, name+"-1", address, "shoes")
				require.True(t, allowed, reason)
				refusing := decideIn(t, p, row, "deny", words.no)
				require.Equal(t, accepting, refusing, "clicks")
				_, reason = reserve(t, s, name+"-2", address, "shoes")
				require.Equal(t, "no_permission", reason)
				decideIn(t, p, row, "grant", words.yes)
				p.Submit(`#topic-baby button[value="deny"]`)
				// an agreement of the same second as the refusal before it counts from the next one on
				stack.Eventually(t, soon, "the offers come, and nothing about the topic", func() error {
					if allowed, reason := reserve(t, s, name+"-3", address, "shoes"); !allowed {
						return fmt.Errorf("refused: %s", reason)
					}
					return nil
				})
				_, reason = reserve(t, s, name+"-4", address, "baby/clothes")
				require.Equal(t, "topic_suppressed", reason)
				p.Submit("#pause button")
				require.Contains(t, p.See("#pause p"), words.paused)
				_, reason = reserve(t, s, name+"-5", address, "shoes")
				require.Equal(t, "paused", reason, "the page says pause: the next reservation is refused for that reason")
				p.NoBarriers()
				p.Screenshot("preferences-chosen-" + name)

				p.Submit("#history a")
				require.Contains(t, p.See("[role=status]"), words.genuine)
				p.NoBarriers()
				p.Screenshot("receipt-" + name)
				p.Go(s.URL("consent-api") + link.Path + "x")
				require.Equal(t, words.bad, p.See("h1"))
				p.NoBarriers()
				p.Screenshot("preferences-bad-link-" + name)
			})
		}
	}
}

// decideIn clicks on a button of a row and sees that the row says so; it returns after how many clicks.
func decideIn(t *testing.T, p *browser.Page, row, decision, want string) int {
	t.Helper()
	p.Submit(row + ` button[value="` + decision + `"]`)
	require.Contains(t, p.See(row+" .state"), want)
	require.Contains(t, p.See("[role=status]"), map[bool]string{true: "vigueur", false: "force"}[strings.Contains(want, "Aujourd")])
	return 1
}

// fits reports that nothing is wider than the window.
func fits(t *testing.T, p *browser.Page) {
	t.Helper()
	var over float64
	p.Eval("document.documentElement.scrollWidth - document.documentElement.clientWidth", &over)
	require.LessOrEqual(t, over, 0.0, "nothing is cut off")
}

// TestThePreferenceCentreOfAnAccount: logged in, the page is about all points of the person, and a pause holds at each of them.
func TestThePreferenceCentreOfAnAccount(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	for name, size := range windows {
		language := map[string]string{"desktop": "fr", "phone": "en"}[name]
		words := readings[language]
		t.Run(name, func(t *testing.T) {
			who := somebody()
			browsing := who.cookieID()
			now := time.Now()
			s.Send(t, stack.Shop, decided(now.Add(-2*time.Hour), stack.Grant(browsing, "unify_behaviour")))
			s.Send(t, stack.Shop, happened("account.logged_in", now.Add(-time.Hour), who.accountID(), stack.Proved("email", who.email), browsing))
			s.Send(t, stack.Shop, order(now.Add(-30*time.Minute), 3000, who.accountID(), stack.Proved("email", who.email)))
			r := known(t, s, who.emailID(), bought(3000, 0, 1))
			var session struct{ Path string }
			proved := []any{
				map[string]any{"namespace": "email", "value": who.email},
				map[string]any{"namespace": "customer", "value": who.account},
				map[string]any{"namespace": "cookie", "value": who.cookie},
			}
			consent(t, s, "/v1/preference-sessions", map[string]any{"rcu_id": r.RCUID, "points": proved}, &session)
			p := browser.Open(t, size, language)
			p.Go(s.URL("consent-api") + session.Path)
			require.Equal(t, words.title, p.See("h1"))
			p.NoBarriers()
			sameButtons(t, p, 20)
			fits(t, p)
			p.Screenshot("preferences-account-" + name + "-" + language)
			for _, row := range []string{`[data-purpose="r-marketing"] form[id^="r-marketing-email"]`, `#r-profiling`} {
				decideIn(t, p, row, "grant", words.yes)
			}
			allowed, reason := reserve(t, s, "account-1-"+who.order, who.email, "shoes")
			require.True(t, allowed, reason)
			p.Submit("#pause button")
			_, reason = reserve(t, s, "account-2-"+who.order, who.email, "shoes")
			require.Equal(t, "paused", reason)
			p.Submit("#pause button")
			p.Submit(`#level button[value="none"]`)
			// the objection parts the record: what the log-in proves stays on the page
			stack.Eventually(t, soon, "the page goes on", func() error {
				p.Go(s.URL("consent-api") + session.Path)
				if title := p.See("h1"); title != words.title {
					return fmt.Errorf("the page says %s", title)
				}
				return nil
			})
			require.Contains(t, p.See(`#level [aria-current]`), map[string]string{"fr": "Rien", "en": "Nothing"}[language])
			p.NoBarriers()
			p.Screenshot("preferences-account-none-" + name + "-" + language)
			_, reason = reserve(t, s, "account-3-"+who.order, who.email, "shoes")
			require.Equal(t, "no_permission", reason)
		})
	}
}
