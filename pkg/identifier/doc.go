// Package identifier owns what an identifier is: its namespaces, its normal form, and its pseudonym.
//
// A plain value lives only between the request and the pseudonymiser; it redacts itself wherever it is printed.
// Everything after ingest sees a Key: a namespace and a pseudonym.
package identifier
