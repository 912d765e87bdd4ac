// Package callcentre is the ingestor of the callcentre channel: calls and cases. A device seen there is an agent's desk, so
// shared, and a choice is told on a recorded call.
package callcentre

import (
	"rcu/pkg/stream"
	"rcu/services/ingest"
)

// Contract is what the channel accepts.
func Contract() ingest.Contract {
	return ingest.Contract{
		Channel: "callcentre",
		Topic:   stream.TopicEventsCallcentre,
		Types: []string{
			"call.ended", "case.opened", "case.closed",
			"identifier.provided", "order.state_changed", "consent.decided", "customer.recorded", "event.retracted",
		},
		SharedDevice: true,
		DenialAct:    "call_recorded",
	}
}

// New builds the service; it opens nothing before Run.
func New(cfg ingest.Config, deps ingest.Deps) (*ingest.Service, error) {
	return ingest.New(Contract(), cfg, deps)
}
