package steward

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/explain"
)

// TestPages_aComponentOfFiveHundredLinksIsSummarised: the page says what it leaves out, and stays small.
func TestPages_aComponentOfFiveHundredLinksIsSummarised(t *testing.T) {
	r := newRig(t)
	one, other := r.key("card", cardOne), r.key("card", cardTwo)
	for i := range 42 { // links of the one, and of another that has the same
		email, phone, pay := r.key("email", fmt.Sprintf("c%d@example.org", i)), r.key("phone", fmt.Sprintf("+336%08d", i)), r.key("pay", fmt.Sprintf("p-%d", i))
		r.seen("shop", one, r.key("customer", "E-1"), email, phone, pay)
		r.seen("shop", other, email, phone, pay)
	}
	x, err := r.graph.Explain(t.Context(), space, one, time.Now().Unix())
	require.NoError(t, err)
	t.Logf("%d identifiers, %d links", len(x.Profile.Members), len(x.Edges))
	w := r.steward("anne", "en")
	began := time.Now()
	p := w.open("/steward/identifiers/" + r.nameOf(one))
	t.Logf("%d bytes in %s", len(p.body), time.Since(began))
	require.Less(t, time.Since(began), 2*time.Second)
	require.Less(t, len(p.body), 400_000)
	p.says("The drawing shows at most 9 people and 4 identifiers of one kind.", "more people are not drawn.", "The table shows the first 100 links;")
	require.Equal(t, 100, strings.Count(p.body, `<tr class="`))
}

// overlay lays an overlay on an identifier with a controller; a decision "grant" lifts it.
func (r *rig) overlay(controller string, k identifier.Key, o consent.Overlay, decision string) {
	r.t.Helper()
	cell := resolve.ConsentCell(space, controller, k)
	held, err := r.cells.LoadCells(r.t.Context(), []string{cell})
	require.NoError(r.t, err)
	at := time.Now().Unix() - 60
	if decision == "grant" { // the later one holds
		at += 30
	}
	value, _, err := resolve.JoinDecisions(cell, held[0].Value, []*eventpb.Decision{{
		Space: space, Controller: controller, Source: "privacy", Id: decision, Point: &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)},
		Purpose: string(o.Purpose()), Decision: decision, DecidedAt: at,
	}})
	require.NoError(r.t, err)
	held[0].Value = value
	ok, err := r.cells.CommitCells(r.t.Context(), held)
	require.NoError(r.t, err)
	require.True(r.t, ok[0])
}

// Of a record that is closed with every controller of the key no page tells how it hangs together and what happened to it, as the profile API does
// not; it is on no queue. Lifted, it is as before.
func TestPages_ofAClosedRecordTellNothing(t *testing.T) {
	for _, o := range []consent.Overlay{consent.Erased, consent.Restricted, consent.Deceased} {
		t.Run(string(o), func(t *testing.T) {
			r, number, one, other := handedOn(t)
			r.s.deps.History = told{}
			w := r.steward("anne", "en")
			record, pair := "/steward/identifiers/"+r.nameOf(one), "/steward/pairs/"+r.nameOf(one)+"/"+r.nameOf(other)
			back := "/steward/pairs/" + r.nameOf(other) + "/" + r.nameOf(one)
			queue := func() bool { return strings.Contains(w.open("/steward/queue").body, r.nameOf(one)) }
			for _, path := range []string{record, pair, back} {
				require.Equal(t, http.StatusOK, w.get(path).code, path)
			}
			require.True(t, queue())
			form := w.open(record)

			r.overlay("shop", one, o, "object")
			for _, path := range []string{record, pair, back} {
				locked := w.get(path)
				require.Equal(t, http.StatusLocked, locked.code, path)
				locked.says("This record cannot be used at present.")
				require.NotContains(t, locked.body, r.nameOf(number))
				require.NotContains(t, locked.body, string(o), "the text is neutral")
			}
			require.False(t, queue())
			require.Equal(t, http.StatusLocked, form.send(record, map[string]string{"op": "quarantine", "reason": "x"}).code)
			require.Equal(t, http.StatusOK, w.get("/steward/identifiers/"+r.nameOf(other)).code, "another person")

			r.overlay("shop", one, o, "grant")
			for _, path := range []string{record, pair, back} {
				require.Equal(t, http.StatusOK, w.get(path).code, path)
			}
			require.True(t, queue())
		})
	}
}

// told is a history that was written down.
type told struct{ fail error }

func (h told) History(context.Context, string, []string, int) ([]explain.Transition, bool, error) {
	return []explain.Transition{{ID: "1-0", At: time.Unix(1_800_000_000, 0).UTC(), Kind: "quarantined", Cause: explain.Cause{Kind: "event"}}}, false, h.fail
}

func TestPages_tellTheHistoryOfARecord(t *testing.T) {
	r, number, _, _ := handedOn(t)
	path := "/steward/identifiers/" + r.nameOf(number)
	w := r.steward("anne", "fr")
	w.open(path).says("Histoire de la fiche", "n’est pas connue ici")
	r.s.deps.History = told{}
	w.open(path).says("Histoire de la fiche", "15 janvier 2027")
	r.s.deps.History = told{fail: errors.New("away")}
	w.open(path).says("Histoire de la fiche", "ne peut pas être lue en ce moment")
}

func TestPages_areNotMadeWithoutAnAudit(t *testing.T) {
	r, number, _, _ := handedOn(t)
	w := r.steward("anne", "en")
	form := w.open("/steward/identifiers/" + r.nameOf(number))
	r.kafka.set(func(k *kafka) { k.fail = errAway })
	require.Eventually(t, func() bool { return w.get("/steward/queue").code == http.StatusServiceUnavailable }, 5*time.Second, time.Millisecond, "its queue is bounded")
	got := form.send("/steward/identifiers/"+r.nameOf(number), map[string]string{"op": "release", "reason": "x"})
	require.Equal(t, http.StatusServiceUnavailable, got.code)
	got.says("The service is not available.")
}

// TestPages_showMaskedValuesOfTheStewardsControllersAlone: enough to recognise somebody, of those alone whom the key is about.
func TestPages_showMaskedValuesOfTheStewardsControllersAlone(t *testing.T) {
	r := newRig(t)
	customer, address := r.key("customer", "E-1042"), r.key("email", mail)
	r.traits = map[string]string{"given_name": "Zoé", resolve.IdentifierTrait(customer): "E-1042"}
	r.seen("shop", customer, address)
	r.traits = map[string]string{"family_name": "Martin", resolve.IdentifierTrait(address): mail}
	r.seen("spa", customer, address)
	path := "/steward/identifiers/" + r.nameOf(customer)
	both := r.steward("anne", "en").open(path).says("••••42", "Z•••• M••••", "m••••@example.org").body
	for _, value := range []string{"E-1042", "Zoé", "Martin", mail} {
		require.NotContains(t, both, value)
	}
	one := r.steward("paul", "en").open(path).says("••••42").body
	require.Contains(t, one, "Z••••")
	require.NotContains(t, one, "M••••")
	require.NotContains(t, one, "@example.org")
}

// Of a record that an overlay closes no page shows a value, whichever identifier the overlay lies on; what another controller knows stays.
func TestPages_showNoValueOfAClosedRecord(t *testing.T) {
	for _, o := range []consent.Overlay{consent.Erased, consent.Restricted, consent.Deceased, ""} {
		r := newRig(t)
		customer, address := r.key("customer", "E-1042"), r.key("email", mail)
		r.traits = map[string]string{"given_name": "Zoé", resolve.IdentifierTrait(customer): "E-1042"}
		r.seen("shop", customer, address)
		r.traits = map[string]string{"family_name": "Martin"}
		r.seen("spa", customer, address)
		path := "/steward/identifiers/" + r.nameOf(customer)
		r.steward("anne", "en").open(path).says("••••42", "Z•••• M••••")
		cell := resolve.ConsentCell(space, "shop", address)
		value := []byte("cannot be read")
		if o != "" {
			var err error
			value, _, err = resolve.JoinDecisions(cell, nil, []*eventpb.Decision{{
				Space: space, Controller: "shop", Source: "privacy", Id: "1", Point: &eventpb.Identifier{Namespace: "email", Pseudonym: []byte(address.Value)},
				Purpose: string(o.Purpose()), Decision: "object", DecidedAt: time.Now().Unix() - 60,
			}})
			require.NoError(t, err)
		}
		ok, err := r.cells.CommitCells(t.Context(), []resolve.Cell{{Key: cell, Value: value}})
		require.NoError(t, err)
		require.True(t, ok[0])
		closed := r.steward("anne", "en").open(path).body
		require.NotContains(t, closed, "••••42", o)
		require.NotContains(t, closed, "Z••••", o)
		require.Contains(t, closed, "M••••", o)
	}
}
