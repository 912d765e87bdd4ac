package profileapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
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
			for _, path := range details(w) {
				require.Equal(t, http.StatusLocked, a.get("service", path+"?purpose=contract").Code, path)
				require.Equal(t, http.StatusOK, a.get("service", path+"?purpose=legal").Code, path)
			}
			require.Len(t, a.lookup("service", "card", card, "legal").record().Orders, 2, "what the law obliges to")
			w.overlaid(o, "grant", "email", mail, at(15, 9))
			require.Len(t, a.lookup("service", "card", card, "contract").record().Orders, 2)
		})
	}
}

// details are the paths of all that is told of Marie by her id.
func details(w *world) (out []string) {
	p := w.ring.Pseudonym(space, identifier.Card, card)
	id := w.ring.Name(space, p)
	stranger := w.ring.Name(space, w.ring.Pseudonym(space, identifier.Card, "2990009999999"))
	w.send(till, "sale", at(13, 9), fields{"identifiers": ids("card", "2990009999999"), "data": total(100)})
	for _, detail := range []string{"", "/timeline", "/identifiers", "/explain", "/why-not/" + stranger} {
		out = append(out, "/v1/profiles/"+id+detail)
	}
	return append(out, "/v1/profiles/"+stranger+"/why-not/"+id)
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
		d.Whole = func(ctx context.Context) (context.Context, error) {
			if missing.Load() {
				return ctx, errors.New("redis does not hold the whole state")
			}
			return ctx, nil
		}
	})
	require.Equal(t, http.StatusLocked, a.lookup("service", "card", card, "contract").Code)
	require.Len(t, a.lookup("service", "card", card, "legal").record().Orders, 2)
	missing.Store(true)
	for _, purpose := range []string{"contract", "legal"} {
		require.Equal(t, http.StatusServiceUnavailable, a.lookup("service", "card", card, purpose).Code)
	}
}

// Who logs in on a device of many is no owner of it, and yet the person of what they did there: an overlay on it masks them as one on their own points.
func TestOverlay_onASharedDevice(t *testing.T) {
	w := newWorld(t)
	w.send(kiosk, "consent.decided", at(10, 8), fields{"consent": consentOf("cookie", "kiosk-1", "unify_behaviour", "", "grant")})
	w.send(kiosk, "page.viewed", at(11, 9), fields{"identifiers": ids("cookie", "kiosk-1", "email", mail), "data": fields{"path": "/shoes"}})
	w.send(web, "order.placed", at(11, 11), fields{"identifiers": append(ids("email", mail), map[string]any{"namespace": "order", "value": "W-1"}), "data": total(2000)})
	w.send(web, "consent.decided", at(12, 8), fields{"consent": consentOf("email", mail, "profiling", "", "grant")})
	a := newAPI(t, w, nil)
	r := a.lookup("service", "email", mail, "unify_behaviour").record()
	require.NotContains(t, r.Also, w.name("cookie", "kiosk-1"), "it links nobody")
	require.EqualValues(t, 1, r.Counters["page.viewed"])
	require.Equal(t, http.StatusOK, a.lookup("service", "email", mail, "profiling").Code)

	w.overlaid(consent.Restricted, "object", "cookie", "kiosk-1", at(14, 9))
	require.Equal(t, http.StatusLocked, a.lookup("service", "email", mail, "contract").Code)
	w.overlaid(consent.Restricted, "grant", "cookie", "kiosk-1", at(15, 9))
	require.Len(t, a.lookup("service", "email", mail, "contract").record().Orders, 1)

	w.overlaid(consent.Adolescent, "object", "cookie", "kiosk-1", at(15, 9))
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "profiling").Code)
	require.Equal(t, http.StatusOK, a.lookup("service", "email", mail, "contract").Code, "it closes nothing")
}

// A purpose with a recipient is masked as every other: by an overlay on any point, by the age that a grant was given at, and by an erasure since.
func TestOverlay_masksPurposesWithARecipient(t *testing.T) {
	for name, tt := range map[string]struct {
		overlay consent.Overlay
		lifted  bool
		after   int // the status once it is lifted
	}{
		"adolescent":       {consent.Adolescent, false, 0},
		"minor":            {consent.Minor, false, 0},
		"was minor":        {consent.Minor, true, http.StatusForbidden},
		"was erased":       {consent.Erased, true, http.StatusForbidden},
		"was adolescent":   {consent.Adolescent, true, http.StatusOK},
		"on another point": {consent.Adolescent, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			marie(w)
			a := newAPI(t, w, nil)
			const purpose = "ads_custom_audience:acme"
			w.send(web, "consent.decided", at(13, 9), fields{"consent": consentOf("email", mail, purpose, "", "grant")})
			require.Equal(t, http.StatusOK, a.lookup("service", "card", card, purpose).Code)
			ns, value := "email", mail
			if strings.HasPrefix(name, "on another") {
				ns, value = "card", card
			}
			w.overlaid(tt.overlay, "object", ns, value, at(14, 9))
			if !tt.overlay.Closes() {
				require.Equal(t, http.StatusForbidden, a.lookup("service", "card", card, purpose).Code)
			}
			if !tt.lifted {
				return
			}
			w.overlaid(tt.overlay, "grant", ns, value, at(15, 9))
			require.Equal(t, tt.after, a.lookup("service", "card", card, purpose).Code)
			require.Equal(t, http.StatusOK, a.lookup("service", "card", card, "contract").Code)
		})
	}
}
