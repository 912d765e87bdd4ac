package resolve

import (
	"context"
	"errors"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// ComponentKey names a record of the graph. It is made from the version counter of the space and never used again.
type ComponentKey [16]byte

// IsZero reports whether the key names nothing.
func (c ComponentKey) IsZero() bool { return c == ComponentKey{} }

// GraphState is where the graph of a space lies. All keys of a space are written by one function, atomically.
type GraphState interface {
	// LoadGraph reads the pointer of each key, the records they point to, and the rules version. It retries by itself when a
	// record vanishes between the two reads.
	LoadGraph(ctx context.Context, space string, keys []identifier.Key) (GraphSnapshot, error)
	// LoadComponents reads records by their keys; those that are gone are left out.
	LoadComponents(ctx context.Context, space string, keys []ComponentKey) (GraphSnapshot, error)
	// CommitGraph executes each commit as one atomic function, several in one round trip, and returns the version that each was
	// stored under; 0 = refused, and nothing of it was written. It sets the Component of every new record.
	CommitGraph(ctx context.Context, space string, commits []*GraphCommit) ([]uint64, error)
	// DueComponents lists components whose boundary is not after now, earliest first.
	DueComponents(ctx context.Context, space string, now int64, limit int) ([]ComponentKey, error)
	// ReviewComponents lists the components of a review queue behind a place, in the order of CompareReview; the zero place is before all.
	ReviewComponents(ctx context.Context, space string, kind identity.ReviewKind, after ReviewPlace, limit int) ([]ReviewPlace, error)
	// CountReview counts the components of each review queue.
	CountReview(ctx context.Context, space string) ([identity.ReviewKinds]int, error)
	// ScanComponents walks over all components, in no order, at least once each; next is "" at the end.
	ScanComponents(ctx context.Context, space, cursor string, limit int) (keys []ComponentKey, next string, err error)
	// GraphRules reads the rules version of a space and the rules that were set with it; version 0 has none.
	GraphRules(ctx context.Context, space string) (version uint64, content []byte, err error)
	// SetGraphRules stores rules under version+1, if the version is still the expected one.
	SetGraphRules(ctx context.Context, space string, expected uint64, content []byte) (bool, error)
	// ReadOutbox returns the entries after the given id ("" = from the start), oldest first.
	ReadOutbox(ctx context.Context, space, after string, limit int) ([]OutboxItem, error)
	// OutboxEnds reads the versions of the oldest and the newest entry; 0 when there is none.
	OutboxEnds(ctx context.Context, space string) (oldest, newest uint64, err error)
	// TrimOutbox forgets the entries up to and including the given id.
	TrimOutbox(ctx context.Context, space, through string) error
}

// GraphSnapshot is what a plan is made on.
type GraphSnapshot struct {
	RulesVersion uint64
	Records      map[ComponentKey]string // packed, as committed, with the version in front
}

// GraphCommit is one planned change. It is accepted only if every identifier read as absent still is, every record is as read, the rules version
// is RulesVersion, and no record read was written with a later Now.
type GraphCommit struct {
	RulesVersion uint64
	Now          int64
	Pointers     []PointerRead // read as absent
	Records      []RecordRead
	Writes       []RecordWrite
	Dropped      []identifier.Key // that have no record any more: their pointers are deleted
	Outbox       []byte           // one entry; nil = none
}

// PointerRead is an identifier that was read as having no record. A pointer that leads to a record needs no check of its own:
// it moves only when the record is written, whose version is checked, and keys of records are never used again.
type PointerRead struct{ Key identifier.Key }

// RecordRead is a record that the plan was made on.
type RecordRead struct {
	Component ComponentKey
	Version   uint64
	Gone      bool // the commit deletes it
}

// RecordWrite writes one record.
type RecordWrite struct {
	Component ComponentKey           // zero = a new one; the state sets it
	Value     []byte                 // packed; the state puts the version into its first 8 bytes
	Boundary  int64                  // for the due index; 0 = none
	Review    identity.ReviewWeights // for the review queues, of which each keeps the MaxReview heaviest; 0 = none
	Moved     []identifier.Key       // identifiers whose pointer has to be set to this record
}

// OutboxItem is an outbox entry as stored.
type OutboxItem struct {
	ID      string
	Version uint64
	Value   []byte
	Written []ComponentKey
	Gone    []ComponentKey
}

// OutboxEntry is what one commit changed.
type OutboxEntry struct {
	ID          string // of the stream: what TrimOutbox wants
	Version     uint64 // the records' version: grows from commit to commit of a space
	Now         int64  // of the plan, seconds
	Transitions []Transition
	Changed     []IdentifierChange
	Written     []ComponentKey // records written: read them for the changelog
	Gone        []ComponentKey // records deleted: tombstones
}

// TransitionKind says what happened.
type TransitionKind string

// The kinds of transition.
const (
	Created     TransitionKind = "created"
	Linked      TransitionKind = "linked"  // an identifier that was in no profile joined one
	Merged      TransitionKind = "merged"  // several profiles became one
	Split       TransitionKind = "split"   // one profile became several
	Renamed     TransitionKind = "renamed" // same people, other naming identifier
	Refused     TransitionKind = "refused" // an edge, by a rule of the partition
	Activated   TransitionKind = "activated"
	Deactivated TransitionKind = "deactivated"
	BlockedNow  TransitionKind = "blocked"
	Quarantined TransitionKind = "quarantined"
	Contested   TransitionKind = "contested"
	Released    TransitionKind = "released"
	Oversized   TransitionKind = "oversized"
	Banned      TransitionKind = "banned"
	Lifted      TransitionKind = "lifted"
)

// Transition is one line of the history of the graph. Its id is (entry version, place among Transitions).
type Transition struct {
	Kind        TransitionKind
	Profile     identifier.Key   // naming identifier after the change
	Before      []identifier.Key // naming identifiers
	After       []identifier.Key // the same
	Identifiers []identifier.Key // concerned: of an edge its two ends, then the two values that the rule names
	Reason      string
	CauseKind   string // event | act | match | decision | rules | clock
	CauseID     string
}

// IdentifierChange says that the profile, standing or permission of an identifier changed: owners of its leaves may have.
type IdentifierChange struct {
	Key      identifier.Key
	Before   identifier.Key // naming identifier before; zero = had no record
	After    identifier.Key
	Standing identity.Standing
}

// Profile is one person as known now.
type Profile struct {
	Canonical identifier.Key   // the naming identifier
	Members   []identifier.Key // all identifiers, in the order of their values; just itself for one without a record
}

// EdgeView is one edge of the evidence with its verdict, as explained to people.
type EdgeView struct {
	A, B      identifier.Key
	Outcome   identity.Outcome
	Reason    identity.Reason // of a refused one
	X, Y      identifier.Key  // the two values that a refusal by unique, ban or person names
	Strength  uint8
	T         int64 // of the witness that counts
	Event     string
	Witnesses int
	Seen      []identity.Witness // the earliest sighting of each kind
	Act       identity.Op
	ActID     string
	ActT      int64
	Compared  []identity.Compared // how probable it is that the two are one person, by the records of theirs that were compared
	Probable  bool                // nothing but that makes the edge usable
	AutoLink  float64             // probability from which the rules in force link by that; 0 = they do not
	Rules     uint64              // version of the rules in force
}

// Explanation answers "why are these one person, and why not".
type Explanation struct {
	Profile  Profile
	Standing identity.Standing
	Level    uint8 // not 0: the component is too large
	Edges    []EdgeView
	Why      []identity.Why // of every identifier of the profile: what gives it its standing
}

// ErrRulesFixed says that new rules differ in what is fixed for the life of a store.
var ErrRulesFixed = errors.New("rule is fixed for the life of a store")

// ErrContended says that a plan was refused too often.
var ErrContended = errors.New("graph keeps changing under the plan")

var _ identity.People = (*View)(nil)
