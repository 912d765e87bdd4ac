package gates

// wording is what a story says in one language.
type wording struct {
	notStored, held, rejected                        string
	core, browsing, grant, gone, noDevice            string
	objected, noGrant, nobodyKnown, linked, together string
	row, personLess, moved, retracted, nobody        string
	shownToNobody, browsingShown, coreShown          string
	gate1, gate2, gate3, gate4, before               string
}

var words = map[Language]*wording{
	EN: {
		notStored: "not stored: no event with this id is in ClickHouse, held or in the dead letters. Of an event that consent refused nothing is kept, so it cannot be told from one " +
			"that was never sent; rcu_gate_refused_total counts what was refused, by purpose alone",
		held:          "held, sealed: its consent could not be read when it came; it is judged once it can be, and destroyed after 7 days",
		rejected:      "rejected before any gate, at %s: %s %s; a sealed copy lies in the dead letters for 7 days",
		core:          "collected: an order, a service or an account needs no consent; devices without a grant were taken off, and which they were is not stored",
		browsing:      "collected under a grant on its device, which held when it happened and when it came",
		grant:         "%s: kept, granted at %s",
		gone:          "which devices it kept is not stored any more: its Kafka record is past its retention, or Kafka was not asked",
		noDevice:      "it kept no device",
		objected:      "linked to nobody: the person objected to being recognised",
		noGrant:       "linked to nobody: nobody is known on its device, or the grant of the device did not hold any more when it was resolved",
		nobodyKnown:   "linked to nobody: it names nobody who is known, or whose identifier stands for one person",
		linked:        "belongs to %s now",
		together:      "%s and %s stood together: evidence that they are one person (rcu explain IDENTIFIER tells what came of it)",
		row:           "written with its person",
		personLess:    "written without a person",
		moved:         "written with a person, and belongs to %s since",
		retracted:     "written, and taken back by its source since: no figure counts it",
		nobody:        "nobody",
		shownToNobody: "in no record: it counts in figures without people alone",
		browsingShown: "shown to roles that see browsing, for a purpose that is about browsing, and only while the grant on its device and the purpose hold",
		coreShown:     "shown to roles that see orders or activity, for a purpose that the person allows; for none but legal while the record is closed",
		gate1:         "G1 collect", gate2: "G2 link", gate3: "G3 store", gate4: "G4 use", before: "before",
	},
	FR: {
		notStored: "non conservé : aucun événement de cet identifiant n'est dans ClickHouse, retenu ni rejeté. D'un événement que le consentement a refusé rien n'est gardé : on ne peut " +
			"le distinguer d'un événement jamais envoyé ; rcu_gate_refused_total compte les refus, par finalité seulement",
		held:          "retenu, scellé : son consentement ne pouvait être lu à son arrivée ; il sera jugé dès que possible, et détruit après 7 jours",
		rejected:      "rejeté avant toute barrière, à l'étape %s : %s %s ; une copie scellée reste 7 jours parmi les rejets",
		core:          "collecté : une commande, un service ou un compte ne demande pas d'accord ; les appareils sans accord ont été retirés, et lesquels n'est pas conservé",
		browsing:      "collecté sous un accord donné sur son appareil, valable quand il a eu lieu et quand il est arrivé",
		grant:         "%s : gardé, accord du %s",
		gone:          "les appareils gardés ne sont plus connus : l'enregistrement Kafka a dépassé sa durée, ou Kafka n'a pas été interrogé",
		noDevice:      "aucun appareil gardé",
		objected:      "rattaché à personne : la personne s'est opposée à être reconnue",
		noGrant:       "rattaché à personne : personne n'est connu sur son appareil, ou l'accord de l'appareil ne valait plus quand il a été résolu",
		nobodyKnown:   "rattaché à personne : il ne nomme personne de connu, ou dont l'identifiant désigne une seule personne",
		linked:        "appartient maintenant à %s",
		together:      "%s et %s étaient ensemble : indice qu'il s'agit d'une même personne (rcu explain IDENTIFIER dit ce qu'il en est)",
		row:           "écrit avec sa personne",
		personLess:    "écrit sans personne",
		moved:         "écrit avec une personne, appartient depuis à %s",
		retracted:     "écrit, puis repris par sa source : aucun chiffre ne le compte",
		nobody:        "personne",
		shownToNobody: "dans aucune fiche : il ne compte que dans des chiffres sans personnes",
		browsingShown: "montré aux rôles qui voient la navigation, pour une finalité qui porte sur elle, et seulement tant que l'accord de l'appareil et la finalité valent",
		coreShown:     "montré aux rôles qui voient les commandes ou l'activité, pour une finalité que la personne permet ; pour aucune sauf légale tant que la fiche est fermée",
		gate1:         "G1 collecter", gate2: "G2 rattacher", gate3: "G3 écrire", gate4: "G4 utiliser", before: "avant",
	},
}

// Title names a gate for people.
func (l Language) Title(gate string) string {
	w := words[l]
	return map[string]string{"G1": w.gate1, "G2": w.gate2, "G3": w.gate3, "G4": w.gate4, "": w.before}[gate]
}
