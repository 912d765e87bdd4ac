package identity

import "rcu/pkg/identifier"

// Names says how far names and birth dates count as evidence against a link.
type Names string

// How names count.
const (
	NamesOff      Names = ""         // not at all
	NamesAttested Names = "attested" // what was said on two different days
	NamesAny      Names = "any"      // attested claims, and where an identifier has none, all it has
)

// NamespaceRule is the rule of one namespace.
type NamespaceRule struct {
	Strength int   `json:"strength"` // of evidence that ends here; higher is better
	Rank     int   `json:"rank"`     // namespace order; 0 is best
	Device   bool  `json:"device"`   // of grade device: its browsing needs a grant
	Unique   bool  `json:"unique"`   // a person has at most one value
	Limit    int   `json:"limit"`    // most values of a person whose first sightings lie within Window; 0 = none
	Window   int64 `json:"window"`   // seconds; 0 = ever
	Owners   int   `json:"owners"`   // most values of a unique namespace beside one value of this one; 0 = no such rule
	Ref      bool  `json:"ref"`      // a reference: belongs to a person and links nobody
	Kind     Kind  `json:"kind,omitempty"`
}

// Kind is what the values of a namespace are. Left out, Device and Ref say it.
type Kind string

// The kinds of namespace.
const (
	KindUnsaid    Kind = ""
	KindPerson    Kind = "person"
	KindDevice    Kind = "device"
	KindShared    Kind = "shared"    // of several people by intent: links nobody and owns nothing
	KindReference Kind = "reference" // belongs to a person and links nobody
)

// plain returns the rule with the flags that its kind stands for.
func (r NamespaceRule) plain() NamespaceRule {
	switch r.Kind {
	case KindDevice:
		r.Device = true
	case KindReference:
		r.Ref = true
	case KindUnsaid, KindPerson, KindShared:
	}
	return r
}

// links reports whether values of the namespace join people.
func (r NamespaceRule) links() bool { return !r.plain().Ref && r.Kind != KindShared }

// Survival is one way to choose among the values that are known of an attribute.
type Survival string

// The ways to choose. Those of a list are asked in turn, each where the ones before it leave a tie.
const (
	SourceTrust   Survival = "source_trust"   // the source that is trusted most
	Recency       Survival = "recency"        // the newest
	VerifiedFirst Survival = "verified_first" // what was verified, before all that was not
	MostFrequent  Survival = "most_frequent"  // what most sources and channels say
)

// Rules are all that an operator decides about identity. Rank, Kind, Device, Ref, Strength, Strong, MaxDegree and MaxNames are fixed
// for the life of a store, because they decided what was stored; all else may be reloaded.
type Rules struct {
	Version    int64                                  `json:"version,omitempty"` // of the operator's file; only for people and for telling older from newer
	Namespaces map[identifier.Namespace]NamespaceRule `json:"namespaces"`
	Blocked    map[string]bool                        `json:"blocked"` // by the value of the key
	Claims     int                                    `json:"claims"`  // most owners of a value, proved or not
	Strong     int                                    `json:"strong"`  // strength from which an edge survives in a component that is too large
	MaxNodes   int                                    `json:"max_nodes"`
	MaxEdges   int                                    `json:"max_edges"`
	MaxDegree  int                                    `json:"max_degree"`
	Names      Names                                  `json:"names"`
	MaxNames   int                                    `json:"max_names"`

	BlockedPatterns []string              `json:"blocked_patterns,omitempty"` // `namespace:regular expression` of normalised values
	Survivorship    map[string][]Survival `json:"survivorship,omitempty"`     // by attribute; "*" for all others
	AutoLink        float64               `json:"auto_link,omitempty"`        // probability from which a probable match links people; 0 = never
	LookbackDays    int                   `json:"lookback_days,omitempty"`    // how long before it is known whose a device is its browsing is theirs; 0 = ever
}

const (
	day  = 24 * 60 * 60
	year = 365 * day
)

// DefaultRules returns the rules of a store whose operator decided nothing.
func DefaultRules() Rules {
	r := Rules{
		Namespaces: map[identifier.Namespace]NamespaceRule{
			identifier.Customer: {Strength: 4, Unique: true, Owners: 8},
			identifier.Card:     {Strength: 4, Unique: true, Owners: 8},
			identifier.Email:    {Strength: 3, Limit: 5, Window: year, Owners: 1},
			identifier.Phone:    {Strength: 3, Limit: 5, Window: year, Owners: 1},
			identifier.Pay:      {Strength: 2, Limit: 5, Window: year, Owners: 1},
			identifier.Device:   {Strength: 1, Device: true, Limit: 5, Window: year, Owners: 1},
			identifier.Cookie:   {Strength: 1, Device: true, Limit: 5, Window: 30 * day, Owners: 1},
		},
		Claims: 8, Strong: 3, MaxNodes: 256, MaxEdges: 1024, MaxDegree: 128, Names: NamesAttested, MaxNames: 16,
	}
	for _, n := range identifier.Namespaces() {
		rule, linking := r.Namespaces[n]
		if n.Kind() == identifier.KindReference {
			rule.Ref, linking = true, true
		}
		if rule.Rank = n.Rank(); linking {
			r.Namespaces[n] = rule
		}
	}
	return r
}
