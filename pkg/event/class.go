package event

import eventpb "rcu/schemas/event"

// Class says by which consent an event is collected, and to which leaf it goes.
type Class uint8

// Classes of events.
const (
	Core Class = iota
	Behaviour
)

// The types that this package treats apart.
const (
	typeCardReplaced   = "loyalty.card_replaced"
	typeConsentDecided = "consent.decided"
	typeLoggedIn       = "account.logged_in"
	typeRecorded       = "customer.recorded"
	typeRetracted      = "event.retracted"
	typeBasketUpdated  = "basket.updated"
)

// ClassOf returns the class of a type; person: the event shows an identifier of kind person.
func ClassOf(typ string, person bool) Class {
	switch typ {
	case "page.viewed", "product.viewed", "screen.viewed", "app.opened":
		return Behaviour
	case typeBasketUpdated:
		if !person {
			return Behaviour
		}
	}
	return Core
}

var channelNames = map[eventpb.Channel]string{
	eventpb.Channel_CHANNEL_STORE: "store", eventpb.Channel_CHANNEL_WEB: "web", eventpb.Channel_CHANNEL_MOBILE: "mobile", eventpb.Channel_CHANNEL_CALLCENTRE: "callcentre",
}

// ChannelName is the name of a channel as it stands in configuration, topics and folders; empty for none.
func ChannelName(c eventpb.Channel) string { return channelNames[c] }

// ChannelOf is the channel of a name; CHANNEL_UNSPECIFIED for none.
func ChannelOf(name string) eventpb.Channel {
	for c, n := range channelNames {
		if n == name {
			return c
		}
	}
	return eventpb.Channel_CHANNEL_UNSPECIFIED
}
