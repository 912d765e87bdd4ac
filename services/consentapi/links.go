package consentapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// topicBody is a body that names a point, a purpose and a channel.
type topicBody struct {
	Controller string     `json:"controller"`
	Point      *pointBody `json:"point"`
	Purpose    string     `json:"purpose"`
	Channel    string     `json:"channel"`
}

// newLink gives whoever sends a message the link by which its recipient stops such messages, without account and without log-in.
func (s *Service) newLink(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body topicBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	x, p := s.scopeOf(reader, body.Controller, body.Point)
	if p != nil {
		return p
	}
	info, known := consent.PurposeOf(consent.Purpose(body.Purpose))
	if !known || !info.Decidable || !info.Takes(body.Channel) {
		return refuse(http.StatusUnprocessableEntity, "unknown_purpose", "/purpose", "use a purpose and channel of the register about which people decide")
	}
	until := s.now().Add(time.Duration(s.deps.Registry.Terms["unsubscribe_days"].Days) * day)
	content, err := json.Marshal(linkToken{
		x.space, x.controller, string(x.key.Namespace), x.pseudonym[:], body.Purpose, body.Channel, until.Unix(), reader.Name,
	})
	if err != nil {
		return unavailable
	}
	token, err := s.links.Seal(content)
	if err != nil {
		return unavailable
	}
	writeJSON(w, http.StatusOK, struct {
		Path      string `json:"path"`
		ExpiresAt string `json:"expires_at"`
		Post      string `json:"list_unsubscribe_post"` // header of an e-mail that is unsubscribed by one click (RFC 8058)
	}{"/u/" + token, second(until.Unix()), "List-Unsubscribe=One-Click"})
	return nil
}

// stopBody is a message that came in reply to one of ours.
type stopBody struct {
	Controller string     `json:"controller"`
	Point      *pointBody `json:"point"`
	Text       string     `json:"text"`
}

// stopWords end contact by SMS, in any case and with any punctuation.
var stopWords = []string{"STOP", "STOPSMS", "STOPPUB", "ARRET", "ARRETER", "ARRETEZ", "DESABONNER", "DESABONNEMENT", "DESINSCRIRE", "UNSUBSCRIBE", "END", "CANCEL", "QUIT"}

// isStop reports whether a message says stop: its first word does, or all of it.
func isStop(text string) bool {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z' || r == ' ':
			return r
		case r == '\n' || r == '\t' || r == '.' || r == '!' || r == ',':
			return ' '
		}
		return -1
	}, strings.ToUpper(norm.NFD.String(text)))
	words := strings.Fields(plain)
	return len(words) > 0 && (slices.Contains(stopWords, words[0]) || slices.Contains(stopWords, strings.Join(words, "")))
}

// stop takes the reply to an SMS in. STOP ends everything by SMS that nobody has to receive.
func (s *Service) stop(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body stopBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	x, p := s.scopeOf(reader, body.Controller, body.Point)
	switch {
	case p != nil:
		return p
	case x.key.Namespace != identifier.Phone:
		return refuse(http.StatusUnprocessableEntity, "point", "/point/namespace", "send the phone number that the reply came from")
	case !isStop(body.Text):
		return refuse(http.StatusUnprocessableEntity, "no_stop", "/text", "nothing was decided: the message does not say stop")
	}
	var ds []*eventpb.Decision
	for _, info := range consent.Purposes() {
		if info.Decidable && slices.Contains(info.Channels, consent.ChannelSMS) {
			ds = append(ds, s.denial(x, reader, consent.PurposeChannel{Purpose: info.Purpose, Channel: consent.ChannelSMS}, "withdraw", "stop_sms"))
		}
	}
	return s.denied(w, r, ds)
}

// denial is a denial as of now.
func (s *Service) denial(x scope, reader auth.Reader, pc consent.PurposeChannel, decision, act string) *eventpb.Decision {
	now := s.now()
	return &eventpb.Decision{
		Space: x.space, Controller: x.controller, Source: reader.Name, Id: newID(),
		Point:   &eventpb.Identifier{Namespace: string(x.key.Namespace), Pseudonym: x.pseudonym[:]},
		Purpose: string(pc.Purpose), Channel: pc.Channel, Decision: decision, DecidedAt: now.Unix(), ReceivedAt: now.UnixMicro(), Act: act,
	}
}

// signal takes `Sec-GPC: 1` in: a refusal of advertising and sharing, for whoever has not chosen otherwise. An explicit choice of the person
// wins, before and after.
func (s *Service) signal(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	x, p := s.scopeIn(w, r, reader)
	switch {
	case p != nil:
		return p
	case r.Header.Get("Sec-GPC") != "1":
		return refuse(http.StatusUnprocessableEntity, "no_signal", "Sec-GPC", "pass the header on as the browser sent it: only 1 says something")
	case x.key.Namespace.Kind() != identifier.KindDevice:
		return refuse(http.StatusUnprocessableEntity, "point", "/point/namespace", "send the device that the signal came from")
	}
	points, err := s.settled(r.Context(), x.space, x.controller, []identifier.Key{x.key})
	if err != nil || points[0].Unreadable {
		return unavailable
	}
	var ds []*eventpb.Decision
	for _, purpose := range s.shared(points[0].Register) {
		if len(points[0].Register.History(purpose, "").Said) == 0 {
			ds = append(ds, s.denial(x, reader, consent.PurposeChannel{Purpose: purpose}, "refuse", "gpc"))
		}
	}
	if len(ds) == 0 {
		s.answer(w, "denied", kept{InForce: true, Durable: true})
		return nil
	}
	return s.denied(w, r, ds)
}

// shared lists the purposes of advertising and sharing: those of every registered recipient, and those that anything is known of.
func (s *Service) shared(register consent.Register) []consent.Purpose {
	var registered []consent.Purpose
	for _, base := range []consent.Purpose{consent.AdsCustomAudience, consent.SharePartner} {
		for _, recipient := range s.deps.Registry.Purposes[string(base)].Recipients {
			registered = append(registered, base+":"+consent.Purpose(recipient))
		}
	}
	return register.Shared(registered)
}

// levelBody chooses how much interaction somebody accepts.
type levelBody struct {
	Controller  string     `json:"controller"`
	Point       *pointBody `json:"point"`
	WholePerson bool       `json:"whole_person"`
	Level       string     `json:"level"`
	Act         string     `json:"act"`
}

// level denies everything that a level leaves out, at once. It grants nothing.
func (s *Service) level(w http.ResponseWriter, r *http.Request, reader auth.Reader) *problem {
	var body levelBody
	if p := readJSON(w, r, &body); p != nil {
		return p
	}
	x, p := s.scopeOf(reader, body.Controller, body.Point)
	if p != nil {
		return p
	}
	points, err := s.settled(r.Context(), x.space, x.controller, []identifier.Key{x.key})
	if err != nil {
		return unavailable
	}
	topics, known := consent.Level(body.Level).Denies(s.shared(points[0].Register))
	if _, act := s.deps.Registry.Acts[body.Act]; !known || body.Act != "" && !act {
		return refuse(http.StatusUnprocessableEntity, "unknown_level", "/level", "use none, service, useful or all, and an act of the register")
	}
	keys := []identifier.Key{x.key}
	if body.WholePerson {
		if keys, err = s.pointsOf(r.Context(), x); err != nil {
			return unavailable
		}
	}
	var ds []*eventpb.Decision
	for _, pc := range topics {
		info, _ := consent.PurposeOf(pc.Purpose)
		decision := "refuse"
		if !info.Optional() {
			decision = "object"
		}
		for _, d := range copies(s.denial(x, reader, pc, decision, body.Act), keys) {
			if k, ok := keyOf(d); ok && consent.Reaches(pc.Channel, k.Namespace) {
				ds = append(ds, d)
			}
		}
	}
	if len(ds) == 0 {
		s.answer(w, "denied", kept{InForce: true, Durable: true})
		return nil
	}
	return s.denied(w, r, ds)
}
