package identity

// Outcome is what became of an edge.
type Outcome uint8

// The outcomes.
const (
	RefusedEdge Outcome = iota // connects nothing; the Reason says why
	Joined
	Confirms
)

// Reason says why an edge is refused.
type Reason uint8

// The reasons, in the order in which they are asked: first those of one edge, then those of the partition.
const (
	NoReason Reason = iota
	ReasonBanned
	ReasonBlocked
	ReasonQuarantined
	ReasonContested
	ReasonPermission
	ReasonSameNamespace
	ReasonOverflow
	ReasonUnique
	ReasonLimit
	ReasonBan
	ReasonPerson
	Unjudged       // new: no verdict yet
	ReasonProbable // nothing but a probable match speaks for it, and the rules do not link by that
)

var reasonNames = [...]string{
	"", "banned", "blocked", "quarantined", "contested", "permission", "same_namespace", "overflow",
	"unique", "limit", "ban", "person", "unjudged", "probable",
}

// String returns the name of the reason, as in the exchange format.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// OfPartition reports whether r is a rule of the partition rather than a property of the edge.
func (r Reason) OfPartition() bool { return r >= ReasonUnique && r <= ReasonPerson }

// Text returns the outcome of an edge as in the exchange format: joined, confirms, refused:<reason>.
func (o Outcome) Text(r Reason) string {
	switch o {
	case Joined:
		return "joined"
	case Confirms:
		return "confirms"
	default:
		return "refused:" + r.String()
	}
}
