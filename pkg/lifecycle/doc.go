// Package lifecycle runs the long-lived parts of a program as one group.
//
// It owns the order: parts start in the order they were added, each when the one before it is ready, and stop in the
// reverse order. It does not know what the parts do.
//
// Invariants:
//   - The first part that ends, with an error or without, stops all others.
//   - Every part gets a bounded time to stop; one that overruns is named in the error and left behind.
//   - The group is ready only while every part is, and never while it stops.
//   - Run returns after every part returned or overran.
package lifecycle
