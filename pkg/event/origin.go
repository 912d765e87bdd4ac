package event

import (
	"time"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Origin is what sources.yaml says of the source whose key sent an event.
type Origin struct {
	Space        string
	Controller   string
	Source       string
	Channel      eventpb.Channel
	Brand        string
	Store        string
	Zone         *time.Location // nil: UTC
	Country      string         // ISO 3166-1 alpha-2: the country of national phone numbers
	Currency     string         // ISO 4217: of amounts that name none
	Trust        eventpb.Trust
	SharedDevice bool // kiosk, shop tablet
	CardCheck    identifier.CardCheck
}

func (o *Origin) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}

// Pseudonymiser makes the keyed digests of a space (pkg/vault).
type Pseudonymiser interface {
	Pseudonym(space string, ns identifier.Namespace, value string) identifier.Pseudonym
	Digest16(space, kind, text string) uint16
	Digest64(space, kind, content string) [8]byte
}
