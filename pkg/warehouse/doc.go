// Package warehouse is the only package that speaks to ClickHouse: it migrates the schema, inserts typed blocks of rows and runs
// the queries of readers. It speaks HTTP, to the embedded engine and to servers alike.
//
// Invariants:
//   - Every table replaces rows by a key that a repeated insert has again, and is read with FINAL: an insert that is tried again
//     neither loses nor doubles a row. The deduplication token only saves work.
//   - An error holds the engine's code and its name, never the engine's text: that can hold values of rows.
//   - Amounts are minor units and keep their currency.
//   - Analysts read views, never tables (AnalystGrants).
package warehouse
