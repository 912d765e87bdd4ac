package consentapi

import (
	"net/http"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	eventpb "rcu/schemas/event"
)

// overlayBody lays an overlay on every point of a person, or lifts it.
type overlayBody struct {
	ID         string     `json:"id"` // of the caller: sending it again changes nothing
	Controller string     `json:"controller"`
	Point      *pointBody `json:"point"`
	Overlay    string     `json:"overlay"` // restricted | erased | deceased | minor | adolescent
	Lift       bool       `json:"lift"`
	Until      *time.Time `json:"until"` // it ends by itself; of a minor the first day of the month of the fifteenth birthday
}

// overlayKeepers lay and lift overlays: they handle rights, deaths and ages.
var overlayKeepers = []auth.Role{auth.RoleService, auth.RolePrivacy}

// overlay takes an overlay in. To lay one goes the way of a denial, to lift it that of a grant.
func (s *Service) overlay(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body overlayBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	x, p := s.scopeOf(reader, body.Controller, body.Point)
	if p != nil {
		return p
	}
	purpose := consent.Overlay(body.Overlay).Purpose()
	_, known := consent.OverlayOf(purpose)
	switch {
	case !known:
		return refuse(http.StatusUnprocessableEntity, "unknown_overlay", "/overlay", "use restricted, erased, deceased, minor or adolescent")
	case body.Lift && body.Until != nil:
		return refuse(http.StatusUnprocessableEntity, "expiry", "/until", "leave it out: what is lifted has no end")
	case body.Until != nil && !body.Until.After(s.now()):
		return refuse(http.StatusUnprocessableEntity, "expiry", "/until", "send a time to come, or leave it out: it lies until it is lifted")
	case len(body.ID) > maxID:
		return tooLong("/id")
	}
	ds, p := s.overlayDecisions(r, x, reader, purpose, body)
	if p != nil {
		return p
	}
	if !body.Lift {
		return s.denied(w, r, ds)
	}
	k, err := s.grant(r.Context(), ds)
	if err != nil {
		return kafkaAway
	}
	s.answer(w, "granted", k, ds...)
	return nil
}

// overlayDecisions are the same decision about every point of the person.
func (s *Service) overlayDecisions(r *http.Request, x scope, reader auth.Reader, purpose consent.Purpose, body overlayBody) ([]*eventpb.Decision, *problem) {
	d := s.denial(x, reader, consent.PurposeChannel{Purpose: purpose}, "object", "dsr")
	if body.Lift {
		d.Decision = decisionGrant
	}
	if body.ID != "" {
		d.Id = reader.Name + "/" + body.ID
	}
	if body.Until != nil {
		d.ExpiresAt = body.Until.Unix()
	}
	s.keepTime(r.Context(), x, d)
	keys, err := s.pointsOf(r.Context(), x)
	if err != nil {
		if !body.Lift { // the point itself is closed all the same
			_, _ = s.deny(r.Context(), []*eventpb.Decision{d})
		}
		return nil, refuse(http.StatusServiceUnavailable, "person_unreadable", "/point", "send it again: the other points of the person cannot be read now")
	}
	return copies(d, keys), nil
}
