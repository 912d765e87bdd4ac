package consentapi

import (
	"encoding/json"
	"net/http"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// pendingToken is what a link to confirm carries, sealed.
type pendingToken struct {
	Decision json.RawMessage `json:"d"`
	Until    int64           `json:"u"`
	Stated   int64           `json:"e"` // the end that was stated
}

// answerPending writes a grant down that waits for its confirmation, and gives the link that goes to the very point.
func (s *Service) answerPending(w http.ResponseWriter, r *http.Request, d *eventpb.Decision) *problem {
	stated := d.GetExpiresAt()
	d.Decision, d.ExpiresAt = decisionPending, 0
	if err := s.publish(r.Context(), []*eventpb.Decision{d}); err != nil {
		return kafkaAway
	}
	until := d.GetDecidedAt() + int64(s.deps.Registry.Terms["confirm_days"].Days)*86400
	raw, err := protojson.Marshal(d)
	if err != nil {
		return unavailable
	}
	content, err := json.Marshal(pendingToken{raw, until, stated})
	if err != nil {
		return unavailable
	}
	token, err := s.confirms.Seal(content)
	if err != nil {
		return unavailable
	}
	s.metrics.decisions.WithLabelValues(decisionPending).Inc()
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusAccepted, Decided{
		State: decisionPending, Stands: kept{Durable: true}, Receipts: []Receipt{s.receipt(d)}, Confirmation: &confirmation{"/c/" + token, second(until)},
	})
	return nil
}

// openPending reads a link to confirm. What was changed, or is over, is refused.
func (s *Service) openPending(token string) (*eventpb.Decision, pendingToken, *problem) {
	content, err := s.confirms.Open(token)
	if err != nil {
		return nil, pendingToken{}, badLink
	}
	var t pendingToken
	d := new(eventpb.Decision)
	if json.Unmarshal(content, &t) != nil || protojson.Unmarshal(t.Decision, d) != nil {
		return nil, t, badLink
	}
	if s.now().Unix() >= t.Until {
		return nil, t, overLink
	}
	return d, t, nil
}

var (
	badLink  = refuse(http.StatusNotFound, "unknown_link", "", "use the link as it was sent")
	overLink = refuse(http.StatusGone, "link_expired", "", "ask again: this link is over")
	spent    = refuse(http.StatusGone, "link_spent", "", "ask again: something else was decided since")
)

// confirm makes a pending grant one that holds from now on. A link serves once: after any later decision it is spent.
func (s *Service) confirm(r *http.Request, token string) *problem {
	d, t, p := s.openPending(token)
	if p != nil {
		return p
	}
	k, ok := keyOf(d)
	if !ok {
		return badLink
	}
	points, err := s.settled(r.Context(), d.GetSpace(), d.GetController(), []identifier.Key{k})
	if err != nil || points[0].Unreadable {
		return unavailable // what was decided since cannot be known
	}
	pending, asked := d.GetId(), d.GetDecidedAt()
	d.Id, d.Confirms = consent.ConfirmationID(pending, asked), pending
	for _, said := range points[0].Register.History(consent.Purpose(d.GetPurpose()), d.GetChannel()).Said {
		switch {
		case said.At < asked:
		case said.ID == d.GetId() && points[0].Register.History(consent.Purpose(d.GetPurpose()), d.GetChannel()).Latest().ID == said.ID:
			return nil // done already
		default:
			return spent
		}
	}
	now := s.now()
	d.Decision, d.Act, d.DecidedAt, d.ReceivedAt = decisionGrant, "confirmation", now.Unix(), now.UnixMicro()
	if info, ok := consent.PurposeOf(consent.Purpose(d.GetPurpose())); ok {
		d.ExpiresAt = info.EndOn(d.GetChannel(), d.GetDecidedAt(), t.Stated)
	}
	if _, err := s.grant(r.Context(), []*eventpb.Decision{d}); err != nil {
		return kafkaAway
	}
	s.metrics.decisions.WithLabelValues("confirm").Inc()
	return nil
}

// linkToken is what a link to unsubscribe carries, sealed: one point, one purpose and channel.
type linkToken struct {
	Space      string `json:"s"`
	Controller string `json:"c"`
	Namespace  string `json:"n"`
	Pseudonym  []byte `json:"p"`
	Purpose    string `json:"u"`
	Channel    string `json:"h"`
	Until      int64  `json:"t"`
	Source     string `json:"o"`
}

// openLink reads a link to unsubscribe.
func (s *Service) openLink(token string) (linkToken, *problem) {
	var t linkToken
	content, err := s.links.Open(token)
	if err != nil || json.Unmarshal(content, &t) != nil {
		return t, badLink
	}
	if s.now().Unix() >= t.Until {
		return t, overLink
	}
	return t, nil
}

// withdrawal is the decision that a link makes.
func (s *Service) withdrawal(t linkToken) *eventpb.Decision {
	now := s.now()
	return &eventpb.Decision{
		Space: t.Space, Controller: t.Controller, Source: t.Source, Id: newID(),
		Point:   &eventpb.Identifier{Namespace: t.Namespace, Pseudonym: t.Pseudonym},
		Purpose: t.Purpose, Channel: t.Channel, Decision: "withdraw", DecidedAt: now.Unix(), ReceivedAt: now.UnixMicro(), Act: "unsubscribe_link",
	}
}

// day is a day of the clock.
const day = 24 * time.Hour
