// Package resolver is the service that turns events into people: it applies evidence and decisions to the graph, folds every
// event into its leaf, and says of each event whose it is now (rcu.resolved).
//
// Its order of work keeps three promises. A leaf is listed under its identifiers before the graph is read, so whoever changes
// the graph later finds it. A fenced event (folded before, delivered again) is emitted again, so a kill loses no output. And
// offsets are committed only behind changelogs that are out, so Redis can always be rebuilt.
//
// Little at a time is dear, and all at once keeps everybody waiting (ADR 55): batches of several partitions that come together are resolved in one
// run, and what is published once a second goes out in portions, each at its own moment of the second.
package resolver
