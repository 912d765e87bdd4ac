package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ParseRules reads rules in the form of the exchange format (JSON). A cap that is left out has its default.
func ParseRules(b []byte) (Rules, error) {
	var r Rules
	if err := json.Unmarshal(b, &r); err != nil {
		return Rules{}, fmt.Errorf("reading identity rules: %w", err)
	}
	return r.completed()
}

// completed puts in what was left out, and reports what is wrong.
func (r Rules) completed() (Rules, error) {
	if r.Names == "off" {
		r.Names = NamesOff
	}
	for n, rule := range r.Namespaces {
		r.Namespaces[n] = rule.plain()
	}
	defaults := DefaultRules()
	for _, limit := range [...]struct{ value, otherwise *int }{
		{&r.MaxNodes, &defaults.MaxNodes},
		{&r.MaxEdges, &defaults.MaxEdges},
		{&r.MaxDegree, &defaults.MaxDegree},
		{&r.MaxNames, &defaults.MaxNames},
	} {
		if *limit.value == 0 {
			*limit.value = *limit.otherwise
		}
	}
	if err := r.Validate(); err != nil {
		return Rules{}, err
	}
	return r, nil
}

// CheckRules reads rules as ParseRules does, and reports everything that is wrong at once: fields that are not known, too, and rules
// of which one makes another void.
func CheckRules(b []byte) (Rules, error) {
	var ps Problems
	unknownFields(b, &ps)
	var r Rules
	if err := json.Unmarshal(b, &r); err != nil {
		ps.add(typeProblem(err))
		return Rules{}, ps
	}
	r, err := r.completed()
	var wrong Problems
	if errors.As(err, &wrong) {
		ps = append(ps, wrong...)
	} else {
		ps = append(ps, r.Contradictions()...)
	}
	return r, ps.err()
}

// typeProblem tells a value of the wrong type as a problem.
func typeProblem(err error) (field, reason, fix string) {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return wrong.Field, "has the wrong type (" + wrong.Value + ")", "use what docs/rules shows for this field"
	}
	return "rules", "are no object of the right form", "write an object as in docs/rules"
}

// unknownFields reports the fields of rules that mean nothing: mostly a typing error that would leave a default in force.
func unknownFields(b []byte, ps *Problems) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		return
	}
	reportUnknown("", fields, reflect.TypeFor[Rules](), ps)
	var namespaces map[string]map[string]json.RawMessage
	if json.Unmarshal(fields["namespaces"], &namespaces) != nil {
		return
	}
	for _, n := range slices.Sorted(maps.Keys(namespaces)) {
		reportUnknown("namespaces."+n+".", namespaces[n], reflect.TypeFor[NamespaceRule](), ps)
	}
}

func reportUnknown(under string, fields map[string]json.RawMessage, t reflect.Type, ps *Problems) {
	var known []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known = append(known, name)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		ps.require(slices.Contains(known, name), under+name, "is no field of rules", "use "+strings.Join(known, ", "))
	}
}
