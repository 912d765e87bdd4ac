package identity

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	tieByArrival       bool // edges of one strength and time are taken as they come
	hubsJoin           bool // standing is ignored
	registerByArrival  bool // of two sightings of a reference in one second the one that came first is kept
	browsingInCoreLeaf bool // browsing goes to the best identifier, as a purchase does
	oneWitness         bool // an edge keeps one witness, whatever grant it was collected under
	sightingsCounted   bool // what is known is written again
	neverFull          bool // an identifier stores all its neighbours
	uniqueIgnored      bool // a person may have several values of a unique namespace
	bansForgotten      bool // a ban parts the two, and not who is joined to them
	clearKeepsBan      bool // a ban that was lifted still counts
	joinsConfirm       bool // an edge that joins two groups is told as one that confirms
	smallGroups        bool // a union that gives a large group is refused
	anonymousLost      bool // what belongs to nobody is summed nowhere
	stampIgnored       bool // browsing is shown under a grant of now, also where it was denied in between
	namedByArrival     bool // a profile is named after whom the walk met first
	referencesLink     bool // a reference joins those who show it
	leavesFollow       bool // an event lies where the rules in force would put it, whatever was stamped
	lookbackIgnored    bool // browsing is somebody's however long before they were known
	patternsIgnored    bool // patterns block nothing
	matchByArrival     bool // of two comparisons of the same records the one that came last is kept
	matchAsEvidence    bool // a probable match is asked before evidence
	matchesUnbounded   bool // an identifier is like as many others as come
	matchesCrowd       bool // probable matches that make a component too large take links of evidence away
	matchesUnheard     bool // a probable match is held only to names that were said on two days
}
