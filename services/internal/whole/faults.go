package whole

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	anyRun   bool // a server that started again is believed
	anyEpoch bool // what is read is not bound to the epoch in which the store was found whole
}
