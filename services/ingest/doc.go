// Package ingest is the chassis of the four ingestors: HTTP in, Kafka out; and the judge of what they held.
//
// A request is authenticated by its source's key, split into events, and every event is parsed, passed through gate G1
// with the consent registers of its devices, stamped, sealed and published; the answer, one result an event, is
// written after the brokers acknowledged.
//
// Invariants:
//   - 200 means: every event called accepted, and every consent decision in the request, is acknowledged by Kafka, and every
//     denial stands in Redis. Anything else is a 429 or 503 that may be sent again as it is; repetition makes no second event.
//   - A bad event never fails its batch; it goes to the dead letter, sealed. What consent refused is counted, never kept.
//   - Without Redis nothing optional is collected: devices are stripped, stamps are 0, browsing is held sealed on rcu.held; sales are taken.
//   - What is held is judged once the registers hold all that Kafka knows of decisions, and published before its offset is committed.
//   - Everything has a limit: bytes, events, requests at work, requests waiting, events a second of a source.
//   - No log line, metric, Kafka key or error text holds a value that a source sent. An answer repeats the ids of its events.
package ingest
