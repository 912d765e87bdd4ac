package privacy

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	notAgain bool                    // the ledger is not laid again
	noRecord bool                    // rcu.keys is not told that keys are destroyed
	disk     func(step string) error // what a disk does fails where this does
}
