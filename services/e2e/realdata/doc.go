// Package realdata knows what is in the real files: it computes, from each raw file and independently of the mappings and of the product's code,
// the rows, sums and customers that the product must show, and it scores clusters against a known truth.
//
// Invariants: standard library only for reading (encoding/csv, encoding/json, plain loops); amounts are whole minor units from the first digit on.
package realdata
