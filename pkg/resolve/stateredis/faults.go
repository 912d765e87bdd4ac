package stateredis

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	oldLives bool // what was known of full buckets is believed of another life of the store
	anyFull  bool // buckets that still have room count as full
	// a read that asked in too few levels is believed where another one has learnt of them meanwhile
	othersLearnt bool
	everKnown    bool // a server that comes back behind another one is taken for the one that it was
}
