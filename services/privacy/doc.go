// Package privacy is the privacy worker: it carries out what erasures ask for after they closed a record.
//
// An erasure is a decision `overlay:erased` about every point of a person. The first lock, the overlay, holds before the request is answered (consentapi,
// pkg/consent). This package is the second one: some hours later the keys that the values of the person are sealed under are destroyed, in Redis, on
// rcu.keys and in the memory of every process, and a ledger keeps that they are. The ledger is a file beside the key file, outside of every backup: it is
// laid again over whatever was put back before anything is opened. It holds pseudonyms and times.
package privacy
