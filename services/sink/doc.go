// Package sink writes what the resolver published into ClickHouse.
//
// Invariants:
//   - An offset is committed only after every row of its record can be read. A kill between any two steps repeats rows under the
//     same keys, which the tables replace: nothing is lost, nothing counts twice.
//   - Gate G3: a behaviour event whose permission mask does not allow it on the record is written without its id.
//   - ClickHouse away: batches are tried again and lag grows. A record that can never be written goes to the dead letter.
//   - No personal value passes here: events hold pseudonyms and sealed bytes, and the sealed bytes are not written.
package sink
