// Command scaleout runs one to three resolvers and sinks as processes on one broker. With --steps they join and leave under load, and a
// judge counts in the end; with --throughput each number of them works off the same backlog, and the command says how fast.
//
// Invariants:
//   - After every change each partition is read by exactly one member before the next change comes.
//   - A figure is printed only of a run whose counts are exact.
package main
