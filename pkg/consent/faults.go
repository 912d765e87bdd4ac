package consent

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	everyTime   bool // a grant counts at every time under which its id was said
	confirmsAll bool // a confirmation counts whatever was denied before it
}
