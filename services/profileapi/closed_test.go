package profileapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
	"rcu/services/profileapi"
)

// overlaid lays or lifts an overlay on a point of shop-fr.
func (w *world) overlaid(o consent.Overlay, decision, ns, value string, at time.Time) {
	w.t.Helper()
	p := w.ring.Pseudonym(space, identifier.Namespace(ns), value)
	w.decide(&eventpb.Decision{
		Space: space, Controller: "shop-fr", Source: "privacy", Id: string(o) + decision, Point: &eventpb.Identifier{Namespace: ns, Pseudonym: p[:]},
		Purpose: string(o.Purpose()), Decision: decision, DecidedAt: at.Unix(),
	})
}

// A record that an overlay closes is read for nothing but what the law obliges to, by whatever point it is asked for; lifted, it is as before.
func TestClosedRecord_isLocked(t *testing.T) {
	for _, o := range []consent.Overlay{consent.Restricted, consent.Erased, consent.Deceased} {
		t.Run(string(o), func(t *testing.T) {
			w := newWorld(t)
			marie(w)
			a := newAPI(t, w, nil)
			require.Len(t, a.lookup("service", "card", card, "contract").record().Orders, 2)
			w.overlaid(o, "object", "email", mail, at(14, 9))
			for _, purpose := range []string{"contract", "unify_core", "security"} {
				locked := a.lookup("service", "card", card, purpose)
				require.Equal(t, http.StatusLocked, locked.Code, purpose)
				require.Equal(t, "record_closed", locked.reason())
				require.NotContains(t, locked.Body.String(), string(o), "the text is neutral")
			}
			require.Len(t, a.lookup("service", "card", card, "legal").record().Orders, 2, "what the law obliges to")
			w.overlaid(o, "grant", "email", mail, at(15, 9))
			require.Len(t, a.lookup("service", "card", card, "contract").record().Orders, 2)
		})
	}
}

// An overlay may lie in a register that cannot be read: the record is closed, whatever point it is asked for by.
func TestClosedRecord_whereARegisterCannotBeRead(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	require.Len(t, a.lookup("service", "card", card, "contract").record().Orders, 2)
	p := w.ring.Pseudonym(space, "email", mail)
	w.put(resolve.ConsentCell(space, "shop-fr", identifier.Key{Namespace: "email", Value: string(p[:])}), []byte{0xff, 1, 2})
	require.Equal(t, http.StatusLocked, a.lookup("service", "card", card, "contract").Code)
	require.Len(t, a.lookup("service", "card", card, "legal").record().Orders, 2)
}

// A Redis that was lost and is being filled shows a person before the restriction: nobody is shown until it is all there.
func TestHalfAState_showsNobody(t *testing.T) {
	w := newWorld(t)
	marie(w)
	w.overlaid(consent.Restricted, "object", "email", mail, at(14, 9))
	var missing atomic.Bool
	a := newAPI(t, w, func(_ *profileapi.Config, d *profileapi.Deps) {
		d.Whole = func(context.Context) error {
			if missing.Load() {
				return errors.New("redis does not hold the whole state")
			}
			return nil
		}
	})
	require.Equal(t, http.StatusLocked, a.lookup("service", "card", card, "contract").Code)
	require.Len(t, a.lookup("service", "card", card, "legal").record().Orders, 2)
	missing.Store(true)
	for _, purpose := range []string{"contract", "legal"} {
		require.Equal(t, http.StatusServiceUnavailable, a.lookup("service", "card", card, purpose).Code)
	}
}
