// Package reveal opens personal values that are sealed, and masks them for those who may recognise a person and no more.
//
// Invariants: a value whose key was destroyed stays closed, and no error tells a value.
package reveal
