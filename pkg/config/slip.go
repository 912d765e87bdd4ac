package config

import "strings"

// shortest is the length of a name below which a slip would as well be another program's variable.
const shortest = len("RCU_123456")

// slips finds variables that are one slip away from that of a setting: they were meant to be it, and would do nothing.
func slips(fields []field, byName map[string]string, problems *Problems) {
	known := map[string]bool{}
	for _, f := range fields {
		known[f.env()] = true
	}
	for _, f := range fields {
		if _, given := byName[f.env()]; given || !f.settable() {
			continue
		}
		for name := range byName {
			if len(name) >= shortest && strings.HasPrefix(name, Prefix+"_") && !known[name] && oneSlip(name, f.env()) {
				problems.Add(f.path, "%s: there is no such setting: %s is meant", name, f.env())
			}
		}
	}
}

// oneSlip reports whether one letter that is missing, too many or another, or two that changed places, make a of b.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return false // the same
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
