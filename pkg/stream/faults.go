package stream

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	commitEarly    bool // a batch counts as handled before its handler has returned
	unsorted       bool // members and partitions are taken in the order in which they are named
	offsetsOutlive bool // a generation commits what the one before it has handled
	workersOutlive bool // a generation ends while its workers still handle
}
