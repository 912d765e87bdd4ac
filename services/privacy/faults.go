package privacy

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	notAgain                        bool                    // the ledger is not laid again
	toldOnce                        bool                    // changelogs are told once that values are gone
	leafStays, edgesStay, filesStay bool                    // a step of a removal is left out
	matchesStay                     bool                    // another one
	stopAt                          func(step string) bool  // stands still behind a step, as if the process had been killed
	noRecord                        bool                    // rcu.keys is not told that keys are destroyed
	disk                            func(step string) error // what a disk does fails where this does
}
