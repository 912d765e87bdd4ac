package ingest

import (
	"errors"
	"fmt"
	"slices"

	"rcu/pkg/event"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// Contract is what one channel accepts, and its defaults.
type Contract struct {
	Channel string   // store, web, mobile, callcentre
	Topic   string   // where its events go
	Types   []string // event types, in the order of the documentation
	// SharedDevice is the default of a source that does not say: whether its device identifiers belong to a shop or a desk
	// and not to a person.
	SharedDevice bool
	// DenialAct is how a denial without an `act` came about. A grant must say it.
	DenialAct string
}

func (c Contract) validate() error {
	var problems []error
	if event.ChannelOf(c.Channel) == eventpb.Channel_CHANNEL_UNSPECIFIED {
		problems = append(problems, fmt.Errorf("contract: %q is no channel", c.Channel))
	}
	if !slices.Contains(stream.EventTopics(), c.Topic) {
		problems = append(problems, errors.New("contract: its topic is no event topic"))
	}
	if len(c.Types) == 0 {
		problems = append(problems, errors.New("contract: it has no types"))
	}
	return errors.Join(problems...)
}

// typeCustomerRecorded goes through the low-priority lane of backfills.
const typeCustomerRecorded = "customer.recorded"

// topic is where an event of a type goes.
func (c Contract) topic(typ string) string {
	if typ == typeCustomerRecorded {
		return stream.TopicEventsHistory
	}
	return c.Topic
}
