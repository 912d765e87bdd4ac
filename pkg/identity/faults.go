package identity

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	tieByArrival       bool // edges of one strength and time are taken as they come
	hubsJoin           bool // standing is ignored
	registerByArrival  bool // of two sightings of a reference in one second the one that came first is kept
	browsingInCoreLeaf bool // browsing goes to the best identifier, as a purchase does
}
