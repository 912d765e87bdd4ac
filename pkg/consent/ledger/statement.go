package ledger

import (
	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Point is a contact point or device. Its value is only compared: a normalised value or a pseudonym.
type Point struct {
	Namespace identifier.Namespace
	Value     string
}

// Kind is what a statement does.
type Kind uint8

// The kinds of statement. Those from Grant to Object are the decisions of pkg/consent.
const (
	Grant Kind = iota + 1
	Refuse
	Withdraw
	Object
	Pending // a grant that waits for its confirmation
	Confirm // the confirmation of a pending grant, on the very point
)

var kinds = []string{"", "grant", "refuse", "withdraw", "object", "pending", "confirm"}

// String returns the word of the format.
func (k Kind) String() string { return kinds[min(int(k), len(kinds)-1)] }

// Denies reports whether a statement takes permission away.
func (k Kind) Denies() bool { return k >= Refuse && k <= Object }

// Notice is the text that was really shown.
type Notice struct{ ID, Version, Language string }

// Proof is what shows that the person acted: its kind, and the digest of the object that is kept elsewhere.
type Proof struct{ Type, SHA256 string }

// Statement is one decision with its evidence. Times are seconds since 1970.
type Statement struct {
	ID         string
	Controller string
	Point      Point  // zero: the whole person
	Person     string // who a denial of the whole person is about
	Topic      consent.PurposeChannel
	Kind       Kind
	Carried    bool // imported, never said
	Act        string
	DecidedAt  int64 // when the person chose
	RecordedAt int64 // when it was learned
	ExpiresAt  int64 // 0 = as the purpose has it
	Notice     Notice
	Proof      Proof
	Guardian   string // reference of the consent of a holder of parental authority
	Confirms   string // the pending grant that a confirmation ends
}

// carried reports whether a grant was imported, and never said.
func (s *Statement) carried() bool { return s.Kind == Grant && s.Carried }

// decision is the statement as the algebra of pkg/consent compares it.
func (s *Statement) decision() consent.Decision {
	d := consent.Decision{At: s.DecidedAt, Carried: s.carried(), Joint: s.Guardian != "", ID: s.ID}
	if s.Kind <= Object {
		d.Dec = consent.Dec(s.Kind)
	}
	if s.Kind == Grant {
		d.Expires = s.ExpiresAt
	}
	return d
}
