// Package privacy is the privacy worker: it carries out what erasures ask for after they closed a record.
//
// An erasure is a decision `overlay:erased` about every point of a person. The first lock, the overlay, holds before the request is answered (consentapi,
// pkg/consent). This package is the second one: some hours later the keys that the values of the person are sealed under are destroyed, in Redis, on
// rcu.keys and in the memory of every process, and a ledger keeps that they are. The ledger is a file beside the key file, outside of every backup: it is
// laid again over whatever was put back before anything is opened. It holds pseudonyms and times.
//
// The third lock follows days later: everything else that is kept of the person is removed, by a plan that is on disk before anything goes (plan.go: what a
// removal is; belongs.go: what belongs to the person; remove.go and what begins like it: the steps, and the look whether all is gone; tell.go: what changelogs are told).
package privacy
