package consentapi

import (
	"cmp"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/services/internal/page"
)

// said lists what was chosen, newest first, as far as the page tells it.
func (s *Service) said(k *known) []said {
	all := s.allSaid(k)
	return all[:min(len(all), maxHistory)]
}

// allSaid lists what was chosen, newest first, each with its receipt.
func (s *Service) allSaid(k *known) []said {
	var out []said
	for i, p := range k.points {
		for _, pc := range p.Register.All() {
			purpose, _ := k.reg.Purpose(string(pc.Purpose))
			out = append(out, s.saidOf(k, p, pc, purpose.Label.In(string(k.lang)), decisionWords)...)
		}
		for _, o := range consent.Overlays() {
			pc := consent.PurposeChannel{Purpose: o.Purpose()}
			out = append(out, s.saidOf(k, p, pc, k.words.In(k.lang, "pref.said."+string(o)), overlayWords)...)
		}
		out = append(out, s.saidWishes(k, p.Key, k.books[i])...)
	}
	slices.SortFunc(out, func(a, b said) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Label, b.Label), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Where, b.Where), cmp.Compare(a.id, b.id))
	})
	return out
}

// overlayWords are the keys of the words for what lays an overlay on a point and lifts it.
var overlayWords = map[consent.Dec]string{consent.Grant: "lifted", consent.Refuse: "wished", consent.Withdraw: "wished", consent.Object: "wished"}

// saidOf lists what was decided about one purpose at a point.
func (s *Service) saidOf(k *known, p consent.Point, pc consent.PurposeChannel, label string, words map[consent.Dec]string) []said {
	var out []said
	h := p.Register.History(pc.Purpose, pc.Channel)
	for _, ds := range [...][]consent.Decision{h.Said, h.Carried} {
		for _, d := range ds {
			out = append(out, said{
				At: time.Unix(d.At, 0).UTC(), Label: label, Channel: pc.Channel, Where: k.shown(p.Key),
				Decision: words[d.Dec], Carried: d.Carried, id: d.ID,
				Receipt: s.receiptPath(k.visit.token.Space, k.visit.token.Controller, p.Key, pc, d.ID),
			})
		}
	}
	return out
}

// shown is the place of a choice of the past; of a link there is one alone.
func (k *known) shown(p identifier.Key) string {
	if !k.visit.whole {
		return ""
	}
	return k.place(p)
}

// saidWishes lists the wishes of a point.
func (s *Service) saidWishes(k *known, p identifier.Key, b contact.Book) []said {
	var out []said
	for _, w := range b.All() {
		d := wishDecision(k.visit, p, w)
		x := said{At: time.Unix(w.At, 0).UTC(), Where: k.shown(p), Channel: d.GetChannel(), id: d.GetId()}
		x.Label, x.Decision = s.wishWords(k.lang, w)
		topic := consent.PurposeChannel{Purpose: consent.Purpose(d.GetPurpose()), Channel: x.Channel}
		x.Receipt = s.receiptPath(k.visit.token.Space, k.visit.token.Controller, p, topic, x.id)
		out = append(out, x)
	}
	return out
}

// wishWords tells a wish in words: what it is about, and the key of what was said.
func (s *Service) wishWords(lang page.Language, w contact.Wish) (label, decision string) {
	words := s.site.Words()
	switch w.Kind {
	case contact.WishTopic:
		label = words.In(lang, "pref.said.topic", cmp.Or(s.deps.Registry.Topics[w.About].Label.In(string(lang)), w.About))
	case contact.WishFrequency:
		label = words.In(lang, "pref.said.often", words.In(lang, "pref.often."+contact.Frequency(w.Value).String())) //nolint:gosec // G115: at most Never
	case contact.WishPause:
		label = words.In(lang, "pref.said.pause")
	}
	if w.Value == 0 {
		return label, "lifted"
	}
	return label, "wished"
}
