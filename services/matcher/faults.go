package matcher

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	unordered   bool // nothing keeps what is taken ahead of its turn and what is taken in turn from each other
	trusting    bool // what was taken ahead of its turn is not looked at in its turn
	pushing     bool // what is taken in turn does not wait for what is taken ahead of it
	remembering bool // what a leaf said when its turn was last counts for what it said ahead of it
}
