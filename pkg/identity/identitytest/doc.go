// Package identitytest serves the tests of identity and of everything built on it: random histories of facts, and an oracle
// that answers for them by a plain recomputation from the whole set.
//
// The oracle shares the types of facts with the product and none of its code: it knows no stored evidence, no join and no
// record, it is slow, and it says in a few hundred lines what the kernel has to answer.
package identitytest
