// Package profile owns what is known of a person: the fold of events per leaf, and the one combination of leaves into a profile.
//
// A State is a function of the set of distinct events of its leaf: any order, repetition or batching gives the same content, byte for byte,
// as long as the bounds hold (Limits). Every bounded part is a join: the newest K under a total order whose keys only grow.
// What depends on delivery (offsets, the owner first written) lies in a section of its own, outside Content.
//
// Bounds: a leaf remembers Limits.Log events in full (Limits.BehaviourLog of browsing), Limits.Tail older money events in short, event ids of
// Limits.SeenHours. A repetition or retraction of something older than all of these is not recognised here; the store's key is the backstop.
// A trait keeps one value per trust class: taking back the event that gave it hides the value and does not bring an older one of that class back.
//
// Amounts are minor units, summed per currency, month of the source's zone, and channel; never across currencies.
package profile
