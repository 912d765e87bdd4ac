// Package stream is the only place that speaks to Kafka.
//
// It owns: the topics and their policies, a producer that coalesces the
// records of many callers into few requests and returns after every in-sync
// replica has them, a consumer with one worker per assigned partition whose
// commits are bound to the group generation, a plain reader that follows one
// partition into memory, dead letters, and lag.
//
// Invariants:
//   - Publish returns nil only after the broker acknowledged every record
//     (acks=all). What it refused or could not write is named per record.
//   - Order per partition is kept within a producer: one request per partition
//     is in flight, and a retry goes before anything newer.
//   - An offset is committed only after the handler accepted every record
//     before it, only by the generation that read it, and never after the
//     partition was given away. Redelivery is normal; loss is not.
//   - A gap is never silent: an offset outside the log is an error that names
//     it, unless the configuration asks to go on.
//   - Every queue has a limit in records and bytes; a full one is ErrOverloaded
//     at once.
//
// kafka-go serves as a protocol library (Transport, Client, ConsumerGroup);
// its Reader and Writer are not used.
package stream
