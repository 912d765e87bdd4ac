package sink

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	withoutLogID bool // deduplication tokens do not name the life of the topic
	commitEarly  bool // a batch counts as handled before its rows are inserted
	oneLane      bool // overrides wait with the rows of events
}
