package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// TestAStewardReadsWhatWasWeighed with the keyboard alone: of two people who are probably one the page tells what each comparison says, in
// both languages, on a screen and on a phone, without a barrier and without a value.
func TestAStewardReadsWhatWasWeighed(t *testing.T) {
	s := stack.Shared(t)
	store, caller, at := somebody(), somebody(), time.Now().Add(-24*time.Hour)
	inStore := sale(at, 2000, store.cardID())
	inStore.Traits = map[string]string{"given_name": "Bérengère", "family_name": "Vasseur", "birth_date": "1980-03-12", "postal_code": "75011", "city": "Paris"}
	s.Send(t, stack.TillParis, inStore)
	one := known(t, s, store.cardID(), bought(2000, 0, 1)).RCUID
	s.Send(t, stack.Desk, rang(at.Add(time.Hour), caller, "Berengere", "Vaseur", "PARIS"))
	other := known(t, s, stack.ID("phone", caller.phone), func(stack.Reading) error { return nil }).RCUID
	suggested(t, s, one, other)
	for name, w := range map[string]struct {
		size              browser.Viewport
		birth, comma, sum string
	}{
		"desktop-fr": {browser.Desktop, "Date de naissance", ",", "%"},
		"phone-fr":   {browser.Phone, "Date de naissance", ",", "%"},
		"desktop-en": {browser.Desktop, "Birth date", ".", "%"},
	} {
		t.Run(name, func(t *testing.T) {
			p := browser.Open(t, w.size, name[len(name)-2:])
			p.Go(s.URL("steward") + "/steward")
			p.TabTo("#key", 10)
			typed(p, s.ReaderKey(stack.Steward))
			p.PressAndFollow(browser.Enter)
			p.Go(s.URL("steward") + "/steward/queue?kind=probable")
			p.TabTo(".weights summary", 60)
			p.Press(browser.Enter)
			var table string
			p.Eval("document.querySelector('.weights[open] table').innerText", &table)
			require.Contains(t, table, w.birth)
			require.Regexp(t, `[+-][0-9]+\`+w.comma+`[0-9]`, table)
			require.Contains(t, table, w.sum)
			require.NotContains(t, table, "Vas")
			p.NoBarriers()
			noSideways(t, p)
			var hidden int
			p.Eval("(x => x.scrollWidth - x.clientWidth)(document.querySelector('.weights[open] .scroll'))", &hidden)
			require.LessOrEqual(t, hidden, 0, "part of the table is read only after moving it sideways")
			p.Screenshot("steward-weights-" + name)
		})
	}
}
