package judge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/services/e2e/chaos/load"
)

// What a kill could take from a person who chose is found, and nothing where all of it stands.
func TestChoices(t *testing.T) {
	grant := consent.Decision{Dec: consent.Grant, At: 10, ID: decisionID("a")}
	denial := consent.Decision{Dec: consent.Withdraw, At: 20, ID: decisionID("b")}
	register := func(ds ...consent.Decision) (r consent.Register) {
		for _, d := range ds {
			r, _ = r.Join(consent.PurposeChannel{Purpose: consent.Marketing, Channel: consent.ChannelEmail}, d)
		}
		return r
	}
	both := map[string]bool{decisionID("a"): true, decisionID("b"): true}
	granted := []load.Decided{{ID: "a", Grant: true}}
	denied := append(granted[:1:1], load.Decided{ID: "b"})
	full := map[string]bool{"1": true, "2": true, "3": true, "4": true}
	for name, x := range map[string]struct {
		person   load.Chosen
		register consent.Register
		evidence map[string]bool
		found    []string
	}{
		"all stands":               {load.Chosen{Decisions: denied}, register(grant, denial), both, nil},
		"a grant stands":           {load.Chosen{Decisions: granted}, register(grant), both, nil},
		"a denial is lost":         {load.Chosen{Decisions: denied}, register(grant), both, []string{"lost in the register (decision)", "choice that is not in force"}},
		"its evidence is lost":     {load.Chosen{Decisions: denied}, register(grant, denial), map[string]bool{decisionID("a"): true}, []string{"lost in kafka (decision)"}},
		"the register is empty":    {load.Chosen{Decisions: granted}, register(), both, []string{"lost in the register (decision)", "choice that is not in force"}},
		"contacts went over a cap": {load.Chosen{Decisions: granted, Made: full}, register(grant), both, []string{"contacts over the cap"}},
	} {
		s := &state{v: newVerdict()}
		s.choicesOf(&x.person, x.register, x.evidence, 100)
		require.Len(t, s.v.Findings, len(x.found), "%s: %s", name, s.v)
		for _, kind := range x.found {
			require.Contains(t, s.v.Findings, kind, name)
		}
	}
}
