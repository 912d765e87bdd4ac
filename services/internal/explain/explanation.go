package explain

import (
	"cmp"
	"time"

	"rcu/pkg/identifier"
)

// Explanation says why the identifiers are one person, and which links were refused.
type Explanation struct {
	RCUID       string            `json:"rcu_id"`
	Standing    string            `json:"standing"`
	Level       uint8             `json:"level,omitempty"` // not 0: so many identifiers hang together that weak links were set aside
	Identifiers []StandingBecause `json:"identifiers"`     // of the profile, with what gives each its standing
	Links       []Link            `json:"links"`
	History     []Transition      `json:"history,omitempty"`      // what happened to the identifiers of the profile, the newest first
	HistoryMore bool              `json:"history_more,omitempty"` // there is more than is told
	// HistoryUnavailable says that what happened is not told: it is not known here, or cannot be read now.
	HistoryUnavailable bool `json:"history_unavailable,omitempty"`
}

// StandingBecause is an identifier with its standing and what gives it that.
type StandingBecause struct {
	LinkEnd
	Standing string    `json:"standing"`
	Because  string    `json:"because"`          // blocked | full | act | owners | claims | many_names | names | evidence
	Owners   []LinkEnd `json:"owners,omitempty"` // whom it was seen with, where those are too many
	Act      string    `json:"act,omitempty"`    // id of the act
	Words    string    `json:"words"`            // the same as a sentence
}

// Link is one piece of evidence and what became of it.
type Link struct {
	A         LinkEnd    `json:"a"`
	B         LinkEnd    `json:"b"`
	Outcome   string     `json:"outcome"` // joined | confirms | refused
	Reason    string     `json:"reason,omitempty"`
	Because   []LinkEnd  `json:"because,omitempty"` // the two values that the reason speaks of
	Since     *time.Time `json:"since,omitempty"`
	Strength  uint8      `json:"strength,omitempty"`
	Witnesses int        `json:"witnesses"`
	Seen      []Witness  `json:"seen,omitempty"` // the earliest event of each kind that showed the two together
	Act       string     `json:"act,omitempty"`
	ActID     string     `json:"act_id,omitempty"`
	ActAt     *time.Time `json:"act_at,omitempty"`
	Probable  *Probable  `json:"probable,omitempty"`
	Words     string     `json:"words"` // the same as a sentence
}

// Probable says how probable it is that two identifiers are of one person, by their records.
type Probable struct {
	Probability float64   `json:"probability"`
	At          time.Time `json:"at"`                  // when the records were read
	Threshold   float64   `json:"threshold,omitempty"` // from which the rules in force link by that; 0 = they do not
	Rules       uint64    `json:"rules"`               // their version
	Links       bool      `json:"links"`               // nothing else links the two
	Weighs      []Weight  `json:"weighs,omitempty"`    // what speaks for and against it, as the records are now; the last is the sum
	records     [2]string // that were compared
}

// Witness is an event that showed two identifiers together.
type Witness struct {
	At       time.Time `json:"at"`
	Proved   bool      `json:"proved"`           // possession of both was proved, not only stated
	Browsing bool      `json:"browsing"`         // it was browsing, seen under a grant
	Source   string    `json:"source,omitempty"` // of a controller that the reader carries
	Event    string    `json:"event,omitempty"`  // its id there
}

// LinkEnd is an identifier without its value.
type LinkEnd struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// WhyNot says what lies between two identifiers.
type WhyNot struct {
	A     LinkEnd `json:"a"`
	B     LinkEnd `json:"b"`
	Same  bool    `json:"same"`   // they are one person
	Path  []Link  `json:"path"`   // evidence that leads from one to the other over as few refused links as there are; empty: there is none
	Cut   bool    `json:"cut"`    // so much hangs together that the search was ended: there may be a path
	Words string  `json:"words"`  // the same as a sentence
	RCUID string  `json:"rcu_id"` // of the profile that holds a
	Other string  `json:"other"`  // of the profile that holds b
}

// Standings are the standings of the identifiers, by name.
func (x *Explanation) Standings() map[string]string {
	out := make(map[string]string, len(x.Identifiers))
	for _, i := range x.Identifiers {
		out[i.Name] = i.Standing
	}
	return out
}

// compareEnds orders ends as identifiers are: by namespace, then name.
func compareEnds(a, b LinkEnd) int {
	return cmp.Or(cmp.Compare(identifier.Namespace(a.Namespace).Rank(), identifier.Namespace(b.Namespace).Rank()), cmp.Compare(a.Name, b.Name))
}
