// Package demo makes up a small chain of shops and streams what happens in it: four channels, two controllers in one space,
// families on one e-mail or phone, a kiosk and a shop tablet, an e-mail of the till typed for many, typing errors, late, repeated and
// retracted events, returns without a card, click and collect per piece, cases and calls, consent given, withdrawn and given again, guests.
//
// Invariants: the same Config gives the same bytes; nothing is read from a file or a clock; who an event is about (Event.Person) never
// stands in the event itself. A person is computed from the seed and a number, so a population of millions takes no memory.
package demo
