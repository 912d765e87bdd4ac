// Package compose puts real identities under real events: the people of the record-linkage files and of tau-bench buy real tickets, place real
// orders and make real calls, at the real times, and what is written down about them carries the typing errors of their own records.
//
// It owns the composition and keeps the truth apart: an event never holds the number of its person, only what a till, a shop or an agent would know.
// Invariants: the same seed gives the same bytes; the truth columns of the files (rec_id, soc_sec_id, ent_id, cluster) never reach an event.
package compose
