package explain

import (
	"fmt"
	"strings"

	"rcu/pkg/identity"
	"rcu/services/internal/page"
)

// Language is one that explanations are told in.
type Language string

// The languages.
const (
	English Language = "en"
	French  Language = "fr"
)

// Preferred is the language that a header Accept-Language prefers: of those it names the first that is spoken here, else English.
func Preferred(header string) Language {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch primary, _, _ := strings.Cut(strings.ToLower(tag), "-"); Language(primary) {
		case English:
			return English
		case French:
			return French
		}
	}
	return English
}

// say picks the text of a language.
func (l Language) say(en, fr string) string {
	if l == French {
		return fr
	}
	return en
}

var namespaceWords = map[string][2]string{
	"customer": {"customer number", "numéro client"}, "card": {"loyalty card", "carte de fidélité"}, "email": {"e-mail", "e-mail"}, "phone": {"phone", "téléphone"},
	"pay": {"payment token", "jeton de paiement"}, "device": {"app", "application"}, "cookie": {"browser", "navigateur"},
}

// End names an identifier in words: what it is, and the first digits of its name.
func (l Language) End(e LinkEnd) string {
	return l.namespace(e.Namespace) + " " + e.Name[:min(8, len(e.Name))]
}

// namespace says what an identifier is.
func (l Language) namespace(ns string) string {
	if words, known := namespaceWords[ns]; known {
		return l.say(words[0], words[1])
	}
	return ns
}

var standingWords = map[string][2]string{
	"clean": {"clean", "valide"}, "blocked": {"blocked", "bloqué"}, "quarantined": {"quarantined", "à l’écart"}, "contested": {"contested", "contesté"},
}

// StandingWord is a standing in one word.
func (l Language) StandingWord(code string) string {
	if words, known := standingWords[code]; known {
		return l.say(words[0], words[1])
	}
	return code
}

var shortReasons = map[string]string{
	"banned": "interdit", "ban": "interdit", "blocked": "bloqué", "quarantined": "à l'écart", "contested": "contesté", "permission": "sans accord",
	"same_namespace": "même sorte", "overflow": "trop de liens", "probable": "probable", "unique": "unique", "limit": "limite", "person": "autre personne",
}

// Rule names the rule that refused a link, in a word or two.
func (l Language) Rule(code string) string {
	if short, known := shortReasons[code]; known && l == French {
		return short
	}
	return code
}

var outcomeWords = map[string][2]string{
	"joined":   {"joins them: they were seen together", "les relie : ils ont été vus ensemble"},
	"confirms": {"confirms what others join: they were seen together", "confirme ce que d'autres lient : ils ont été vus ensemble"},
}

var reasonWords = map[string][2]string{
	"banned":         {"somebody decided that the two are never one person", "quelqu'un a décidé que les deux ne sont jamais une même personne"},
	"ban":            {"it would join two identifiers of which somebody decided that they are never one person", "cela relierait deux identifiants dont quelqu'un a décidé qu'ils ne sont jamais une même personne"},
	"blocked":        {"one of them is blocked by the rules", "l'un d'eux est bloqué par les règles"},
	"quarantined":    {"one of them stands with more people than one person can be", "l'un d'eux est lié à plus de personnes qu'une seule ne peut être"},
	"contested":      {"one of them carries the names of two people", "l'un d'eux porte les noms de deux personnes"},
	"permission":     {"the customer has not agreed, or not any more", "le client n'a pas donné son accord, ou ne le donne plus"},
	"same_namespace": {"one person has only one of this kind", "une personne n'en a qu'un de cette sorte"},
	"overflow":       {"so many identifiers hang together that weak links were set aside", "tant d'identifiants tiennent ensemble que les liens faibles ont été écartés"},
	"unique":         {"one person has only one of these, and there would be two", "une personne n'en a qu'un, et il y en aurait deux"},
	"limit":          {"one person has not so many of these in so short a time", "une personne n'en a pas autant en si peu de temps"},
	"probable":       {"nothing but a probable match speaks for it, and the rules do not link by that", "seul un rapprochement probable l'indique, et les règles ne lient pas pour si peu"},
	"person":         {"the names or birth dates that were told differ", "les noms ou dates de naissance déclarés diffèrent"},
}

// link tells of a link in a sentence.
func (l Language) link(x *Link) string {
	if x.Outcome != "refused" {
		words := outcomeWords[x.Outcome]
		text := l.say(words[0], words[1])
		if x.Act == identity.Together.String() {
			text = l.say("joined: somebody decided that the two are one person", "reliés : quelqu'un a décidé que les deux sont une même personne")
		}
		if x.Act == "" && x.Probable != nil && x.Probable.Links {
			return l.linked(x.Probable)
		}
		return text + l.seen(x)
	}
	words, known := reasonWords[x.Reason]
	if !known {
		words = [2]string{x.Reason, x.Reason}
	}
	text := l.say("refused: ", "refusé : ") + l.say(words[0], words[1])
	if len(x.Because) == 2 {
		text += " (" + l.End(x.Because[0]) + ", " + l.End(x.Because[1]) + ")"
	}
	return text + l.seen(x)
}

// seen tells since when two identifiers were seen together, and whether that was proved.
func (l Language) seen(x *Link) string {
	if len(x.Seen) == 0 {
		return ""
	}
	proved := false
	for _, w := range x.Seen {
		proved = proved || w.Proved
	}
	text := l.say(", since ", ", depuis le ") + page.Date(page.Language(l), x.Seen[0].At)
	if proved {
		return text + l.say(", proved", ", prouvé")
	}
	return text + l.say(", only stated", ", seulement déclaré")
}

// standing tells what gives an identifier its standing.
func (l Language) standing(w *identity.Why) string {
	switch w.Code {
	case identity.WhyBlocked:
		return l.say("the rules block it: it joins nobody", "les règles le bloquent : il ne relie personne")
	case identity.WhyFull:
		return fmt.Sprintf(l.say("it was seen with %d others or more: it is nobody's, for good", "il a été vu avec %d autres ou plus : il n'est à personne, définitivement"), w.Most)
	case identity.WhyAct:
		if w.Standing == identity.Clean {
			return l.say("somebody released it, whatever the evidence", "quelqu'un l'a libéré, quels que soient les indices")
		}
		return l.say("somebody quarantined it: it joins nobody", "quelqu'un l'a mis à l'écart : il ne relie personne")
	case identity.WhyOwners:
		return fmt.Sprintf(l.say("it was seen with %d owners (%d proved), and may have %d: it joins nobody", "il a été vu avec %d titulaires (%d prouvés), et peut en avoir %d : il ne relie personne"),
			len(w.Owners), w.Proved, w.Most)
	case identity.WhyClaims:
		return fmt.Sprintf(l.say("it was stated for %d owners, more than %d: it joins nobody", "il a été déclaré pour %d titulaires, plus de %d : il ne relie personne"), len(w.Owners), w.Most)
	case identity.WhyManyName:
		return l.say("it was seen with very many names: it is nobody's, for good", "il a été vu avec de très nombreux noms : il n'est à personne, définitivement")
	case identity.WhyNames:
		return l.say("two names that contradict each other were told with it, each on two days", "deux noms contradictoires ont été donnés avec lui, chacun deux jours différents")
	default:
		return l.say("nothing speaks against it", "rien ne s'y oppose")
	}
}

// between tells why two identifiers are one person, or why not.
func (l Language) between(x *WhyNot) string {
	switch {
	case x.Same:
		return l.say("They are one person.", "C'est une même personne.")
	case x.Cut:
		return l.say("They are two people. So much hangs together that the search for what lies between them was ended.",
			"Ce sont deux personnes. Tant de choses tiennent ensemble que la recherche de ce qui les sépare a été arrêtée.")
	case len(x.Path) == 0:
		return l.say("They are two people: nothing ever showed them together, directly or by others.", "Ce sont deux personnes : rien ne les a jamais montrées ensemble, directement ou par d'autres.")
	}
	parts := []string{l.say("They are two people, because of what lies between them:", "Ce sont deux personnes, à cause de ce qui les sépare :")}
	for i := range x.Path {
		if p := &x.Path[i]; p.Outcome == "refused" {
			parts = append(parts, l.End(p.A)+" – "+l.End(p.B)+" "+p.Words+".")
		}
	}
	return strings.Join(parts, " ")
}
