// Package match finds the records of a file that probably speak of the same person although they share no identifier: names,
// birth dates, addresses, e-mails and phones with typing errors.
//
// It is the model of Fellegi and Sunter with term frequencies: a pair of records is compared field by field, each likeness has a
// weight (how much more often it is seen between two records of one person than between two people), and the weights are learned
// from the file itself, without labels. Pairs become clusters by mean linkage, so that one wrong pair does not join two people.
//
// The steps, each a function of values alone:
//
//	Survey   what the columns of a file hold      -> Columns
//	Builder  rows, normalised and interned        -> Records
//	Learn    m, u and shares of the kinds of pair -> Model
//	Score    candidate pairs of the blocking keys -> Pairs
//	Clusters, Assign                              -> who is together
//
// Invariants:
//   - The result is a function of the rows as a set: their order, the size of chunks and the number of workers change no byte.
//   - No labels are used, and no threshold depends on the file.
//   - Two records are only ever proposed as probable; nothing here joins anybody.
//   - Memory is bounded: values are interned, blocks are capped, and what a cap left out is counted.
package match
