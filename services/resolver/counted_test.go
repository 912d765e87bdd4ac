package resolver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// refused reads what gate G2 counted, by service, purpose and effect.
func (w *permitWorld) refused() map[string]float64 {
	w.t.Helper()
	return testkit.MetricBy(w.t, w.metrics, "rcu_gate_refused_total", "service", "gate", "purpose", "effect")
}

// What gate G2 links to nobody is counted once for each event, by the purpose that was missing. What is linked is not counted, and neither is what names
// nobody: nothing was refused there.
func TestRefusals_areCountedByPurpose(t *testing.T) {
	w := newPermitWorld(t, 1, sabotage{})
	s := newStory(1, 1)
	cookie, mail, other, number := s.cookies[0], s.mails[0], s.mails[1], s.numbers[0]
	when := func(minutes int) string { return w.now.Add(-time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
	viewed := func(minutes int, ids ...map[string]any) {
		w.take("web", retail, j(s.id(), "page.viewed", when(minutes), append(ids, is("cookie", cookie)), map[string]any{"path": "/"}))
	}
	bought := func(minutes int, mail string) {
		w.take("store", retail, j(s.id(), "sale", when(minutes), list(is("email", mail), is("ticket", s.id())), euros(900)))
	}
	s.say(w, identifier.Cookie, said{controller: retail, point: cookie, purpose: "unify_behaviour", at: w.now.AddDate(0, 0, -1).Unix()})
	viewed(60)
	w.catchUp()
	require.Empty(t, w.refused(), "nobody is known on the device, and nobody refused")
	viewed(50, proved("customer", number))
	bought(50, mail)
	bought(40, other)
	w.catchUp()
	require.Empty(t, w.refused(), "everything was linked")

	viewed(30, proved("customer", number))
	viewed(20, proved("customer", number))
	s.say(w, identifier.Cookie, said{controller: retail, point: cookie, purpose: "unify_behaviour", denies: 2, at: w.now.Add(-10 * time.Minute).Unix()})
	w.catchUp()
	want := map[string]float64{"resolver G2 unify_behaviour unlinked": 2}
	require.Equal(t, want, w.refused(), "collected under a grant that was withdrawn before they were linked")

	s.say(w, identifier.Email, said{controller: retail, point: mail, purpose: "unify_core", denies: 3, at: w.now.Add(-5 * time.Minute).Unix()})
	bought(4, mail)
	bought(3, other)
	w.catchUp()
	want["resolver G2 unify_core unlinked"] = 1
	require.Equal(t, want, w.refused(), "of who objected to being recognised, and of nobody else")
}

// Browsing on a device of many, of which nobody is known, is nobody's though it was collected under a grant: no gate refused it, and no gate lets it be
// shown with a person. Once the grant is withdrawn it is refused as well.
func TestBrowsingOfNobody_underAGrant_isNobodysAndNotRefused(t *testing.T) {
	w := newPermitWorld(t, 1, sabotage{})
	s := newStory(1, 1)
	cookie, number := s.cookies[0], s.numbers[0]
	viewed := func(id string, minutes int, more ...map[string]any) {
		at := w.now.Add(-time.Duration(minutes) * time.Minute).Format(time.RFC3339)
		w.takeFrom("web", kioskOf(retail), j(id, "page.viewed", at, append(more, is("cookie", cookie)), map[string]any{"path": "/"}))
	}
	s.say(w, identifier.Cookie, said{controller: retail, point: cookie, purpose: "unify_behaviour", at: w.now.AddDate(0, 0, -1).Unix()})
	viewed("nobody", 60)
	viewed("somebody", 50, proved("customer", number))
	w.catchUp()
	require.Empty(t, w.refused(), "nobody is known, and nobody refused")
	mask := func(id string) consent.Mask {
		var last consent.Mask
		for _, m := range messages[eventpb.Resolved](t, w.topics[stream.TopicResolved]) {
			if m.GetEvent().GetId() == id {
				last = consent.Mask(m.GetPermissions())
			}
		}
		require.True(t, last.Has(consent.UnifyCore), id)
		return last
	}
	require.Empty(t, w.rows()["nobody"].person)
	require.False(t, mask("nobody").Has(consent.UnifyBehaviour), "there is nobody whose it could be")
	require.NotEmpty(t, w.rows()["somebody"].person, "who logged in is known, though the device is not theirs")
	require.True(t, mask("somebody").Has(consent.UnifyBehaviour))

	viewed("late", 30)
	s.say(w, identifier.Cookie, said{controller: retail, point: cookie, purpose: "unify_behaviour", denies: 2, at: w.now.Add(-10 * time.Minute).Unix()})
	w.catchUp()
	require.Equal(t, map[string]float64{"resolver G2 unify_behaviour unlinked": 1}, w.refused())
	require.Empty(t, w.rows()["late"].person)
	require.Empty(t, w.rows()["somebody"].person, "and what was shown is not any more")
}
