package profile

// Limits bounds a State. They are part of what is stored: lowering one drops content at the next fold.
type Limits struct {
	Log          int // events in full of a core leaf
	BehaviourLog int // events in full of a browsing leaf
	Tail         int // older money events in short
	Seen         int // event ids
	SeenHours    uint32
	Pending      int // retractions that wait for their event
	Traits       int // of each sort: of the person, values of identifiers, numbers of references
	Balances     int
	Offsets      int
	Pieces       int // of one order event
	Text         int // bytes of one text in the log
	TraitBytes   int // bytes of one trait value
}

var limits = Limits{
	Log: 128, BehaviourLog: 32, Tail: 512, Seen: 512, SeenHours: 72, Pending: 64,
	Traits: 64, Balances: 16, Offsets: 32, Pieces: 32, Text: 96, TraitBytes: 2048,
}

// DefaultLimits returns the bounds in force.
func DefaultLimits() Limits { return limits }

// planted switches single lines off, so that the laws can be seen to fail. Always zero outside tests.
var planted struct {
	sumCurrencies, doubleFold, ignoreFence, naturalByID, retractAfterOnly, lastTraitWins, firstVersion, forgetOld, lastLeafSurvives, offersStay,
	emptiesNothing, emptiesForGood bool
}

// cut shortens s to the bound of a text, on a rune boundary.
func cut(s string) string {
	if len(s) <= limits.Text {
		return s
	}
	n := limits.Text
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
