package resolver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
)

// What the operator's rules let survive is what profiles are published with.
func TestProfilesFollowSurvivorship(t *testing.T) {
	speaks := func(id, kind, at, language string) string {
		return marshal(map[string]any{
			"id": id, "type": kind, "occurred_at": at, "data": euros(100), "traits": map[string]any{"language": language},
			"identifiers": list(proved("card", "2990001234567")),
		})
	}
	for name, c := range map[string]struct {
		by   map[string][]identity.Survival
		want string
	}{
		"by the product": {nil, "fr"},
		"newest first":   {map[string][]identity.Survival{"language": {identity.Recency}}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			rules := identity.DefaultRules()
			rules.Survivorship = c.by
			var err error
			r.graph, err = resolve.NewGraph(statemem.NewGraph(), rules)
			require.NoError(t, err)
			r.reader = resolve.NewReader(r.graph, r.cells)
			r.start("r1")
			r.web(speaks("w1", "order.placed", noon, "fr"))
			r.store(speaks("s1", "sale", "2026-03-14T18:00:00+01:00", "en"))
			r.eventually("the profile speaks "+c.want, func() bool {
				p := r.profiles()[retail+"/"+r.id("card", "2990001234567")]
				return p != nil && sales(p) == 200 && p.GetTraits()["language"] == c.want
			})
		})
	}
}
