// Package rebuild fills Redis and ClickHouse again from what Kafka holds.
//
// Redis comes back from the changelogs (compacted topics), as of the last moment at which the changelog of the graph was whole, and the
// resolver's group is then set back by a margin, so that everything behind the changelogs is resolved again. What was on the changelogs
// already is fenced: it is emitted once more and folded no second time. Nothing here decides: values go from the topic to Redis as they
// are, the newest by its version, wherever it lies on the topic. ClickHouse comes back by the sink itself, which reads everything again
// that Kafka retains.
//
// Both can be cut short at any moment and run again.
package rebuild
