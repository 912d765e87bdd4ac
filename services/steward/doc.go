// Package steward is the service by which people who answer for the identity graph decide what evidence alone gets wrong: never one
// person, one person, quarantined, released. It shows what an act would change before it is done, and takes acts back.
//
// Its promises:
//   - An act is a fact on rcu.acts, kept for ever. Whatever the graph is rebuilt from, the act holds again.
//   - Two stewards never overrule each other unseen: an act names the act that its steward saw, and is refused where another came between.
//   - An act that was answered is done once, however often it is sent; one whose answer was lost is done by sending it again.
//   - Every read and every act is a line of the audit, written before it is answered.
//   - No personal value stands in a key, a log or a record: identifiers are pseudonyms, the reason is sealed.
package steward
