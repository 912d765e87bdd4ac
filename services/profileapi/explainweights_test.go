package profileapi_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/services/internal/contract"
	"rcu/services/internal/explain"
	"rcu/services/profileapi"
)

// scale weighs any two records alike, or fails.
type scale struct{ err error }

func (s scale) Weigh(context.Context, string, [2]string, explain.Language) ([]explain.Weight, error) {
	return []explain.Weight{{What: "Birth date", Found: "the same", Bits: "+14.3", Side: "for"}, {What: "Together", Found: "99.9 %", Bits: "+10.0", Side: "put together"}}, s.err
}

// TestExplain_weighsAProbableLink: the answer says how probable the link is and what each comparison says, as the contract describes it; where
// the index cannot be read it says the first alone.
func TestExplain_weighsAProbableLink(t *testing.T) {
	for name, weigher := range map[string]scale{"weighed": {}, "the index is away": {errors.New("away")}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send(till, "sale", at(10, 9), fields{"identifiers": ids("card", "88001111"), "data": total(100)})
			w.send(till, "sale", at(11, 9), fields{"identifiers": ids("phone", "0611111112"), "data": total(100)})
			rules := identity.DefaultRules()
			rules.AutoLink = .99
			require.NoError(t, w.graph.SetRules(t.Context(), space, rules, time.Now().Unix()))
			m := &identity.Match{
				ID: "m", A: identifier.KeyOf(identifier.Card, w.ring.Pseudonym(space, identifier.Card, "88001111")),
				B:        identifier.KeyOf(identifier.Phone, w.ring.Pseudonym(space, identifier.Phone, "+33611111112")),
				Compared: identity.Compared{Records: [2]string{"one", "two"}, At: 1e9, Millionths: 999_000},
			}
			if identity.Lesser(m.B, m.A) {
				m.A, m.B = m.B, m.A
			}
			_, err := w.graph.Apply(t.Context(), space, []identity.Fact{m}, nil, clock.Unix())
			require.NoError(t, err)
			a := newAPI(t, w, func(_ *profileapi.Config, d *profileapi.Deps) { d.Weigher = weigher })
			path := "/v1/profiles/" + w.name(identifier.Card, "88001111") + "/explain?purpose=contract"
			got := a.do(httptest.NewRequestWithContext(t.Context(), "GET", path, nil), "adviser")
			require.NoError(t, contract.Load(t, "profile-api").Hold(t, "GET", path, "", got.ResponseRecorder))
			var why profileapi.Explanation
			got.json(&why)
			require.Len(t, why.Links, 1)
			require.True(t, why.Links[0].Probable.Links)
			require.InDelta(t, .999, why.Links[0].Probable.Probability, 1e-9)
			require.Len(t, why.Links[0].Probable.Weighs, map[string]int{"weighed": 2}[name])
		})
	}
}
