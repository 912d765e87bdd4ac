// Package web is the ingestor of the web channel: shops on the web. A cookie is one browser of one person, and
// a choice comes from a form or banner.
package web

import (
	"rcu/pkg/stream"
	"rcu/services/ingest"
)

// Contract is what the channel accepts.
func Contract() ingest.Contract {
	return ingest.Contract{
		Channel: "web",
		Topic:   stream.TopicEventsWeb,
		Types: []string{
			"page.viewed", "product.viewed", "basket.updated", "order.placed", "return", "account.logged_in",
			"identifier.provided", "order.state_changed", "consent.decided", "customer.recorded", "event.retracted",
		},
		SharedDevice: false,
		DenialAct:    "web_form",
	}
}

// New builds the service; it opens nothing before Run.
func New(cfg ingest.Config, deps ingest.Deps) (*ingest.Service, error) {
	return ingest.New(Contract(), cfg, deps)
}
