// Command bench measures the real path from HTTP to Redis and ClickHouse on one machine, and a plain copy of the same events beside
// it. It owns the servers and processes it starts, and their folders.
//
// Invariants:
//   - Every figure is measured in the run that prints it; a run that lost or doubled an event fails.
//   - The input is generated before the clock starts, and is the same for both paths.
//   - Every step has a deadline.
package main
