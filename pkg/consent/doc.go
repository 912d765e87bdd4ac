// Package consent owns what people decided about their contact points and devices, and what that permits.
//
// A Register holds the decisions of one point and controller; a decision never attaches to a profile, so merging invents no permission and
// splitting loses none. Registers are joins: the order in which decisions arrive does not matter, and none is ever lost to a later one.
// Allowed = granted when it happened and not denied now. What is missing, expired, forgotten or unreadable is not allowed, except the few
// purposes whose basis is no consent (Info.Default). Person-wide denials are ordinary decisions, copied to each point of the person.
package consent
