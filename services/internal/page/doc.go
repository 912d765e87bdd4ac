// Package page is the frame of every page that a person reads: one layout and style, words in French and English, the headers that keep a
// page to itself, and signed sessions.
//
// A page is rendered on the server and works without a script; scripts are files of the service itself, never inline and never from
// elsewhere. Invariants: what cannot be rendered whole is not sent at all; every word of a page has both languages (checked when a Site is
// made); no page is kept by a cache, shown in a frame, or able to send a form elsewhere.
package page
