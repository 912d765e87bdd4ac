// Package personfile reads files of person records as other systems export them: CSV with any of the usual delimiters and JSON
// lines, gzip or not, in UTF-8, UTF-16 or Latin-1, also mixed.
//
// Invariants:
//   - A file is read as a stream, as often as asked; memory is bounded by one row.
//   - No input makes it panic. A cell longer than CellLimit is cut; it is no name, date or address.
//   - No error repeats what stands in a cell.
package personfile
