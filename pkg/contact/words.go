package contact

// Words are a text for people in both languages of the product.
type Words struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

var reasonWords = map[Reason]Words{
	ReasonPermission: {"Aucune autorisation en vigueur pour ce contact", "No permission is in force for this contact"},
	ReasonAge:        {"L'autorisation est trop ancienne pour ce canal", "The permission is too old for this channel"},
	ReasonPaused:     {"La personne a demandé une pause", "The person asked for a pause"},
	ReasonTopic:      {"La personne ne souhaite rien recevoir sur ce sujet", "The person does not want to hear about this topic"},
	ReasonFrequency:  {"La personne a choisi une fréquence plus basse", "The person chose to hear from us less often"},
	ReasonSilence:    {"La personne a refusé d'être contactée par ce canal il y a peu", "The person refused contacts on this channel not long ago"},
	ReasonCap:        {"Le nombre de contacts permis est atteint", "The number of contacts that are allowed is reached"},
	ReasonHours:      {"Hors des jours et heures permis là où se trouve la personne", "Outside the days and hours that are allowed where the person is"},
	ReasonPlace:      {"On ne sait pas où se trouve la personne, donc quelle heure il y est", "It is not known where the person is, so what time it is there"},
	ReasonFull:       {"Trop de contacts sont comptés pour cette personne", "Too many contacts are counted for this person"},
	ReasonExpired:    {"Le contact n'est pas ou n'est plus réservé", "The contact is not reserved, or no longer"},
	ReasonMade:       {"Ce contact a déjà été remis", "This contact was handed over already"},
	ReasonUnknown:    {"Ce sur quoi la réponse repose ne peut pas être lu", "What the answer rests on cannot be read"},
}

// Words say the reason to people; none for an allowed contact.
func (r Reason) Words() *Words {
	w, found := reasonWords[r]
	if !found {
		return nil
	}
	return &w
}
