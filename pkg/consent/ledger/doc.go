// Package ledger answers from the whole evidence of consent: every decision with its proof, on two clocks.
//
// A Register (pkg/consent) is what the gates read: bounded, packed, one point. A Ledger is everything that was ever decided: it answers what
// held at a time (when decided) as it could be known at another (when recorded), and says why. Beside decisions it knows what masks them
// (restricted, erased, deceased, paused, minors), what a sale permits without them (soft opt-in), and how long a grant lives without an act of
// the person. Of contacts it knows the steps and what people wished, and answers before one as the service contacts does: by the same functions of
// package contact, over the registers that the facts make. The answer is a function of the set of facts: neither their order nor repetition matters, and what is missing is not allowed.
package ledger
