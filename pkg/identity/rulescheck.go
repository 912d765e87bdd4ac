package identity

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"rcu/pkg/identifier"
)

// Limits of rules.
const (
	maxStrength   = 126 // leaves room for two grades per strength below the strength of `together`
	maxNamespaces = 64  // what the sets of the partition hold
	maxPatterns   = 200
	maxPattern    = 500 // bytes of one
	maxSurvival   = 200 // attributes
	maxLookback   = 3650
	mostAutoLink  = .999999
)

// LeastAutoLink is the least probability from which rules may let a probable match link people: what is less probable is never told of.
const LeastAutoLink = .9

// Problem is one thing that is wrong with rules.
type Problem struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Fix    string `json:"fix"`
}

// String returns the problem as one line.
func (p Problem) String() string { return p.Field + ": " + p.Reason + "; " + p.Fix }

// Problems are all that is wrong with rules.
type Problems []Problem

// Error implements error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// err returns ps as an error; nil when nothing is wrong.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

func (ps *Problems) add(field, reason, fix string) {
	*ps = append(*ps, Problem{field, reason, fix})
}

func (ps *Problems) require(ok bool, field, reason, fix string) {
	if !ok {
		ps.add(field, reason, fix)
	}
}

// Validate reports everything by which a kernel could not judge.
func (r Rules) Validate() error {
	var ps Problems
	ps.require(len(r.Namespaces) <= maxNamespaces, "namespaces", "are too many", fmt.Sprintf("name at most %d", maxNamespaces))
	for _, n := range slices.Sorted(maps.Keys(r.Namespaces)) {
		r.Namespaces[n].validate("namespaces."+string(n), &ps)
		weakest := r.AutoLink > 0 && r.Namespaces[n].Strength == 0 && r.Namespaces[n].links()
		ps.require(!weakest, "auto_link", "would link as strongly as the evidence of "+string(n)+", whose strength is 0", "use 0, or give it a strength")
	}
	for _, limit := range [...]struct {
		name  string
		value int
		most  int
	}{
		{"max_nodes", r.MaxNodes, math.MaxInt16},
		{"max_edges", r.MaxEdges, math.MaxInt16},
		{"max_degree", r.MaxDegree, math.MaxInt},
		{"max_names", r.MaxNames, math.MaxInt},
	} {
		ps.require(limit.value >= 1, limit.name, "is below 1", "use at least 1")
		ps.require(limit.value <= limit.most, limit.name, "is too large", "use at most "+strconv.Itoa(limit.most))
	}
	ps.require(r.Names == NamesOff || r.Names == NamesAttested || r.Names == NamesAny, "names", "is unknown", "use off, attested or any")
	ps.require(r.Version >= 0, "version", "is negative", "count up from 1")
	ps.require(r.LookbackDays >= 0 && r.LookbackDays <= maxLookback, "lookback_days", "is out of range", fmt.Sprintf("use 0 (no bound) to %d", maxLookback))
	ps.require(r.AutoLink == 0 || r.AutoLink >= LeastAutoLink && r.AutoLink <= mostAutoLink, "auto_link", "is out of range",
		fmt.Sprintf("use 0 (no link is made by a probable match) or %g to %g", LeastAutoLink, mostAutoLink))
	r.validatePatterns(&ps)
	r.validateSurvivorship(&ps)
	return ps.err()
}

func (r NamespaceRule) validate(field string, ps *Problems) {
	ps.require(r.Strength >= 0 && r.Strength <= maxStrength, field+".strength", "is out of range", fmt.Sprintf("use 0 to %d", maxStrength))
	for _, number := range [...]struct {
		name  string
		value int64
	}{{"limit", int64(r.Limit)}, {"window", r.Window}, {"owners", int64(r.Owners)}} {
		ps.require(number.value >= 0, field+"."+number.name, "is negative", "use 0 or more")
	}
	switch r.Kind {
	case KindUnsaid, KindPerson, KindDevice, KindShared, KindReference:
	default:
		ps.add(field+".kind", "is unknown", "use person, device, shared or reference")
	}
}

func (r Rules) validatePatterns(ps *Problems) {
	ps.require(len(r.BlockedPatterns) <= maxPatterns, "blocked_patterns", "are too many", fmt.Sprintf("use at most %d", maxPatterns))
	for i, text := range r.BlockedPatterns {
		field := fmt.Sprintf("blocked_patterns[%d]", i)
		p, err := parsePattern(text)
		if err != nil {
			ps.add(field, err.Error(), "write namespace:pattern, such as email:^(no-?reply|info)@")
			continue
		}
		ps.require(!p.matchesAll(), field, "matches every value", "write what a value has to hold, such as ^0+$")
		ps.require(!slices.Contains(r.BlockedPatterns[:i], text), field, "is there twice", "leave one of them out")
	}
}

func (r Rules) validateSurvivorship(ps *Problems) {
	ps.require(len(r.Survivorship) <= maxSurvival, "survivorship", "names too many attributes", fmt.Sprintf("name at most %d, and * for all others", maxSurvival))
	for _, attribute := range slices.Sorted(maps.Keys(r.Survivorship)) {
		field, ways := "survivorship."+attribute, r.Survivorship[attribute]
		ps.require(len(ways) > 0, field, "says nothing", "list ways, or leave it out")
		for i, way := range ways {
			switch way {
			case SourceTrust, Recency, VerifiedFirst, MostFrequent:
			default:
				ps.add(field, "names a way that is unknown", "use source_trust, recency, verified_first and most_frequent")
			}
			ps.require(!slices.Contains(ways[:i], way), field, "names a way twice", "leave one of them out")
		}
	}
}

// Contradictions reports what is possible and cannot be meant: rules of which one makes another void. A kernel judges by such rules;
// a file that says so is refused before it is put in force.
func (r Rules) Contradictions() Problems {
	var ps Problems
	ranks := map[int]identifier.Namespace{}
	links, strongest := 0, 0
	for _, n := range slices.Sorted(maps.Keys(r.Namespaces)) {
		rule, field := r.Namespaces[n], "namespaces."+string(n)
		rule.contradictions(field, r.Claims, &ps)
		if other, taken := ranks[rule.Rank]; taken {
			ps.add(field+".rank", "is that of "+string(other)+" too", "give every namespace a rank of its own: it is the order of namespaces")
		}
		ranks[rule.Rank] = n
		if rule = rule.plain(); !rule.Ref && rule.Kind != KindShared {
			links, strongest = links+1, max(strongest, rule.Strength)
		}
	}
	ps.require(links > 0, "namespaces", "hold none that links", "name at least one person or device namespace")
	ps.require(links == 0 || r.Strong <= strongest, "strong", "is above the strength of every namespace", "lower it, or nothing is left of a component that is too large")
	ps.require(r.MaxEdges >= r.MaxNodes-1, "max_edges", "is too small for max_nodes", "use at least max_nodes - 1: so many edges it takes to join them")
	for _, value := range slices.Sorted(maps.Keys(r.Blocked)) {
		name, _, _ := strings.Cut(value, ":")
		r.mustLink(name, "blocked", &ps)
	}
	for i, text := range r.BlockedPatterns {
		name, _, _ := strings.Cut(text, ":")
		r.mustLink(name, fmt.Sprintf("blocked_patterns[%d]", i), &ps)
	}
	return ps
}

func (r Rules) mustLink(name, field string, ps *Problems) {
	rule, known := r.Namespaces[identifier.Namespace(name)]
	rule = rule.plain()
	ps.require(known && !rule.Ref && rule.Kind != KindShared, field, "is of no namespace that links people by these rules",
		"write namespace:value of a person or device namespace")
}

func (r NamespaceRule) contradictions(field string, claims int, ps *Problems) {
	plain := r.plain()
	ps.require(!plain.Device || r.Kind == KindDevice || r.Kind == KindUnsaid, field+".kind", "contradicts device: true", "use kind: device, or leave device out")
	ps.require(!plain.Ref || r.Kind == KindReference || r.Kind == KindUnsaid, field+".kind", "contradicts ref: true", "use kind: reference, or leave ref out")
	ps.require(!plain.Device || !plain.Ref, field, "is a device and a reference", "keep one of the two")
	if plain.Ref || r.Kind == KindShared {
		ps.require(!r.Unique && r.Limit == 0 && r.Owners == 0, field, "links no people, so unique, limit and owners mean nothing", "leave them out")
		return
	}
	ps.require(!r.Unique || r.Limit <= 1, field+".limit", "contradicts unique: true, which allows one value", "leave limit out, or unique")
	ps.require(r.Window == 0 || r.Limit > 0, field+".window", "means nothing without limit", "add limit, or leave window out")
	ps.require(r.Owners == 0 || r.Owners <= claims, field+".owners", "is above claims, which quarantines before", "raise claims, or lower owners")
}

// FixedDiffers names the first rule that is fixed for the life of a store and differs between r and s; "" if none does.
func (r Rules) FixedDiffers(s Rules) string {
	if ps := r.FixedProblems(s); len(ps) > 0 {
		return ps[0].Field
	}
	return ""
}

// FixedProblems reports every rule that is fixed for the life of a store whose rules are r, and that s would change.
func (r Rules) FixedProblems(s Rules) Problems {
	var ps Problems
	const fix = "keep what is in force, or build the store again from its events under the new rules"
	names := slices.Collect(maps.Keys(r.Namespaces))
	for n := range s.Namespaces {
		if _, both := r.Namespaces[n]; !both {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		a, known := r.Namespaces[n]
		b, stays := s.Namespaces[n]
		field := "namespaces." + string(n)
		if !known || !stays {
			ps.add(field, "is fixed for the life of a store: evidence of a namespace is stored, or not, as it comes", fix)
			continue
		}
		a, b = a.plain(), b.plain()
		ps.require(a.Rank == b.Rank, field+".rank", fixedBecause("it names profiles and breaks ties in what was stored", a.Rank, b.Rank), fix)
		ps.require(a.Strength == b.Strength, field+".strength", fixedBecause("it says which evidence a full identifier still stores", a.Strength, b.Strength), fix)
		ps.require(a.Device == b.Device, field+".device", fixedBecause("it says which sightings count as browsing", a.Device, b.Device), fix)
		ps.require(a.Ref == b.Ref && (a.Kind == KindShared) == (b.Kind == KindShared), field+".kind", fixedBecause("it says whether evidence is stored at all", a.Kind, b.Kind), fix)
	}
	for _, x := range [...]struct {
		name string
		a, b int
		why  string
	}{
		{"strong", r.Strong, s.Strong, "it says which evidence a full identifier still stores"},
		{"max_degree", r.MaxDegree, s.MaxDegree, "evidence beyond it was never stored"},
		{"max_names", r.MaxNames, s.MaxNames, "names beyond it were never stored"},
	} {
		ps.require(x.a == x.b, x.name, fixedBecause(x.why, x.a, x.b), fix)
	}
	return ps
}

func fixedBecause(why string, held, wanted any) string {
	return fmt.Sprintf("is fixed for the life of a store, because %s; it is %v and would become %v", why, held, wanted)
}
