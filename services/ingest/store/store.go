// Package store is the ingestor of the store channel: tills, kiosks and shop tablets. A device seen there is
// shared unless its source says otherwise, and a denial that does not say how it was given was spoken to staff.
package store

import (
	"rcu/pkg/stream"
	"rcu/services/ingest"
)

// Contract is what the channel accepts.
func Contract() ingest.Contract {
	return ingest.Contract{
		Channel: "store",
		Topic:   stream.TopicEventsStore,
		Types: []string{
			"sale", "return", "loyalty.enrolled", "loyalty.card_replaced",
			"identifier.provided", "order.state_changed", "consent.decided", "customer.recorded", "event.retracted",
		},
		SharedDevice: true,
		DenialAct:    "store_tablet_spoken",
	}
}

// New builds the service; it opens nothing before Run.
func New(cfg ingest.Config, deps ingest.Deps) (*ingest.Service, error) {
	return ingest.New(Contract(), cfg, deps)
}
