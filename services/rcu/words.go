package main

import "io"

// french is what stands around the sentences of the services, in the other language of --lang.
var french = map[string]string{
	"customer":                            "client",
	"asked":                               "demandé",
	"size":                                "taille",
	"Identifiers of this customer":        "Identifiants de ce client",
	"names the customer":                  "donne son nom à la fiche",
	"asked for":                           "demandé",
	"Joined, because they stood together": "Reliés, parce qu’ils ont été vus ensemble",
	"Confirm what others join":            "Confirment ce qui est déjà relié",
	"Refused":                             "Refusés",
	"What happened, the newest first":     "Ce qui s’est passé, le plus récent d’abord",
	"What happened is not known now: ClickHouse, which keeps it, does not answer": "Ce qui s’est passé n’est pas connu pour le moment : ClickHouse, qui le garde, ne répond pas",
	"and more before":                         "et d’autres avant",
	"What leads from one to the other":        "Ce qui mène de l’un à l’autre",
	"This value is %s: it identifies nobody.": "Cette valeur est %s : elle ne désigne personne.",
	"so many identifiers hang together that weak links were set aside (level %d)": "tant d’identifiants tiennent ensemble que des liens faibles ont été écartés (niveau %d)",
	"decided: %s at %s (%s)": "décidé : %s, le %s (%s)",
	"stated":                 "déclaré", "proved": "prouvé",

	"why": "pourquoi", "weight": "poids", "since": "depuis", "person": "personne", "and %d more": "et %d de plus", "link": "lien", "decide": "décider",
	"there is nothing to review": "il n’y a rien à examiner",
	"more: --after %s":           "suite : --after %s",

	"clean": "valide", "blocked": "bloquée", "quarantined": "à l’écart", "contested": "contestée", "refused": "refusé", "oversized": "trop grand", "probable": "probable",
	"ban": "jamais ensemble", "together": "ensemble", "clear": "décision retirée", "quarantine": "mettre à l’écart", "release": "libérer", "auto": "décision retirée",
}

// newPageIn is a page in a language of --lang.
func newPageIn(w io.Writer, lang string) *page {
	p := newPage(w)
	p.french = lang == "fr"
	return p
}

// in gives a text in the language of the page; what has no other word stays.
func (p *page) in(text string) string {
	if other, has := french[text]; has && p.french {
		return other
	}
	return text
}
