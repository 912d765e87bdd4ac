package steward

import (
	"cmp"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// Identifier is an identifier without its value: Name is its id, which resolves to the profile that holds it.
type Identifier struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Person is a profile by its id, with what it is recognised by.
type Person struct {
	RCUID       string       `json:"rcu_id"`
	Identifiers []Identifier `json:"identifiers"`
}

// Act is an act as it was done.
type Act struct {
	ID       string      `json:"id"`
	Op       string      `json:"op"`
	A        *Identifier `json:"a"`
	B        *Identifier `json:"b,omitempty"`
	At       time.Time   `json:"at"` // which of two acts holds: the later
	Received time.Time   `json:"received_at"`
	Actor    string      `json:"actor"`
	Reason   string      `json:"reason,omitempty"`
	Undoes   string      `json:"undoes,omitempty"`
	Before   string      `json:"before,omitempty"`    // the act that held before
	BeforeOp string      `json:"before_op,omitempty"` // and its op
}

// Held is the act that holds on a pair, or on an identifier.
type Held struct {
	ID        string    `json:"id"`
	Op        string    `json:"op"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor,omitempty"` // of an act; what an event carried has none
	Effective bool      `json:"effective"`       // it is in the graph
}

// Standing is an identifier whose standing would change.
type Standing struct {
	Identifier
	Before string `json:"before"`
	After  string `json:"after"`
}

// Change is one line of what would be told on rcu.identity.
type Change struct {
	Kind        string       `json:"kind"`
	Reason      string       `json:"reason,omitempty"`
	Identifiers []Identifier `json:"identifiers"`
}

// Effect is what an act would change.
type Effect struct {
	ID        string     `json:"id"` // of this effect: send it with the act, which is refused if it would do something else by then
	Before    []Person   `json:"before"`
	After     []Person   `json:"after"`
	Standings []Standing `json:"standings"`
	Changes   []Change   `json:"changes"`
}

// Preview answers what an act would do.
type Preview struct {
	Op     string      `json:"op"`
	A      *Identifier `json:"a"`
	B      *Identifier `json:"b,omitempty"`
	Undoes string      `json:"undoes,omitempty"`
	Held   *Held       `json:"held,omitempty"` // the act that holds: send its id as `seen`
	Effect Effect      `json:"effect"`
}

// Done answers an act.
type Done struct {
	Act       Act  `json:"act"`
	Effective bool `json:"effective"` // it is in the graph; else it is on its way there
	Repeated  bool `json:"repeated,omitempty"`
}

// History is a page of acts, the latest first.
type History struct {
	Acts []Act  `json:"acts"`
	Next string `json:"next,omitempty"` // send it as `after` for the next page
}

// problem is the body of a refusal that names the act which came between.
type problem struct {
	Reason    string  `json:"reason"`
	Field     string  `json:"field,omitempty"`
	Fix       string  `json:"fix"`
	RequestID string  `json:"request_id"`
	Held      *Held   `json:"held,omitempty"`
	Effect    *Effect `json:"effect,omitempty"`
}

// compareIdentifiers orders identifiers as people read them: by namespace, then name.
func compareIdentifiers(a, b Identifier) int {
	return cmp.Or(cmp.Compare(identifier.Namespace(a.Namespace).Rank(), identifier.Namespace(b.Namespace).Rank()), cmp.Compare(a.Name, b.Name))
}

func (s *Service) name(space string, k identifier.Key) string { return s.deps.Keyring.NameOf(space, k) }

func (s *Service) identifier(space string, k identifier.Key) Identifier {
	return Identifier{Namespace: string(k.Namespace), Name: s.name(space, k)}
}

func (s *Service) optional(space string, k identifier.Key) *Identifier {
	if k.Value == "" {
		return nil
	}
	out := s.identifier(space, k)
	return &out
}

func (s *Service) identifiers(space string, keys []identifier.Key) []Identifier {
	out := make([]Identifier, len(keys))
	for i, k := range keys {
		out[i] = s.identifier(space, k)
	}
	return out
}

func (s *Service) people(space string, list []resolve.Profile) []Person {
	out := make([]Person, len(list))
	for i, p := range list {
		out[i] = Person{s.name(space, p.Canonical), s.identifiers(space, p.Members)}
	}
	return out
}

func seconds(t int64) time.Time { return time.Unix(t, 0).UTC() }
