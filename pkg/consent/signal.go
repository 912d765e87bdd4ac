package consent

import (
	"slices"
	"strings"
)

// Shared lists the purposes of advertising and sharing on a point: those of the registered recipients, and those that anything is known of.
func (r Register) Shared(registered []Purpose) []Purpose {
	out := slices.Clone(registered)
	for _, e := range r.entries {
		for _, base := range []Purpose{AdsCustomAudience, SharePartner} {
			if strings.HasPrefix(string(e.Purpose), string(base)+":") && !slices.Contains(out, e.Purpose) {
				out = append(out, e.Purpose)
			}
		}
	}
	return out
}

// Signalled lists what a global privacy control refuses on a device: advertising and sharing about which the person has not said anything. An
// explicit choice of the person wins, before and after.
func (r Register) Signalled(registered []Purpose) []Purpose {
	return slices.DeleteFunc(r.Shared(registered), func(p Purpose) bool { return len(r.History(p, "").Said) > 0 })
}
