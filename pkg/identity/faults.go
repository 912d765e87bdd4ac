package identity

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	tieByArrival       bool // edges of one strength and time are taken as they come
	hubsJoin           bool // standing is ignored
	browsingInCoreLeaf bool // browsing goes to the best identifier, as a purchase does
}
