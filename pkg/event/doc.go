// Package event turns what a source sends into the event that lies on Kafka: JSON to a Draft, a Draft to a stamped eventpb.Event.
//
// The JSON Schemas in schemas/channel are the contract; this package reads them at start and accepts exactly what they accept,
// within the limits that a schema cannot state (clock, duplicate keys, payment card numbers). An accepted event has every property
// that can never be computed later: claim, leaf, stamps, stated, shared. A Rejection names a field and a fix, and never a value.
//
// The package is pure: time, keys and grants are arguments.
package event
