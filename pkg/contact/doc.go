// Package contact decides whether a person may be contacted now: caps over all channels, the person's own frequency, hours and public
// holidays of the place, the rules of calls, topics that the person does not want to hear of, and pauses.
//
// Whether the person agreed at all is asked of the registers of package consent (Permit); no figure here replaces a permission. Every figure
// is configuration and carries its source. Contacts that serve a contract are no subject of this package's limits, and contacts that the
// person began are never asked about.
//
// Contacts are counted at the contact point they were made to, as consent is kept: the count of a person is the union over the person's
// points, so a merge adds both histories, a split takes each point's own away with it, and nothing is moved. Times are whole seconds.
package contact
