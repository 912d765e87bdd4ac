// Package schemas owns the contracts of the product: what a source may send (channel), what lies on Kafka (event), and the
// register of every field, trait and purpose (registry.yaml). It is data and generated code; the rules are read by pkg/event.
package schemas

import "embed"

// Files holds the JSON Schemas of the channels with their examples, the facts of consent, registry.yaml, and the
// texts of its notices.
//
//go:embed channel consent notices registry.yaml
var Files embed.FS
