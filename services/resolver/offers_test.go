package resolver_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// takenBack are sales that offered something, each taken back later, in either order and lane, some of them heard again.
func takenBack(t *testing.T, seed uint64) *history {
	t.Helper()
	return historyOf(t, seed, func(m *maker) {
		for n := range 12 {
			m.n++
			id, at := fmt.Sprintf("s%d", n), m.when()
			card, mail, ticket := m.card(), m.pick("a@example.fr", "b@example.fr"), is("ticket", fmt.Sprint("t", n))
			data := euros(500)
			data["soft_optin"] = list(map[string]any{"point": is("email", mail), "family": m.pick("shoes", "coats"), "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"}})
			told := []string{
				j(id, "sale", at.Format(time.RFC3339), list(card, ticket), data),
				j(id+"r", "event.retracted", at.Add(90*time.Minute).Format(time.RFC3339), list(card, ticket), map[string]any{"id": id, "type": "sale"}),
			}
			for range m.rng.IntN(3) {
				told = append(told, told[m.rng.IntN(2)])
			}
			m.rng.Shuffle(len(told), func(i, k int) { told[i], told[k] = told[k], told[i] })
			for _, raw := range told {
				m.put(raw, eventpb.Channel_CHANNEL_STORE, retail, m.chance(.4))
			}
		}
	})
}

// toldBack are the facts that the resolver told of sales taken back, but for when it learned of them.
func (w *world) toldBack() []string {
	w.t.Helper()
	out := map[string]bool{}
	for _, d := range messages[eventpb.Decision](w.t, w.log.topics[stream.TopicConsents]) {
		out[fmt.Sprintf("%s at %x of %d: %s %s", d.GetId(), d.GetPoint().GetPseudonym(), d.GetDecidedAt(), d.GetDecision(), d.GetPurpose())] = true
	}
	return slices.Sorted(maps.Keys(out))
}

// differently counts runs over histories of sales taken back that tell something else of them than a run in order.
func differently(t *testing.T, seeds uint64) (n int) {
	t.Helper()
	for seed := range seeds {
		h := takenBack(t, seed)
		clean := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
		clean.finish()
		require.GreaterOrEqual(t, len(clean.toldBack()), 12, "each sale at its point")
		w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: seed, workers: 3, fail: .03, between: .05})
		w.run()
		if !slices.Equal(clean.toldBack(), w.toldBack()) {
			n++
		}
	}
	return n
}

// What is told of sales that are taken back follows from the sales and the retractions alone: neither their order nor how often they are read matters. A
// fact of another time would stand in the registers beside the first, and a rebuild would give other registers.
func TestOffersTakenBack_areToldAlike(t *testing.T) {
	require.Zero(t, differently(t, 8))
	resolver.Plant(t, resolver.Faults{SoldByTeller: true})
	require.Positive(t, differently(t, 8))
}
