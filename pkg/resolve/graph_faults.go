package resolve

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	absenceUnchecked   bool // commits do not check that an identifier still has no record
	standingByOldRules bool // the far end of an edge stands as it did under the rules before
	staleSearch        bool // components are searched over verdicts that new rules or the clock have overtaken
	newEdgesOnly       bool // of an identifier that stands otherwise now, only the new edge is judged
	tornReads          bool // of an edge that two records tell differently, what was read first is written
	absentReads        bool // nobody checks that an identifier that was only looked at still has no record
	partsAlone         bool // each part of a component that is too large is a matter of its own
	lookBackUntold     bool // owners hear nothing of a device that is known earlier now
	blockedUntold      bool // of blocked values of which nothing is stored nobody is told
	edgesStay          bool // what was told of an identifier stays when it is erased
	hubsStay           bool // of a hub that is erased what its neighbours hold stays
	wideCommits        bool // however much a commit names, it is one
	goneForGood        bool // a component that is gone by a commit that was lost stays gone
	notOverruled       bool // what a changelog holds of commits that were lost is left as it is
}
