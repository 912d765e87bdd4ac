// Package mobile is the ingestor of the mobile channel: apps. An install is one device of one person, and a choice
// comes from the app itself.
package mobile

import (
	"rcu/pkg/stream"
	"rcu/services/ingest"
)

// Contract is what the channel accepts.
func Contract() ingest.Contract {
	return ingest.Contract{
		Channel: "mobile",
		Topic:   stream.TopicEventsMobile,
		Types: []string{
			"app.opened", "screen.viewed", "order.placed",
			"identifier.provided", "order.state_changed", "consent.decided", "customer.recorded", "event.retracted",
		},
		SharedDevice: false,
		DenialAct:    "app",
	}
}

// New builds the service; it opens nothing before Run.
func New(cfg ingest.Config, deps ingest.Deps) (*ingest.Service, error) {
	return ingest.New(Contract(), cfg, deps)
}
