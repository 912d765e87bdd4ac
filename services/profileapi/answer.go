package profileapi

import (
	"time"

	"rcu/pkg/profile"
	eventpb "rcu/schemas/event"
)

// Answer is one customer as one reader may see them, for one purpose. Times are UTC; amounts are minor units.
type Answer struct {
	RCUID      string      `json:"rcu_id"`             // the canonical id
	Asked      string      `json:"asked,omitempty"`    // the id asked for, where it is another one
	Also       []string    `json:"also,omitempty"`     // names of the other identifiers of the profile
	Standing   string      `json:"standing,omitempty"` // blocked, quarantined or contested: the identifier asked for identifies nobody
	Candidates []Candidate `json:"candidates,omitempty"`
	Purpose    string      `json:"purpose"`
	Record
}

// Candidate is a profile that an identifier which identifies nobody was seen with.
type Candidate struct {
	RCUID string `json:"rcu_id"`
}

// Record is what the controllers that the reader asked for know of the customer.
type Record struct {
	Controllers []string         `json:"controllers,omitempty"` // whose leaves are in it
	FirstSeen   *time.Time       `json:"first_seen,omitempty"`
	LastSeen    *time.Time       `json:"last_seen,omitempty"`
	Traits      map[string]Trait `json:"traits,omitempty"`
	Contacts    []Contact        `json:"contacts,omitempty"`
	Orders      []Order          `json:"orders,omitempty"`
	ToCollect   []Order          `json:"to_collect,omitempty"`
	Spend       []Spend          `json:"spend,omitempty"`
	Balances    []Balance        `json:"balances,omitempty"`
	Baskets     []Basket         `json:"open_baskets,omitempty"`
	Cases       []Case           `json:"cases,omitempty"`
	Channels    []Channel        `json:"channels,omitempty"`
	Counters    map[string]int64 `json:"counters,omitempty"`
	Retractions int64            `json:"retractions,omitempty"`
	// SuppressedTopics are those of which nothing may be said to the customer, on no channel and in no shop, and nobody is told why.
	SuppressedTopics []string `json:"suppressed_topics,omitempty"`
}

// Trait is the value that survived, and where it came from.
type Trait struct {
	Value  string    `json:"value"`
	Trust  string    `json:"trust"`
	Source string    `json:"source"`
	At     time.Time `json:"at"`
	Others int       `json:"others,omitempty"` // values it won over
}

// Contact is an identifier the customer can be recognised or reached by.
type Contact struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
	Permitted *bool  `json:"permitted,omitempty"` // for the purpose asked, where the purpose needs a grant for this very point
}

// Order is an order or a ticket.
type Order struct {
	Number       string     `json:"number,omitempty"`
	Channel      string     `json:"channel"`
	Store        string     `json:"store,omitempty"`
	State        string     `json:"state"`
	PlacedAt     *time.Time `json:"placed_at,omitempty"`
	ChangedAt    *time.Time `json:"changed_at,omitempty"`
	Total        *Money     `json:"total,omitempty"`
	Returned     []Money    `json:"returned,omitempty"`
	OverReturned bool       `json:"over_returned,omitempty"`
	Fulfilment   string     `json:"fulfilment,omitempty"`
	CollectStore string     `json:"collect_store,omitempty"`
	Pieces       []Piece    `json:"pieces,omitempty"`
}

// Piece is the latest state of one piece of an order.
type Piece struct {
	SKU    string `json:"sku"`
	Number uint32 `json:"number"`
	State  string `json:"state"`
}

// Money is an amount in minor units.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Spend is money of one currency, business month and channel.
type Spend struct {
	Currency string `json:"currency"`
	Month    int32  `json:"month"` // yyyymm
	Channel  string `json:"channel"`
	Sales    int64  `json:"sales"`
	Returns  int64  `json:"returns"`
	Tickets  int64  `json:"tickets"`
}

// Balance is a balance as last stated.
type Balance struct {
	Name     string    `json:"name"`
	Amount   int64     `json:"amount"`
	Currency string    `json:"currency,omitempty"`
	At       time.Time `json:"at"`
}

// Basket is an open basket.
type Basket struct {
	Channel   string    `json:"channel"`
	Store     string    `json:"store,omitempty"`
	Total     Money     `json:"total"`
	Lines     int64     `json:"lines"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Case is a case of the call centre.
type Case struct {
	Number     string     `json:"number,omitempty"`
	Channel    string     `json:"channel"`
	Kind       string     `json:"kind,omitempty"`
	State      string     `json:"state"`
	Resolution string     `json:"resolution,omitempty"`
	OpenedAt   *time.Time `json:"opened_at,omitempty"`
	ClosedAt   *time.Time `json:"closed_at,omitempty"`
}

// Channel is what happened on a channel.
type Channel struct {
	Channel   string    `json:"channel"`
	Events    int64     `json:"events"`
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
	LastType  string    `json:"last_type,omitempty"`
	LastStore string    `json:"last_store,omitempty"`
}

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func maybe(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	t := at(micros)
	return &t
}

func money(m profile.Money) Money { return Money{m.Minor, m.Currency} }

var trustNames = map[eventpb.Trust]string{
	eventpb.Trust_TRUST_IMPORTED: "imported", eventpb.Trust_TRUST_STATED: "stated",
	eventpb.Trust_TRUST_SELF: "self", eventpb.Trust_TRUST_VERIFIED: "verified",
}
