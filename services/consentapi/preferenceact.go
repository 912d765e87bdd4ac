package consentapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/consent/ledger"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

// maxForm bounds a form of the preference centre.
const maxForm = 8 << 10

// doneKeys are what the page says after a choice.
var doneKeys = []string{"decided", "level", "kept", "topic", "often", "pause", "resume"}

// choices are what a form asks for: what takes permission away, and what gives it. They go different ways.
type choices struct {
	denials, grants []*eventpb.Decision
	done, anchor    string
}

// preferenceAct takes one choice in and shows the page again.
func (s *Service) preferenceAct(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visited(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.showPreferenceProblem(w, r, badChoice)
		return
	}
	k, p := s.known(r.Context(), v, page.LanguageOf(r))
	if p == nil {
		var c choices
		if c, p = s.chosen(k, r); p == nil {
			p = s.take(r.Context(), c)
		}
		if p == nil {
			http.Redirect(w, r, r.URL.Path+"?done="+c.done+"#"+c.anchor, http.StatusSeeOther)
			return
		}
	}
	s.showPreferenceProblem(w, r, p)
}

// chosen reads what a form asks for.
func (s *Service) chosen(k *known, r *http.Request) (choices, *problem) {
	switch form := r.PostForm; form.Get("do") {
	case "decide":
		return s.chooseRow(k, form.Get("row"), form.Get("decision"))
	case "level":
		return s.chooseLevel(k, consent.Level(form.Get("level")))
	case "topic":
		if _, known := k.reg.Topics[form.Get("topic")]; !known {
			return choices{}, badChoice
		}
		w := contact.Wish{Kind: contact.WishTopic, About: form.Get("topic")}
		if form.Get("decision") == "deny" {
			w.Value = contact.Forever
		}
		return s.wish(k, choices{done: "topic", anchor: "topics"}, w)
	case "often":
		return s.chooseOften(k, form.Get)
	case "pause":
		until := s.now().Add(time.Duration(k.reg.Terms["pause_days"].Days) * day)
		return s.wish(k, choices{done: "pause", anchor: "pause"}, contact.Wish{Kind: contact.WishPause, Value: until.Unix()})
	case "resume":
		return s.wish(k, choices{done: "resume", anchor: "pause"}, contact.Wish{Kind: contact.WishPause})
	}
	return choices{}, badChoice
}

// take puts what was chosen in force: what takes permission away first and at once, what gives it once it is durable.
func (s *Service) take(ctx context.Context, c choices) *problem {
	if len(c.denials) > 0 {
		if _, err := s.deny(ctx, c.denials); err != nil {
			s.deps.Log.Error("choices of the preference centre are not in force yet", zap.Int("decisions", len(c.denials)), zap.Error(err))
			return notInForce
		}
	}
	if len(c.grants) > 0 {
		if _, err := s.grant(ctx, c.grants); err != nil {
			return kafkaAway
		}
	}
	for _, d := range slices.Concat(c.denials, c.grants) {
		s.metrics.decisions.WithLabelValues(d.GetDecision()).Inc()
	}
	return nil
}

// chooseRow decides about one purpose on one channel.
func (s *Service) chooseRow(k *known, id, decision string) (choices, *problem) {
	x, found := k.find(id)
	c := choices{done: "decided", anchor: id}
	switch {
	case !found:
		return c, otherPoint
	case decision == "deny":
		for _, p := range x.points {
			c.denials = append(c.denials, s.refusal(k, p, x.topic))
		}
		return c, nil
	case decision != decisionGrant || !x.Grantable:
		return c, badChoice
	}
	d, p := s.consented(k, x)
	c.grants = []*eventpb.Decision{d}
	return c, p
}

// find returns a row of the visit. A row of another point is none.
func (k *known) find(id string) (row, bool) {
	for _, part := range k.rows() {
		for _, p := range part.Purposes {
			for _, x := range p.Rows {
				if x.ID == id {
					return x, true
				}
			}
		}
	}
	return row{}, false
}

// refusal denies a purpose at a point, in the word that fits: what was granted is withdrawn, what rests on an interest or a sale is objected to.
func (s *Service) refusal(k *known, p identifier.Key, pc consent.PurposeChannel) *eventpb.Decision {
	word := "refuse"
	i := slices.IndexFunc(k.points, func(x consent.Point) bool { return x.Key == p })
	if info, ok := consent.PurposeOf(pc.Purpose); ok && !info.Optional() || i >= 0 && len(k.points[i].SalesOn(pc.Purpose, pc.Channel, k.now)) > 0 {
		word = "object"
	} else if i >= 0 && k.points[i].Register.History(pc.Purpose, pc.Channel).Latest().Dec == consent.Grant {
		word = "withdraw"
	}
	x := k.visit.scope(p)
	return s.denial(x, k.visit.source(), pc, word, k.visit.act())
}

// consented grants a purpose on the point that the visitor proved to have, with the text that the page showed.
func (s *Service) consented(k *known, r row) (*eventpb.Decision, *problem) {
	id, version, _ := noticeFor(k.reg, string(r.topic.Purpose), k.now)
	text, _ := k.reg.NoticeText(id, version, string(k.lang))
	shown := sha256.Sum256([]byte(text))
	x := k.visit.scope(k.grantPoint(r.points))
	st := ledger.Statement{
		Controller: x.controller, Point: x.point(), Kind: ledger.Grant, Act: k.visit.act(), Topic: r.topic,
		DecidedAt: k.after(r), RecordedAt: k.now, Notice: ledger.Notice{ID: id, Version: version, Language: string(k.lang)},
		Proof: ledger.Proof{Type: "served_notice", SHA256: hex.EncodeToString(shown[:])},
	}
	if f := st.Check(k.reg, k.now); f != nil {
		return nil, badChoice
	}
	d := s.message(x, k.visit.source(), st)
	d.DecidedAt = st.DecidedAt
	if info, ok := consent.PurposeOf(r.topic.Purpose); ok {
		d.ExpiresAt = info.EndOn(r.topic.Channel, d.DecidedAt, 0)
	}
	return d, nil
}

// after is the time of an agreement: now, and behind a denial of the same second, over which it was said.
func (k *known) after(r row) int64 {
	at := k.now - 1
	for _, p := range k.points {
		if !slices.Contains(r.points, p.Key) {
			continue
		}
		if d := p.Register.History(r.topic.Purpose, r.topic.Channel).Latest(); d.Denies() && d.At == at {
			return at + 1
		}
	}
	return at
}

// chooseLevel denies whatever a level leaves out, at every point of the visit. No level grants.
func (s *Service) chooseLevel(k *known, l consent.Level) (choices, *problem) {
	c := choices{done: "level", anchor: "level"}
	for _, p := range k.points {
		topics, known := l.Denies(s.shared(p.Register))
		if !known {
			return c, badChoice
		}
		for _, pc := range topics {
			if consent.Reaches(pc.Channel, p.Key.Namespace) && !denied(p.Register.History(pc.Purpose, pc.Channel)) {
				c.denials = append(c.denials, s.refusal(k, p.Key, pc))
			}
		}
	}
	if l == consent.LevelAll {
		c.done, c.anchor = "kept", "choices"
	}
	return c, nil
}

// denied reports whether a denial holds already.
func denied(h consent.History) bool { return h.Latest().Denies() }

// chooseOften reads how often somebody wants to hear of us, channel by channel.
func (s *Service) chooseOften(k *known, field func(string) string) (choices, *problem) {
	c := choices{done: "often", anchor: "often"}
	for _, channel := range k.oftenChannels() {
		name := field("often-" + channel)
		if name == "" {
			continue
		}
		f, known := contact.FrequencyOf(name)
		if !known {
			return c, badChoice
		}
		if k.wished().Frequency[channel] == f {
			continue
		}
		var p *problem
		if c, p = s.wish(k, c, contact.Wish{Kind: contact.WishFrequency, About: channel, Value: int64(f)}); p != nil {
			return c, p
		}
	}
	return c, nil
}

// wish says a wish at every point of the visit. One that keeps less away than the one before is a grant.
func (s *Service) wish(k *known, c choices, w contact.Wish) (choices, *problem) {
	w.At = k.now - 1
	for i, p := range k.visit.points {
		for _, wide := range []bool{true, false} {
			old, said := k.books[i].Said(w.Kind, w.About, wide)
			// a link says nothing about other points; an account takes back what a link said of a point
			if wide != k.visit.whole && (!k.visit.whole || !said || old.Value <= w.Value) {
				continue
			}
			x := w
			x.Wide = wide
			if said && old.At >= x.At && old.Value > x.Value {
				x.At = old.At + 1
			}
			d := wishDecision(k.visit, p, x)
			d.ReceivedAt = s.now().UnixMicro()
			if said && old.Value > x.Value {
				c.grants = append(c.grants, d)
			} else if x.Value > 0 || said {
				c.denials = append(c.denials, d)
			}
		}
	}
	return c, nil
}

// wishDecision is a wish as it lies on Kafka. Its id follows from what it says, so that its receipt can be made again.
func wishDecision(v *visit, k identifier.Key, w contact.Wish) *eventpb.Decision {
	x := v.scope(k)
	d := &eventpb.Decision{
		Space: x.space, Controller: x.controller, Source: v.token.Source, Act: v.act(),
		Point: &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: x.pseudonym[:]},
	}
	w.Say(d)
	d.Id = wishID(x.space, x.controller, k, w)
	return d
}

func wishID(space, controller string, k identifier.Key, w contact.Wish) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%t\x00%d\x00%d", subjectOf(space, controller, k), w.Purpose(), w.About, w.Wide, w.At, w.Value))
	return "wish-" + hex.EncodeToString(sum[:16])
}
