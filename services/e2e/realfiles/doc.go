// Package realfiles holds the tests that bring the real files and the composition of all real people in through the whole pipeline - the
// program, `rcu import`, Kafka, Redis, ClickHouse - and compare what ClickHouse shows with what realdata computes from the files.
//
// Invariants: each file has a space and a controller of its own, so that none stands in for another; amounts are compared to the minor
// unit, customers by the id that their identifier gives.
package realfiles
