package steward

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

// alike is a source of one matter whose weight is a sum.
type alike struct{ keys []identifier.Key }

type summed struct{}

func (summed) Weights(l explain.Language) []explain.Weight {
	if l == explain.French {
		return []explain.Weight{{What: "Date de naissance", Found: "égale", Bits: "+8,4", Side: "pour"}, {What: "Somme", Found: "99,1 %", Bits: "+6,8", Side: "une personne"}}
	}
	return []explain.Weight{{What: "Birth date", Found: "equal", Bits: "+8.4", Side: "for"}, {What: "Sum", Found: "99.1 %", Bits: "+6.8", Side: "one person"}}
}

func (alike) Kind() string                               { return "probable" }
func (alike) Count(context.Context, string) (int, error) { return 1, nil }
func (x alike) Matters(context.Context, string, string, int) ([]review.Matter, string, error) {
	return []review.Matter{{Because: "alike", Weight: 7, Keys: x.keys, People: x.keys, Detail: summed{}, Words: func(explain.Language) string { return "alike" }}}, "", nil
}

// TestPages_showWhatWasWeighed: of a probable match the steward reads what each comparison says, in a table whose rows have names.
func TestPages_showWhatWasWeighed(t *testing.T) {
	r := newRig(t)
	one, other := r.key("card", cardOne), r.key("card", cardTwo)
	r.seen("shop", one, r.key("phone", "+33611223344"))
	r.seen("shop", other, r.key("phone", "+33611223355"))
	r.s.sources = append(r.s.sources, alike{[]identifier.Key{one, other}})
	r.steward("anne", "fr").open("/steward/queue?kind=probable").says(
		"<summary>Ce que dit chaque comparaison</summary>", "Aucune valeur n’est affichée.", `role="region"`,
		`<th scope="row">Date de naissance</th><td>égale</td><td class="figure">+8,4</td><td>pour</td>`, "99,1 %")
	r.steward("anne", "en").open("/steward/queue?kind=probable").says(
		"<summary>What each comparison says</summary>", "No values are shown.", `<th scope="row">Birth date</th>`, "+8.4", "99.1 %")
}

// Weigh weighs any two records alike.
func (s summed) Weigh(_ context.Context, _ string, _ [2]string, l explain.Language) ([]explain.Weight, error) {
	return s.Weights(l), nil
}

// TestPages_showWhatWasWeighedOfALink: the page of a record tells of a link that a probable match makes what each comparison says.
func TestPages_showWhatWasWeighedOfALink(t *testing.T) {
	r := newRig(t)
	r.s.deps.Weigher = summed{}
	rules := identity.DefaultRules()
	rules.AutoLink = .99
	require.NoError(t, r.graph.SetRules(t.Context(), space, rules, time.Now().Unix()))
	card, phone := r.key("card", cardOne), r.key("phone", "+33611223344")
	r.seen("shop", card)
	r.seen("shop", phone)
	m := &identity.Match{ID: "m", A: card, B: phone, Compared: identity.Compared{Records: [2]string{"one", "two"}, At: 1e9, Millionths: 999_000}}
	if identity.Lesser(m.B, m.A) {
		m.A, m.B = m.B, m.A
	}
	_, err := r.graph.Apply(t.Context(), space, []identity.Fact{m}, nil, time.Now().Unix())
	require.NoError(t, err)
	path := "/steward/identifiers/" + r.s.name(space, card)
	r.steward("anne", "fr").open(path).says("99,9 %", "<summary>Ce que dit chaque comparaison</summary>", `<th scope="row">Date de naissance</th>`)
	r.steward("anne", "en").open(path).says("99.9 %", "<summary>What each comparison says</summary>", `<th scope="row">Birth date</th>`)
}
