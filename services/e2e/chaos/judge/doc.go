// Package judge compares everything that an installation holds with what follows from the events that it accepted: the topics with the
// ledger of the load, and Redis, ClickHouse, the published profiles and the API with an oracle that the product's pure packages compute
// offline (kernel and folds, no resolver, no server, in an order of its own).
//
// Invariants:
//   - The judge only reads.
//   - An event that was accepted and is missing anywhere is lost; one that counts more often than once, or that nobody sent, is doubled;
//     everything else that differs from the oracle is a difference. All three fail a run.
package judge
