package stack

import "time"

// Event is the envelope of every channel.
type Event struct {
	ID          string            `json:"id"`
	Type        string            `json:"type"`
	OccurredAt  time.Time         `json:"occurred_at"`
	Identifiers []Identifier      `json:"identifiers,omitempty"`
	Traits      map[string]string `json:"traits,omitempty"`
	Consent     []Decision        `json:"consent,omitempty"`
	Data        any               `json:"data,omitempty"`
}

// Identifier is an identifier as a source sends it.
type Identifier struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
	Proved    bool   `json:"proved,omitempty"`
	Scope     string `json:"scope,omitempty"`
}

// ID is an identifier that nothing proves.
func ID(namespace, value string) Identifier { return Identifier{Namespace: namespace, Value: value} }

// Proved is an identifier whose possession was shown.
func Proved(namespace, value string) Identifier {
	return Identifier{Namespace: namespace, Value: value, Proved: true}
}

// Decision is a decision about consent.
type Decision struct {
	Point     Identifier `json:"point"`
	Purpose   string     `json:"purpose"`
	Channel   string     `json:"channel,omitempty"`
	Decision  string     `json:"decision"`
	Act       string     `json:"act,omitempty"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	Notice    *Notice    `json:"notice,omitempty"`
}

// Notice is the text that somebody agreed to.
type Notice struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Language string `json:"language"`
}

// Grant is an affirmative grant, given on a banner that spoke of the purpose.
func Grant(point Identifier, purpose string) Decision {
	return Decision{Point: point, Purpose: purpose, Decision: "grant", Act: "banner", Notice: &Notice{purpose, "1", "fr"}}
}

// Withdraw takes a grant back.
func Withdraw(point Identifier, purpose string) Decision {
	return Decision{Point: point, Purpose: purpose, Decision: "withdraw"}
}

// Goods is the data of sales, orders and returns.
type Goods struct {
	Total        Money  `json:"total"`
	Lines        []Line `json:"lines,omitempty"`
	Fulfilment   string `json:"fulfilment,omitempty"`
	CollectStore string `json:"collect_store,omitempty"`
	Reason       string `json:"reason,omitempty"`
}

// Money is an amount in minor units.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Line is a line of a sale, order or return.
type Line struct {
	SKU      string `json:"sku"`
	Category string `json:"category,omitempty"`
	Quantity int64  `json:"quantity"`
	Amount   int64  `json:"amount"`
}

// Euros is a total of one line.
func Euros(minor int64) Goods {
	return Goods{Total: Money{minor, "EUR"}, Lines: []Line{{SKU: "JUMPER-M", Category: "clothing", Quantity: 1, Amount: minor}}}
}

// Data is the data of a type without a struct of its own.
type Data map[string]any
