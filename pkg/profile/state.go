package profile

import (
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// State is what is folded of the events of one leaf and controller. The zero State is a leaf without events. Not safe for concurrent use.
type State struct {
	space, controller string
	leaf              identity.Leaf
	first, last       int64 // occurred_at of the first and last event, microseconds

	traits   []Trait   // by name, trust
	balances []Balance // by name, currency
	counters []Counter // by type, channel
	sums     []Sum     // by currency, month, channel
	activity []contact // by channel: of events that are not, or no longer, in the log
	log      []Entry   // by (At, Key)
	tail     []byte    // fixed records by (At, Key)
	seen     []seen    // by (hour, id)
	pending  []pending // by (at, id)

	offsets []offset // by log, topic, partition
	written string   // the rcu_id first written on rows of this leaf
}

// Folding is one event to fold, with what the caller prepared.
type Folding struct {
	Event  *eventpb.Event
	Traits map[string]SealedTrait // personal traits, sealed again under the subject's key, by name
	Offset SourceOffset           // zero: not fenced
}

// SealedTrait is a personal trait as it is kept: bytes that only the key of its subject opens.
type SealedTrait []byte

// SourceOffset is the place of an event on the log.
type SourceOffset struct {
	LogID     string
	Topic     string
	Partition int
	Offset    int64
}

// Outcome says what a fold did.
type Outcome uint8

// Outcomes of a fold. Only Conflict keeps an event out of the outputs: a fenced or repeated one is emitted again, from current state.
const (
	Folded    Outcome = iota + 1 // new
	Duplicate                    // known: the same id with the same content, or the same ticket or order under another id
	Conflict                     // an id reused with other content: what was folded first stays
	Fenced                       // this offset was folded before
)

// String names the outcome, for metrics.
func (o Outcome) String() string {
	return [...]string{"none", "folded", "duplicate", "conflict", "fenced"}[min(int(o), 4)]
}

// Counter counts events of one type and channel, without those taken back.
type Counter struct {
	Type    string
	Channel eventpb.Channel
	N       int64
}

// Sum is money of one currency, month and channel; minor units.
type Sum struct {
	Currency string
	Month    int32 // yyyymm in the zone of the source
	Channel  eventpb.Channel
	Sales    int64
	Returns  int64
	Tickets  int64 // sales and orders
}

// Space returns the space of the leaf; empty for a state without events.
func (s *State) Space() string { return s.space }

// Controller returns the controller of the leaf.
func (s *State) Controller() string { return s.controller }

// Leaf returns the leaf itself.
func (s *State) Leaf() identity.Leaf { return s.leaf }

// Empty reports whether nothing was ever folded.
func (s *State) Empty() bool {
	return s.first == 0 && s.last == 0 && len(s.seen) == 0 && len(s.pending) == 0
}

// First returns occurred_at of the first event in microseconds.
func (s *State) First() int64 { return s.first }

// Last returns occurred_at of the last event in microseconds.
func (s *State) Last() int64 { return s.last }

// Log returns the events remembered in full, oldest first. The caller does not change them.
func (s *State) Log() []Entry { return s.log }

// Sums returns the money by currency, month and channel. The caller does not change it.
func (s *State) Sums() []Sum { return s.sums }

// Counters returns the counts by type and channel. The caller does not change them.
func (s *State) Counters() []Counter { return s.counters }

// MixedRows is what Written says of a leaf whose rows carry more than one id.
const MixedRows = "*"

// Written returns the rcu_id that the rows of this leaf were written with; empty = no rows yet, MixedRows = several.
func (s *State) Written() string { return s.written }

// Wrote remembers that rows are written with an id, and reports whether that is news.
func (s *State) Wrote(rcuID string) bool {
	switch s.written {
	case rcuID, MixedRows:
		return false
	case "":
		s.written = rcuID
	default:
		s.written = MixedRows
	}
	return true
}
