package steward

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/services/internal/contract"
)

// reviewed reads a page of the queue.
func (r *rig) reviewed(key, query string) (out Review) {
	r.t.Helper()
	r.do(key, http.MethodGet, "/v1/review?"+query, nil).into(http.StatusOK, &out)
	return out
}

// resold is a rig with a phone that two customers showed, and two cards that an e-mail would join.
func resold(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.seen("shop", r.key("customer", "E-1"), r.key("phone", "+33612345678"))
	r.seen("shop", r.key("customer", "E-2"), r.key("phone", "+33612345678"))
	r.seen("spa", r.key("card", cardOne), r.key("email", mail))
	r.seen("spa", r.key("email", mail), r.key("customer", "E-3"))
	r.seen("spa", r.key("customer", "E-3"), r.key("card", cardTwo))
	return r
}

func (r *rig) named(ns identifier.Namespace, value string) Identifier {
	return r.s.identifier(space, r.key(ns, value))
}

func TestReview_showsWhatIsToBeDecidedAndAnActSettlesIt(t *testing.T) {
	r := resold(t)
	got := r.reviewed("anne", "")
	require.Equal(t, map[string]int{"contested": 0, "quarantined": 1, "refused": 1, "oversized": 0}, got.Counts)
	require.Len(t, got.Items, 2)
	require.Empty(t, got.Next)

	phone := got.Items[0]
	require.Equal(t, "quarantined", phone.Kind)
	require.Equal(t, "owners", phone.Because)
	require.Contains(t, phone.Words, "it was seen with 2 owners (2 proved), and may have 1")
	require.Equal(t, []Identifier{r.named("phone", "+33612345678")}, phone.Identifiers)
	require.EqualValues(t, 1002, phone.Since.Unix(), "the second owner was one too many")
	require.Len(t, phone.People, 2)
	require.Equal(t, "quarantined:"+phone.Identifiers[0].Name, phone.ID)

	cards := got.Items[1]
	require.Equal(t, "refused", cards.Kind)
	require.Equal(t, "unique", cards.Because)
	require.Len(t, cards.People, 2)
	for i, p := range cards.People {
		require.Contains(t, p.Identifiers, cards.Identifiers[i], "the people stand in the order of the ends of the link")
	}
	require.Len(t, append(cards.People[0].Identifiers, cards.People[1].Identifiers...), 4)
	require.Len(t, cards.Links, 1)
	require.Equal(t, "refused", cards.Links[0].Outcome)
	require.Contains(t, cards.Words, "one person has only one of these")
	one, two := r.named("card", cardOne), r.named("card", cardTwo)
	require.ElementsMatch(t, []Identifier{one, two}, []Identifier{*cards.Acts[0].A, *cards.Acts[0].B})
	require.Equal(t, []string{"ban", "together"}, []string{cards.Acts[0].Op, cards.Acts[1].Op})

	// The re-sold phone is the new owner's: one of the acts that the item offers.
	var act *ReviewAct
	for i := range phone.Acts {
		if a := &phone.Acts[i]; a.Op == "ban" && a.B.Name == r.named("customer", "E-1").Name {
			act = a
		}
	}
	require.NotNil(t, act)
	r.act("anne", Asked{Op: act.Op, A: &End{Name: act.A.Name}, B: &End{Name: act.B.Name}, Reason: "she has it now"})
	r.act("anne", Asked{Op: "ban", A: card(cardOne), B: card(cardTwo), Reason: "two people"})
	require.Empty(t, r.reviewed("anne", "").Items)
	require.Equal(t, r.key("customer", "E-2"), r.naming(r.key("phone", "+33612345678")))
}

func TestReview_inFrench(t *testing.T) {
	r := resold(t)
	q := checkedIn(r, contract.Load(t, "steward"), "anne", "/v1/review?kind=quarantined", "fr-FR,fr;q=0.9")
	require.Equal(t, "fr", q.Header().Get("Content-Language"))
	require.Contains(t, q.Body.String(), "il a été vu avec 2 titulaires (2 prouvés)")
}

func TestReview_showsOnlyWhatConcernsTheControllersOfTheKey(t *testing.T) {
	r := resold(t)
	require.Equal(t, []string{"quarantined"}, kindsOf(r.reviewed("paul", "")), "the cards are known to the spa alone")
	none := r.reviewed("other", "")
	require.Empty(t, none.Items)
	require.Empty(t, none.Next)
	require.Equal(t, map[string]int{"contested": 0, "quarantined": 1, "refused": 1, "oversized": 0}, none.Counts)
}

func kindsOf(x Review) (out []string) {
	for _, i := range x.Items {
		out = append(out, i.Kind)
	}
	return out
}

func TestReview_pages(t *testing.T) {
	r := newRig(t)
	customer := identifier.Namespace("customer")
	for i := range 9 {
		controller, mail := []string{"shop", "spa"}[i%2], "m"+strconv.Itoa(i)+"@example.org"
		r.seen(controller, r.key(customer, "A-"+strconv.Itoa(i)), r.key("email", mail))
		r.seen(controller, r.key(customer, "B-"+strconv.Itoa(i)), r.key("email", mail))
	}
	for i := range 3 { // one account with four cards: three refusals of one component
		r.seen("shop", r.key(customer, "C"), r.key("card", cardOne))
		r.seen("shop", r.key(customer, "C"), r.key("card", []string{cardTwo, "2990003333333", "2990004444444"}[i]))
	}
	for key, want := range map[string]int{"anne": 12, "paul": 8} {
		for _, limit := range []int{1, 2, 5, 50} {
			seen, after := map[string]bool{}, ""
			for pages := 0; ; pages++ {
				require.Less(t, pages, 40)
				got := r.reviewed(key, url.Values{"limit": {strconv.Itoa(limit)}, "after": {after}}.Encode())
				require.LessOrEqual(t, len(got.Items), limit)
				for _, i := range got.Items {
					require.False(t, seen[i.ID], "%s comes twice", i.ID)
					seen[i.ID] = true
				}
				if after = got.Next; after == "" {
					break
				}
			}
			require.Len(t, seen, want, "%s by %d", key, limit)
		}
	}
}

func TestReview_refuses(t *testing.T) {
	r := resold(t)
	for query, reason := range map[string]string{
		"kind=x": "unknown_kind", "after=x": "bad_form", "after=refused.x": "bad_form", "after=x.00": "bad_form", "limit=0": "bad_form", "value=x": "query_not_allowed",
	} {
		r.do("anne", http.MethodGet, "/v1/review?"+query, nil).refused(http.StatusBadRequest, reason)
	}
	r.do("seller", http.MethodGet, "/v1/review", nil).refused(http.StatusForbidden, "role")
}

func TestReview_leaksNothing(t *testing.T) {
	r := resold(t)
	body := r.do("anne", http.MethodGet, "/v1/review", nil).Body.String()
	for _, value := range []string{mail, cardOne, cardTwo, "612345678", "E-1", "E-3"} {
		require.NotContains(t, body, value)
	}
	require.NotContains(t, strings.ToLower(r.logs.String()), "example.org")
}
