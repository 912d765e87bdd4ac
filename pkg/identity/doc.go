// Package identity decides who is one person. It is the kernel of the product: pure functions over a set of facts.
//
// It works in three steps, and each sees less than the one before: the standing of one identifier (from its own record),
// the usability of one edge (from the records of its two ends), and the partition of one component (from its usable edges).
// No step looks at profiles, at the order of arrival or at the clock on the wall; so any order of the same facts gives
// the same people.
//
// Invariants:
//   - All stored evidence is a join: merging facts commutes, associates, and merging twice is merging once.
//   - Known facts change nothing: an edge keeps its earliest witnesses, no counter and no last sighting.
//   - Every rule of the partition is hereditary: a part of a lawful group is lawful.
//   - The clock enters only through permissions, and only as an argument.
package identity
