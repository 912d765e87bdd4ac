package profile

import (
	"testing"

	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// One table for each way to choose; every order of the leaves gives the same.
func TestSurvivorship(t *testing.T) {
	at := func(trust eventpb.Trust, when int64, value string) *State {
		return &State{traits: []Trait{{Name: "city", Trust: trust, At: when, ID: uint64(when), Value: value}}, first: 1, last: 1}
	}
	leaves := []*State{
		at(eventpb.Trust_TRUST_VERIFIED, 1, "verified"), at(eventpb.Trust_TRUST_SELF, 5, "often"), at(eventpb.Trust_TRUST_STATED, 6, "often"),
		at(eventpb.Trust_TRUST_SELF, 8, "self"), at(eventpb.Trust_TRUST_IMPORTED, 9, "newest"),
	}
	for name, c := range map[string]struct {
		by   Survivorship
		want string
	}{
		"none":                         {nil, "verified"},
		"source trust":                 {Survivorship{"city": {identity.SourceTrust}}, "verified"},
		"recency":                      {Survivorship{"city": {identity.Recency}}, "newest"},
		"recency of others":            {Survivorship{"zip": {identity.Recency}}, "verified"},
		"all":                          {Survivorship{"*": {identity.Recency}}, "newest"},
		"the attribute before all":     {Survivorship{"*": {identity.Recency}, "city": {identity.SourceTrust}}, "verified"},
		"most frequent":                {Survivorship{"city": {identity.MostFrequent}}, "often"},
		"verified first, then recency": {Survivorship{"city": {identity.VerifiedFirst, identity.Recency}}, "verified"},
	} {
		t.Run(name, func(t *testing.T) {
			for turn := range leaves {
				p := CombineBy(append(append([]*State{}, leaves[turn:]...), leaves[:turn]...), c.by)
				if got, _ := p.Trait("city"); got.Value != c.want {
					t.Errorf("got %q, want %q", got.Value, c.want)
				}
			}
			p := CombineBy(leaves[1:], Survivorship{"city": {identity.VerifiedFirst, identity.Recency}})
			if got, _ := p.Trait("city"); got.Value != "newest" {
				t.Errorf("nothing is verified: got %q", got.Value)
			}
		})
	}
}
