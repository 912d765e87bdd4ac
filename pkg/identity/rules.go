package identity

import (
	"errors"
	"fmt"
	"math"

	"rcu/pkg/identifier"
)

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
}

// Rules are all that an operator decides about identity. Rank, Device, Strength, Strong, MaxDegree and MaxNames are fixed for
// the life of a store, because they decided what was stored; all else may be reloaded.
type Rules struct {
	Namespaces map[identifier.Namespace]NamespaceRule `json:"namespaces"`
	Blocked    map[string]bool                        `json:"blocked"` // by the value of the key
	Claims     int                                    `json:"claims"`  // most owners of a value, proved or not
	Strong     int                                    `json:"strong"`  // strength from which an edge survives in a component that is too large
	MaxNodes   int                                    `json:"max_nodes"`
	MaxEdges   int                                    `json:"max_edges"`
	MaxDegree  int                                    `json:"max_degree"`
	Names      Names                                  `json:"names"`
	MaxNames   int                                    `json:"max_names"`
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

// maxStrength leaves room for two grades per strength below the strength of `together`.
const maxStrength = 126

// maxNamespaces is what the sets of the partition hold.
const maxNamespaces = 64

// Validate reports the first rule that makes no sense.
func (r Rules) Validate() error {
	if len(r.Namespaces) > maxNamespaces {
		return fmt.Errorf("rules name %d namespaces, at most %d are possible", len(r.Namespaces), maxNamespaces)
	}
	for n, rule := range r.Namespaces {
		if err := rule.validate(); err != nil {
			return fmt.Errorf("namespaces.%s: %w", n, err)
		}
	}
	switch {
	case r.MaxNodes < 1 || r.MaxEdges < 1 || r.MaxDegree < 1 || r.MaxNames < 1:
		return errors.New("max_nodes, max_edges, max_degree and max_names must be at least 1")
	case r.MaxNodes > math.MaxInt16 || r.MaxEdges > math.MaxInt16:
		return fmt.Errorf("max_nodes and max_edges must be at most %d", math.MaxInt16)
	case r.Names != NamesOff && r.Names != NamesAttested && r.Names != NamesAny:
		return fmt.Errorf("names is %q, want off, attested or any", string(r.Names))
	}
	return nil
}

func (r NamespaceRule) validate() error {
	if r.Strength < 0 || r.Strength > maxStrength {
		return fmt.Errorf("strength is %d, want 0 to %d", r.Strength, maxStrength)
	}
	if r.Limit < 0 || r.Window < 0 || r.Owners < 0 {
		return errors.New("limit, window and owners must not be negative")
	}
	return nil
}

// FixedDiffers names the first rule that is fixed for the life of a store and differs between r and s; "" if none does.
func (r Rules) FixedDiffers(s Rules) string {
	for n, a := range r.Namespaces {
		b, both := s.Namespaces[n]
		if !both || a.Rank != b.Rank || a.Device != b.Device || a.Ref != b.Ref || a.Strength != b.Strength {
			return "namespaces." + string(n)
		}
	}
	switch {
	case len(r.Namespaces) != len(s.Namespaces):
		return "namespaces"
	case r.Strong != s.Strong:
		return "strong"
	case r.MaxDegree != s.MaxDegree:
		return "max_degree"
	case r.MaxNames != s.MaxNames:
		return "max_names"
	}
	return ""
}

// Kernel is Rules made ready to judge. It is immutable and may be shared.
type Kernel struct {
	rules   Rules
	byName  map[identifier.Namespace]*namespace
	all     []*namespace // by index
	uniques []*namespace
}

type namespace struct {
	NamespaceRule
	name  identifier.Namespace
	index uint8 // place in the sets of the partition
}

// NewKernel prepares rules.
func NewKernel(r Rules) (*Kernel, error) {
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("checking identity rules: %w", err)
	}
	k := &Kernel{rules: r, byName: make(map[identifier.Namespace]*namespace, len(r.Namespaces))}
	for name, rule := range r.Namespaces {
		n := &namespace{NamespaceRule: rule, name: name, index: uint8(len(k.byName))} //nolint:gosec // at most maxNamespaces
		k.byName[name] = n
		k.all = append(k.all, n)
		if n.Unique && !n.Ref {
			k.uniques = append(k.uniques, n)
		}
	}
	return k, nil
}

// DefaultKernel judges by DefaultRules.
func DefaultKernel() *Kernel {
	k, err := NewKernel(DefaultRules())
	if err != nil {
		panic(err) // the defaults are code, and a test checks them
	}
	return k
}

// Rules returns the rules that k judges by. They must not be changed.
func (k *Kernel) Rules() Rules { return k.rules }

// unknownNamespace has the worst order and links nothing.
var unknownNamespace = &namespace{NamespaceRule: NamespaceRule{Rank: math.MaxInt, Ref: true}}

func (k *Kernel) namespace(n identifier.Namespace) *namespace {
	if x, ok := k.byName[n]; ok {
		return x
	}
	return unknownNamespace
}

// Links reports whether identifiers of n may join people.
func (k *Kernel) Links(n identifier.Namespace) bool {
	x, known := k.byName[n]
	return known && !x.Ref
}

func (k *Kernel) isReference(n identifier.Namespace) bool {
	x, known := k.byName[n]
	return known && x.Ref
}

// isPerson reports whether n is a linking namespace of grade person.
func (k *Kernel) isPerson(n identifier.Namespace) bool { return k.Links(n) && !k.namespace(n).Device }

func (k *Kernel) isDevice(n identifier.Namespace) bool { return k.Links(n) && k.namespace(n).Device }
