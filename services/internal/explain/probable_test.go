package explain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

func TestProbableLink_inWords(t *testing.T) {
	e := &resolve.EdgeView{
		A: identifier.Key{Namespace: identifier.Card, Value: "a"}, B: identifier.Key{Namespace: identifier.Phone, Value: "b"},
		Outcome: identity.Joined, Strength: identity.ProbableStrength, Probable: true, AutoLink: .99, Rules: 7,
		Compared: []identity.Compared{{At: 5e6, Millionths: 0}, {At: 6e6, Millionths: 998_765}},
	}
	tell := func(l Language) Link {
		return Teller{Language: l, Name: func(k identifier.Key) string { return k.Value }}.Link(e)
	}
	english := tell(English)
	require.InDelta(t, .998765, english.Probable.Probability, 1e-9)
	require.True(t, english.Probable.Links)
	require.Contains(t, english.Words, "probable match: their records are 99.8765 % likely")
	require.Contains(t, english.Words, "version 7 of the rules links from 99 %")
	require.Contains(t, tell(French).Words, "leurs fiches sont à 99,8765 % celles d'une même personne, et la version 7 des règles relie à partir de 99 %")
	e.Outcome, e.Reason, e.Probable, e.AutoLink = identity.RefusedEdge, identity.ReasonProbable, false, 0
	require.Contains(t, tell(English).Words, "refused: nothing but a probable match")
	require.False(t, tell(English).Probable.Links)
	require.Contains(t, French.because(&Cause{Kind: "match"}), "rapprochement probable")
	e.Compared = nil
	require.Nil(t, tell(English).Probable)
}
