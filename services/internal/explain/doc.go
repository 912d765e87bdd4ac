// Package explain tells why identifiers are one person, and why others are not: as data, in words (French and English), and as a picture.
//
// Everything that shows people to people tells it in the words of this package. Invariants: identifiers are named, never their values;
// events are named to those alone who carry the controller of their source; the same explanation always gives the same words and bytes.
package explain
