package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// handedOn is a phone that two customers proved, and an order that only the phone names: it waits for a steward.
func handedOn(t *testing.T, s *stack.Stack) (old, fresh person) {
	t.Helper()
	old, fresh = somebody(), somebody()
	at := time.Now().Add(-24 * time.Hour)
	number := stack.Proved("phone", old.phone)
	s.Send(t, stack.Shop, order(at, 1000, old.accountID(), number, old.orderID()))
	s.Send(t, stack.Shop, order(at.Add(time.Hour), 2000, fresh.accountID(), number, fresh.orderID()))
	s.Send(t, stack.Shop, order(at.Add(2*time.Hour), 4000, number, stack.ID("order", fresh.order+"-p")))
	known(t, s, old.accountID(), bought(1000, 0, 1))
	known(t, s, fresh.accountID(), bought(2000, 0, 1))
	known(t, s, number, func(r stack.Reading) error {
		if r.Standing != "quarantined" {
			return fmt.Errorf("the phone is %q", r.Standing)
		}
		return nil
	})
	return old, fresh
}

// stewardWords are what the pages say in one language.
type stewardWords struct {
	size                                                browser.Viewport
	login, queue, pair, confirm, done, search, acts, no string
}

var stewardLanguages = map[string]stewardWords{
	"desktop-fr": {browser.Desktop, "Identités – se connecter", "À examiner", "Décider", "Confirmer la décision", "La décision est en vigueur.", "Rechercher", "Décisions", "Cette clé n’a pas le droit d’un gestionnaire."},
	"phone-en":   {browser.Phone, "Identities – log in", "To review", "Decide", "Confirm the act", "The act is in force.", "Search", "Acts", "This key has not the right of a steward."},
	"desktop-en": {browser.Desktop, "Identities – log in", "To review", "Decide", "Confirm the act", "The act is in force.", "Search", "Acts", "This key has not the right of a steward."},
	"phone-fr":   {browser.Phone, "Identités – se connecter", "À examiner", "Décider", "Confirmer la décision", "La décision est en vigueur.", "Rechercher", "Décisions", "Cette clé n’a pas le droit d’un gestionnaire."},
}

// TestAStewardResolvesAResoldPhoneInThreeSteps with the keyboard alone: out of the queue, the act with its reason, its effect confirmed. No
// page on the way has a barrier.
func TestAStewardResolvesAResoldPhoneInThreeSteps(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	for name, w := range stewardLanguages {
		t.Run(name, func(t *testing.T) {
			old, fresh := handedOn(t, s)
			number := stack.Proved("phone", old.phone)
			p := browser.Open(t, w.size, name[len(name)-2:])
			look := func(picture string) {
				t.Helper()
				p.NoBarriers()
				noSideways(t, p)
				p.Screenshot("steward-" + picture + "-" + name)
			}
			p.Go(s.URL("steward") + "/steward")
			require.Equal(t, w.login, p.See("h1"))
			look("login")
			p.TabTo("#key", 10)
			typed(p, s.ReaderKey(stack.Seller))
			p.PressAndFollow(browser.Enter)
			require.Equal(t, w.no, p.See("[role=alert]"))
			p.TabTo("#key", 10)
			typed(p, s.ReaderKey(stack.Steward))
			p.PressAndFollow(browser.Enter)
			require.Equal(t, w.queue, p.See("h1"))

			// One: choose the act in the queue.
			asked := nameOf(t, s, number)
			choice := awaitChoice(t, p, s, asked, nameOf(t, s, old.accountID()))
			look("queue")
			p.TabTo(choice, 200)
			p.PressAndFollow(browser.Enter)
			require.Equal(t, w.pair, p.See("#act h2"))
			tablesFit(t, p)
			look("pair")

			// Two: say why, and look at what it does.
			p.TabTo("#reason", 60)
			typed(p, "le numéro a changé de main")
			p.TabTo("#act button", 5)
			p.PressAndFollow(browser.Enter)
			require.Equal(t, w.confirm, p.See("h1"))
			require.Equal(t, 1, p.Count("section[aria-labelledby=before]"))
			look("confirm")

			// Three: confirm.
			p.TabTo("#confirm", 60)
			p.PressAndFollow(browser.Enter)
			require.Equal(t, w.done, p.See("[role=status]"))
			look("done")
			stands(t, s, soon, fresh.accountID(), 6000, 2, 2)
			stands(t, s, soon, old.accountID(), 1000, 1, 1)

			p.Go(s.URL("steward") + "/steward/acts")
			require.Equal(t, w.acts, p.See("h1"))
			tablesFit(t, p)
			look("acts")
			p.Go(s.URL("steward") + "/steward/search")
			require.Equal(t, w.search, p.See("h1"))
			p.TabTo("#value", 20)
			typed(p, old.phone)
			p.PressAndFollow(browser.Enter)
			p.See("#drawing")
			tablesFit(t, p)
			look("record")
			var address, text string
			p.Eval("location.href", &address)
			require.NotContains(t, address, old.phone[4:])
			p.Eval("document.body.innerText", &text)
			require.Contains(t, text, "••••"+old.phone[len(old.phone)-2:], "the steward sees enough to recognise it")
			require.NotContains(t, text, old.phone[4:], "and not enough to use it")
		})
	}
}

// typed presses the keys of a text.
func typed(p *browser.Page, text string) {
	for _, r := range text {
		p.Press(string(r))
	}
}

// nameOf is the name of an identifier.
func nameOf(t *testing.T, s *stack.Stack, id stack.Identifier) string {
	t.Helper()
	return s.Lookup(t, stack.Service, id, "contract").RCUID
}

// noSideways fails when the page is wider than its window: only regions made for it are moved sideways.
func noSideways(t *testing.T, p *browser.Page) {
	t.Helper()
	var over int
	p.Eval("document.documentElement.scrollWidth - document.documentElement.clientWidth", &over)
	require.LessOrEqual(t, over, 0, "the page is wider than the window")
}

// tablesFit fails when a part of a table, the drawing aside, is read only after moving it sideways.
func tablesFit(t *testing.T, p *browser.Page) {
	t.Helper()
	var over []string
	p.Eval(`[...document.querySelectorAll(".scroll:has(table)")].filter(x => x.scrollWidth > x.clientWidth).map(x => x.innerText)`, &over)
	require.Empty(t, over)
}

// awaitChoice opens the queue until it offers the act on two identifiers, going on page by page, and returns what selects it.
func awaitChoice(t *testing.T, p *browser.Page, s *stack.Stack, a, b string) string {
	t.Helper()
	selector := fmt.Sprintf(`a[href^="/steward/pairs/%s/%s?op=ban"], a[href^="/steward/pairs/%s/%s?op=ban"]`, a, b, b, a)
	stack.Eventually(t, soon, "the queue offers the act", func() error {
		p.Go(s.URL("steward") + "/steward/queue?kind=quarantined")
		for range 10 {
			if p.Count(selector) > 0 {
				return nil
			}
			if p.Count(`main > p a[href*="after="]`) == 0 {
				break
			}
			p.Submit(`main > p a[href*="after="]`)
		}
		return fmt.Errorf("it is not offered")
	})
	return selector
}
