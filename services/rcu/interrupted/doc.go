// Package interrupted ends the resolver between what it publishes and the commit of its offsets, and the sink between its insert and the
// commit, again and again, over a real broker, a real Redis and the real engine, and counts afterwards. It owns no code of the product.
//
// Invariants:
//   - An interruption counts only when everything sent was on rcu.resolved and in ClickHouse and was not committed.
//   - The broker refuses the commits: the services themselves are those that run elsewhere.
package interrupted
