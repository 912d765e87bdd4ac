// Package tcf reads consent strings of the IAB Transparency and Consent Framework, version 2, and maps them to decisions.
//
// A string is kept as proof, untouched; what it says is about one browser or app and never about a person. Reading is strict: a string
// that is cut, damaged or contradicts itself is an error and grants nothing. What a string permits is decided by a Mapping, which is
// configuration: legitimate interests in a string are read and never permit anything here, because no purpose of ours rests on them.
package tcf
