// Command chaos proves that nothing is lost and nothing is doubled, by killing things: it runs a whole installation as processes, sends
// a seeded load, and at random moments ends processes by kill -9, stops others for a while, cuts connections and moves partitions. In the end a judge
// compares every store with what follows from the events that got their 200.
//
// Invariants:
//   - Every kill comes after a commit of every consumer group since the kill before: progress is observed, never slept for.
//   - The choices (whom, how long down, what is cut) follow from the seed; only the timing of the processes does not.
//   - The last line is `kills K, lost L, doubled D`, before it `differences N` when there are any, and the exit code is 0 only when
//     nothing was found.
package main
