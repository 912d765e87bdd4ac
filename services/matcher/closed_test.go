package matcher

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// decide writes a decision about an overlay on a point: "object" lays it, "grant" lifts it.
func (r *rig) decide(o consent.Overlay, point identifier.Key, decision string, at time.Time) {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{resolve.ConsentCell(space, shop, point)})
	require.NoError(r.t, err)
	register, err := consent.DecodeRegister(cells[0].Value)
	require.NoError(r.t, err)
	register, _ = register.JoinAll(&eventpb.Decision{Id: string(o) + decision, Purpose: string(o.Purpose()), Decision: decision, DecidedAt: at.Unix()})
	cells[0].Value = register.Encode()
	r.commit(cells)
}

// TestClosedRecord_isNotSuggested: who is restricted, asked to be erased or died is not matched, whichever of the two it is and whichever of
// their points says so, neither when a record comes nor on the queue. A minor's record is open.
func TestClosedRecord_isNotSuggested(t *testing.T) {
	for o, masks := range map[consent.Overlay]bool{consent.Restricted: true, consent.Erased: true, consent.Deceased: true, consent.Minor: false, consent.Adolescent: false} {
		for _, point := range []struct {
			ns    identifier.Namespace
			value string
		}{{"card", "2990001111111"}, {"phone", "+33611223344"}, {"customer", "C-1"}} {
			t.Run(string(o)+" "+string(point.ns), func(t *testing.T) {
				r := newRig(t)
				r.seen(r.key("card", "2990001111111"), r.key("customer", "C-1"))
				ago := time.Now().Add(-time.Hour)
				r.decide(o, r.key(point.ns, point.value), "object", ago)
				three(r)
				n, err := r.index.CountSuggestions(t.Context(), space)
				require.NoError(t, err)
				require.Equal(t, masks, n == 0)
				require.Equal(t, masks, len(r.shown()) == 0)
			})
		}
	}
}

// TestClosedLater_isLeftOut while the overlay lies, and shown again when it is lifted.
func TestClosedLater_isLeftOut(t *testing.T) {
	r := newRig(t)
	card, _, _ := three(r)
	require.Len(t, r.shown(), 1)
	r.decide(consent.Restricted, card, "object", time.Now().Add(-time.Hour))
	require.Empty(t, r.shown())
	r.decide(consent.Restricted, card, "grant", time.Now().Add(-time.Minute))
	require.Len(t, r.shown(), 1)
}

// TestUnreadableRegister_closes: what cannot be read is no permission.
func TestUnreadableRegister_closes(t *testing.T) {
	r := newRig(t)
	card, _, _ := three(r)
	cells, err := r.cells.LoadCells(t.Context(), []string{resolve.ConsentCell(space, shop, card)})
	require.NoError(t, err)
	cells[0].Value = []byte("\xff\xff\xff")
	r.commit(cells)
	require.Empty(t, r.shown())
}
