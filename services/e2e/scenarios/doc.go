// Package scenarios tells what RCU does for the people who use it, as tests against the running program and nothing else: events go
// in over HTTP, answers come from the API and from ClickHouse. It owns no code of the product.
//
// Invariants:
//   - Tests share one installation; each has customers of its own and never counts what others sent.
//   - A test that stops or kills the program, or that measures, has an installation of its own.
package scenarios
