package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// offering is a sale at which a person gives their address and is offered to object to offers of a family.
func offering(at time.Time, p person, family string) stack.Event {
	return with(happened("sale", at, p.cardID(), stack.Proved("email", p.email)), stack.Data{
		"total": map[string]any{"amount": 4000, "currency": "EUR"},
		"soft_optin": []any{map[string]any{
			"point": map[string]any{"namespace": "email", "value": p.email}, "family": family, "notice": map[string]any{"id": "till-privacy", "version": "3", "language": "fr"},
		}},
	})
}

// offer asks one step of a contact that offers goods of a family by e-mail.
func offer(t *testing.T, s *stack.Stack, step, id string, p person, family string) (allowed bool, reason, basis string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"id": id, "point": map[string]any{"namespace": "email", "value": p.email}, "channel": "email", "purpose": "marketing", "family": family,
	})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("contacts")+"/v1/contacts/"+step, bytes.NewReader(raw))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.ReaderKey(stack.RetailService))
	status, answer, err := s.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, answer)
	var a struct {
		Allowed bool
		Reason  string
		Proof   []struct{ Basis string }
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &a))
	if len(a.Proof) > 0 {
		basis = a.Proof[0].Basis
	}
	return a.Allowed, a.Reason, basis
}

// denied waits until an offer is refused for want of permission.
func denied(t *testing.T, s *stack.Stack, id string, p person, family string) {
	t.Helper()
	stack.Eventually(t, inForce, "the offer is refused", func() error {
		if allowed, reason, _ := offer(t, s, "reserve", id, p, family); allowed || reason != "no_permission" {
			return fmt.Errorf("allowed %t: %s", allowed, reason)
		}
		return nil
	})
}

// TestASalePermitsOffersOfItsFamilyUntilThePersonObjects: told on the preference centre, refused there with one click, and never used for anything else.
// The sends that it permitted are lawful for the standing control.
func TestASalePermitsOffersOfItsFamilyUntilThePersonObjects(t *testing.T) {
	s := stack.Shared(t)
	for window, words := range map[string]struct{ language, open, no, never string }{
		"desktop": {"fr", "tant que vous ne vous y opposez pas : shoes (achat du", "Aujourd'hui : non", "rien n'a été choisi"},
		"phone":   {"en", "as long as you do not object: shoes (bought on", "Today: no", "nothing was chosen"},
	} {
		t.Run(window, func(t *testing.T) {
			who, now := somebody(), time.Now()
			id := func(n int) string { return fmt.Sprintf("offer-%s-%d", who.order, n) }
			ticket := offering(now.Add(-time.Hour), who, "shoes")
			s.Send(t, stack.TillParis, ticket)
			known(t, s, who.emailID(), bought(4000, 0, 1))
			allowed, reason, basis := offer(t, s, "reserve", id(1), who, "shoes")
			require.True(t, allowed, reason)
			require.Equal(t, "soft_optin", basis, "no consent")
			for n, family := range []string{"coats", ""} {
				_, reason, _ = offer(t, s, "reserve", id(2+n), who, family)
				require.Equal(t, "no_permission", reason, "goods of another family: %q", family)
			}
			allowed, reason, _ = offer(t, s, "confirm", id(1), who, "shoes")
			require.True(t, allowed, reason)

			var link struct{ Path string }
			consent(t, s, "/v1/preference-links", map[string]any{"point": map[string]any{"namespace": "email", "value": who.email}}, &link)
			p := browser.Open(t, windows[window], words.language)
			p.Go(s.URL("consent-api") + link.Path)
			const row = "#r-marketing-email"
			require.Contains(t, p.See(row+" .state"), words.open)
			require.Contains(t, p.See("#r-survey-email .state"), words.never)
			p.NoBarriers()
			fits(t, p)
			sameButtons(t, p, 20)
			p.Screenshot("preferences-softoptin-" + window + "-" + words.language)
			decideIn(t, p, row, "deny", words.no)
			denied(t, s, id(4), who, "shoes")
			p.NoBarriers()
			p.Screenshot("preferences-softoptin-objected-" + window + "-" + words.language)

			s.Send(t, stack.TillParis, offering(now.Add(-time.Minute), who, "shoes"))
			known(t, s, who.emailID(), bought(8000, 0, 2))
			denied(t, s, id(5), who, "shoes")
			lawful(t, s, ticket)
		})
	}
}

// TestASaleThatIsTakenBackTakesItsOfferBack: a ticket of the wrong customer permits nothing, at once and after the resolver has joined it.
func TestASaleThatIsTakenBackTakesItsOfferBack(t *testing.T) {
	s := stack.Shared(t)
	who, at := somebody(), time.Now().Add(-time.Hour)
	ticket := offering(at, who, "shoes")
	s.Send(t, stack.TillParis, ticket)
	known(t, s, who.emailID(), bought(4000, 0, 1))
	id := "back-" + who.order
	allowed, reason, _ := offer(t, s, "reserve", id, who, "shoes")
	require.True(t, allowed, reason)
	back := with(happened("event.retracted", at, who.cardID(), stack.Proved("email", who.email)), stack.Data{"id": ticket.ID, "type": "sale"})
	back.OccurredAt = ticket.OccurredAt
	s.Send(t, stack.TillParis, back)
	_, reason, _ = offer(t, s, "confirm", id, who, "shoes")
	require.Equal(t, "no_permission", reason, "at once, for what was reserved, too")
	s.Send(t, stack.TillParis, ticket)
	denied(t, s, id+"-2", who, "shoes")

	another := offering(at.Add(time.Minute), who, "shoes")
	s.Send(t, stack.TillParis, another)
	allowed, reason, _ = offer(t, s, "reserve", id+"-3", who, "shoes")
	require.True(t, allowed, "another ticket stands: %s", reason)
	allowed, reason, _ = offer(t, s, "confirm", id+"-3", who, "shoes")
	require.True(t, allowed, reason)
	lawful(t, s, another)
}

// lawful waits until ClickHouse has the send that rests on a sale, and sees that the standing control does not show it.
func lawful(t *testing.T, s *stack.Stack, ticket stack.Event) {
	t.Helper()
	var rows []stack.Row
	stack.Eventually(t, soon, "the send is in ClickHouse", func() error {
		rows = s.Query(t, stack.Admin, "SELECT contact FROM contact_steps WHERE has(proof, {sale:String}) AND step = 'confirm' AND reason = ''", map[string]string{"sale": ticket.ID + "#0"})
		if len(rows) != 1 {
			return fmt.Errorf("%d sends", len(rows))
		}
		return nil
	})
	require.Empty(t, s.Query(t, stack.Analyst, "SELECT missing, verdict FROM sends_without_permission WHERE contact = {id:String}", map[string]string{"id": rows[0].Text("contact")}))
}
