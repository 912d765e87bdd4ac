package identity

import (
	"fmt"
	"math"

	"rcu/pkg/identifier"
)

// Kernel is Rules made ready to judge. It is immutable and may be shared.
type Kernel struct {
	rules   Rules
	byName  map[identifier.Namespace]*namespace
	all     []*namespace // by index
	uniques []*namespace

	patterns map[PatternID]struct{} // of blocked values
	autoLink uint32                 // in millionths; 0 = never
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
	k := &Kernel{
		rules: r, autoLink: uint32(math.Round(r.AutoLink * Certain)),
		byName: make(map[identifier.Namespace]*namespace, len(r.Namespaces)), patterns: map[PatternID]struct{}{},
	}
	for _, text := range r.BlockedPatterns {
		k.patterns[IDOfPattern(text)] = struct{}{}
	}
	for name, rule := range r.Namespaces {
		if rule.Kind == KindShared {
			continue // as unknown: links nobody, and is no reference
		}
		rule = rule.plain()
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

// LooksBack reports whether browsing before it was known whose a device is may stay nobody's: then Since of a device matters to owners.
func (k *Kernel) LooksBack() bool { return k.rules.LookbackDays > 0 }

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
	return known && (!x.Ref || faults.referencesLink)
}

func (k *Kernel) isReference(n identifier.Namespace) bool {
	x, known := k.byName[n]
	return known && x.Ref
}

// isPerson reports whether n is a linking namespace of grade person.
func (k *Kernel) isPerson(n identifier.Namespace) bool { return k.Links(n) && !k.namespace(n).Device }

func (k *Kernel) isDevice(n identifier.Namespace) bool { return k.Links(n) && k.namespace(n).Device }
