package scenarios

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// corrections is what the pages of a correction say in one language.
type corrections struct{ shown, wrong, history, look, unknown, taken string }

var correcting = map[string]corrections{
	"fr": {"C'est corrigé", "Un numéro de carte de paiement", "Correction : Prénom, Ville", "Rien n'a encore changé", "n'est plus connu", "Retrait : Ville"},
	"en": {"It is corrected", "A payment card number", "Correction: City, First name", "Nothing has changed yet", "is not known any more", "Taken away: City"},
}

// isCity holds the town of a record to where it is known from.
func isCity(t *testing.T, s *stack.Stack, id stack.Identifier, value, source string) func() error {
	t.Helper()
	return func() error {
		r, err := s.TryLookup(t.Context(), stack.RetailService, id, "contract")
		if err != nil {
			return err
		}
		if got := r.Traits["city"]; got.Value != value || got.Source != source {
			return errors.New("the town is " + got.Value + " from " + got.Source)
		}
		return nil
	}
}

// TestPeopleCorrectTheirRecord: logged in, somebody corrects what is known of them on the page of their record. It shows there, at the counter and in
// ClickHouse under the source of corrections, is explained like every event, and taken back like every event.
func TestPeopleCorrectTheirRecord(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	for window, size := range windows {
		language := map[string]string{"desktop": "fr", "phone": "en"}[window]
		words := correcting[language]
		t.Run(window, func(t *testing.T) {
			who, now := somebody(), time.Now()
			provided := happened("identifier.provided", now.Add(-time.Hour), who.accountID(), stack.Proved("email", who.email))
			provided.Traits = map[string]string{"given_name": "Camile", "city": "Lyon"}
			s.Send(t, stack.TillParis, provided)
			s.Send(t, stack.OwnShop, order(now.Add(-30*time.Minute), 3000, who.accountID(), stack.Proved("email", who.email)))
			r := known(t, s, who.emailID(), bought(3000, 0, 1))
			stack.Eventually(t, soon, "what the till knew is on the record", isCity(t, s, who.emailID(), "Lyon", stack.TillParis))
			var session struct{ Path string }
			consent(t, s, "/v1/preference-sessions", map[string]any{"rcu_id": r.RCUID, "points": []any{
				map[string]any{"namespace": "email", "value": who.email}, map[string]any{"namespace": "customer", "value": who.account},
			}}, &session)
			p := browser.Open(t, size, language)
			p.Go(s.URL("consent-api") + session.Path + "/record")
			p.Screenshot("correct-" + window + "-" + language)

			p.Fill("#correct-address_line", "4111 1111 1111 1111")
			p.Submit(".correction button[type=submit]")
			require.Contains(t, p.See("[role=alert]"), words.wrong)
			p.NoBarriers()
			fits(t, p)
			p.Screenshot("correct-wrong-" + window + "-" + language)

			p.Fill("#correct-address_line", "")
			p.Fill("#correct-city", "Grenoble")
			p.Fill("#correct-given_name", "Camille")
			p.Submit(".correction button[type=submit]")
			require.NotEmpty(t, p.See("[role=status]"))
			p.NoBarriers()
			fits(t, p)
			p.Screenshot("correct-sent-" + window + "-" + language)
			var here string
			p.Eval("location.href.split('#')[0]", &here) // behind a # a browser does not load a page again
			at, err := url.Parse(here)
			require.NoError(t, err)
			id := at.Query().Get("corrected")
			took := stack.Eventually(t, soon, "the correction is on the record", isCity(t, s, who.emailID(), "Grenoble", stack.Preferences))
			t.Logf("corrected %s after the page said so", took.Round(time.Millisecond))
			p.Go(here)
			require.Contains(t, p.See("[role=status]"), words.shown)
			require.Contains(t, p.See("#traits"), "Camille")
			p.Screenshot("correct-shown-" + window + "-" + language)
			p.Go(s.URL("consent-api") + session.Path)
			require.Contains(t, p.See("#history"), words.history)
			p.NoBarriers()

			stack.Eventually(t, soon, "the correction is in ClickHouse", func() error {
				out, err := s.Command(t, "--json", "explain", "--event", id, "--source", stack.Preferences, "--lang", language)
				if err != nil {
					return err
				}
				require.NotContains(t, out, "Grenoble")
				var e gateStories
				if err := json.Unmarshal([]byte(out), &e); err != nil || len(e) != 1 || !e[0].Stored {
					return errors.New(out)
				}
				if !strings.Contains(e.did(), "G3 row") {
					return errors.New(e.did())
				}
				return nil
			})
			back := with(happened("event.retracted", time.Now(), who.accountID()), stack.Data{"id": id, "type": "identifier.provided"})
			s.Send(t, stack.Preferences, back)
			stack.Eventually(t, soon, "the correction is taken back", isCity(t, s, who.emailID(), "Lyon", stack.TillParis))
			takesAwayCity(t, s, p, s.URL("consent-api")+session.Path, who, words, window+"-"+language)
		})
	}
}

// takesAwayCity empties the town on the page of a record: the page shows what will happen, then it is known nowhere, and it is taken back like every event.
func takesAwayCity(t *testing.T, s *stack.Stack, p *browser.Page, centre string, who person, words corrections, name string) {
	t.Helper()
	p.Go(centre + "/record")
	p.Fill("#correct-city", "")
	p.Submit(".correction button[type=submit]")
	require.Contains(t, p.See("[role=status]"), words.look)
	require.Contains(t, p.See("main"), "Lyon")
	p.NoBarriers()
	fits(t, p)
	p.Screenshot("empty-look-" + name)
	require.NoError(t, isCity(t, s, who.emailID(), "Lyon", stack.TillParis)(), "a look changes nothing")

	p.Submit("main form button[type=submit]")
	require.NotEmpty(t, p.See("[role=status]"))
	var here string
	p.Eval("location.href.split('#')[0]", &here) // behind a # a browser does not load a page again
	stack.Eventually(t, soon, "the town is not known any more", isCity(t, s, who.emailID(), "", ""))
	p.Go(here)
	require.Contains(t, p.See("[role=status]"), words.shown)
	require.Contains(t, p.See("#traits"), words.unknown)
	require.NotContains(t, p.See("#traits"), "Lyon")
	p.NoBarriers()
	fits(t, p)
	p.Screenshot("empty-shown-" + name)
	p.Go(centre)
	require.Contains(t, p.See("#history"), words.taken)

	noted := happened("identifier.provided", time.Now(), who.accountID(), stack.Proved("email", who.email))
	noted.Traits = map[string]string{"region": "Bretagne", "city": "Brest"}
	s.Send(t, stack.TillParis, noted)
	stack.Eventually(t, soon, "what staff note again does not count", func() error {
		r, err := s.TryLookup(t.Context(), stack.RetailService, who.emailID(), "contract")
		if err == nil && (r.Traits["region"].Value != "Bretagne" || r.Traits["city"].Value != "") {
			err = errors.New("the town is " + r.Traits["city"].Value + " in " + r.Traits["region"].Value)
		}
		return err
	})
	at, err := url.Parse(here)
	require.NoError(t, err)
	back := with(happened("event.retracted", time.Now(), who.accountID()), stack.Data{"id": at.Query().Get("corrected"), "type": "identifier.provided"})
	s.Send(t, stack.Preferences, back)
	stack.Eventually(t, soon, "the town is known again", isCity(t, s, who.emailID(), "Brest", stack.TillParis))
}

// correct corrects attributes by planted values, and tries to by some that are refused.
func (p planted) correct(t *testing.T, s *stack.Stack, rcuID string) {
	t.Helper()
	var session struct{ Path string }
	consent(t, s, "/v1/preference-sessions", map[string]any{"rcu_id": rcuID, "points": []any{map[string]any{"namespace": "email", "value": p.email}}}, &session)
	for want, traits := range map[int]string{
		http.StatusAccepted:            `{"city":"Zqxvwjstreet","address_line":"3 rue Zqxvwjstreet"}`,
		http.StatusUnprocessableEntity: `{"birth_date":"Zqxvwjfamily","city":"Zqxvwjstreet"}`,
		http.StatusBadRequest:          `{"zqxvwjgiven":{"zqxvwjfamily":1}}`,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("consent-api")+session.Path+"/record", strings.NewReader(`{"traits":`+traits+`}`))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		status, body, err := s.Do(r)
		require.NoError(t, err)
		require.Equal(t, want, status, body)
		p.absent(t, "an answer", []byte(body))
	}
	stack.Eventually(t, soon, "the correction is on the record", isCity(t, s, p.emailID(), "Zqxvwjstreet", stack.Preferences))
}
