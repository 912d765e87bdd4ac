package scenarios

import (
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

// account is what the pages of one's own record say in one language.
type account struct{ record, given, erase, closed, only string }

var accounts = map[string]account{
	"fr": {"Ce que nous savons de vous", "donné par vous", "Effacer votre dossier", "votre dossier est fermé", "Dans votre compte"},
	"en": {"What we know of you", "given by you", "Erase your record", "your record is closed", "In your account"},
}

// download reads what a link of a page gives as a file.
func download(t *testing.T, s *stack.Stack, path string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL("consent-api")+path, nil)
	require.NoError(t, err)
	status, body, err := s.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, body)
	out := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	return out
}

// TestPeopleSeeKeepAndEraseTheirRecord: logged in, somebody sees what is known of them and where it is from, keeps it as a file, and erases it in
// two clicks; nobody else sees it, and afterwards nobody at all.
func TestPeopleSeeKeepAndEraseTheirRecord(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	for window, size := range windows {
		language := map[string]string{"desktop": "fr", "phone": "en"}[window]
		words := accounts[language]
		t.Run(window, func(t *testing.T) {
			who, now := somebody(), time.Now()
			provided := happened("identifier.provided", now.Add(-time.Hour), who.accountID(), stack.Proved("email", who.email), who.cookieID())
			provided.Traits = map[string]string{"given_name": "Camille", "city": "Lyon"}
			s.Send(t, stack.OwnShop, provided)
			s.Send(t, stack.OwnShop, order(now.Add(-30*time.Minute), 3000, who.accountID(), stack.Proved("email", who.email)))
			s.Send(t, stack.TillParis, sale(now.Add(-20*time.Minute), 1000, who.cardID(), who.accountID()))
			r := known(t, s, who.emailID(), bought(4000, 0, 2))
			var session, link struct{ Path string }
			consent(t, s, "/v1/preference-sessions", map[string]any{"rcu_id": r.RCUID, "points": []any{
				map[string]any{"namespace": "email", "value": who.email}, map[string]any{"namespace": "customer", "value": who.account},
			}}, &session)
			p := browser.Open(t, size, language)
			p.Go(s.URL("consent-api") + session.Path)
			require.NotContains(t, strings.ToLower(p.See("main")), strings.Split(who.email, "@")[0]+"@")
			p.Submit("#record a")
			require.Equal(t, words.record, p.See("h1"))
			p.NoBarriers()
			fits(t, p)
			p.Screenshot("record-" + window + "-" + language)
			seen := p.See("main")
			for _, want := range []string{"Camille", "Lyon", words.given, "shop-retail", "•••• " + who.card[len(who.card)-2:]} {
				require.Contains(t, seen, want)
			}
			for _, never := range []string{who.email, who.card, who.account, who.cookie} {
				require.NotContains(t, seen, never)
			}
			file := download(t, s, session.Path+"/record?form=json")
			raw, err := json.Marshal(file)
			require.NoError(t, err)
			require.Contains(t, string(raw), who.email, "what the log-in proves is in the file")
			require.NotContains(t, string(raw), who.card, "and nothing else")
			require.Len(t, file["orders"], 2)

			consent(t, s, "/v1/preference-links", map[string]any{"point": map[string]any{"namespace": "email", "value": who.email}}, &link)
			p.Go(s.URL("consent-api") + link.Path + "/record")
			require.Equal(t, words.only, p.See("h1"))
			p.NoBarriers()

			p.Go(s.URL("consent-api") + session.Path + "/erase")
			require.Equal(t, words.erase, p.See("h1"))
			p.NoBarriers()
			fits(t, p)
			var differ []string
			p.Eval(unequal, &differ)
			require.Empty(t, differ, "to go and to stay look alike")
			p.Screenshot("erase-" + window + "-" + language)
			require.Equal(t, 200, s.Lookup(t, stack.RetailService, who.emailID(), "contract").Status, "a page that was opened erases nothing")
			p.Submit("form button[type=submit]")
			require.Contains(t, p.See("[role=status]"), words.closed)
			p.NoBarriers()
			p.Screenshot("erased-" + window + "-" + language)
			for name, id := range map[string]stack.Identifier{"e-mail": who.emailID(), "card": who.cardID()} {
				require.Equal(t, http.StatusLocked, s.Lookup(t, stack.RetailService, id, "contract").Status, "closed at once, asked by %s", name)
			}
			require.Empty(t, download(t, s, session.Path+"/record?form=json")["traits"])
			_, reason := reserve(t, s, fmt.Sprintf("erased-%s-%s", window, who.order), who.email, "shoes")
			require.NotEmpty(t, reason)
		})
	}
}
