package rebuild_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
)

// sayAgain has people decide, and buy, through sources that send things again under the ids that they had: as they were, with other times, with other
// purposes, with another decision; and has sales that offered something taken back, before or after they are heard. It returns what is sent later on.
func (i *installation) sayAgain(rng *rand.Rand, people int) (later []map[string]any) {
	now := time.Now()
	ago := func() time.Time {
		return now.Add(-time.Duration(1+rng.IntN(48*60)) * time.Minute).Truncate(time.Second)
	}
	decided := func(id string, n int) {
		d := map[string]any{
			"point": alias("email", address(n)), "purpose": "profiling", "decision": []string{"grant", "grant", "refuse", "withdraw"}[rng.IntN(4)],
			"decided_at": ago(), "act": "banner", "notice": map[string]any{"id": "n1", "version": fmt.Sprint(1 + rng.IntN(2)), "language": "fr"},
		}
		switch rng.IntN(4) {
		case 0:
			d["purpose"], d["channel"] = "marketing", "email"
		case 1:
			d["expires_at"] = now.Add(time.Duration(rng.IntN(48)) * time.Hour).Truncate(time.Second)
		case 2:
			d["method"] = "carried"
		}
		i.send(eventpb.Channel_CHANNEL_WEB, map[string]any{"id": id, "type": "consent.decided", "occurred_at": ago(), "identifiers": []any{alias("email", address(n))}, "consent": []any{d}})
	}
	for n := range people {
		for range 2 + rng.IntN(20) { // more than a register keeps, now and then
			decided(fmt.Sprintf("c-%d-%d", n, rng.IntN(3)), n)
		}
		for k, e := range takenBack(rng, n, ago()) {
			if k == 0 {
				i.send(eventpb.Channel_CHANNEL_STORE, e)
			} else {
				later = append(later, e)
			}
		}
	}
	return later
}

// takenBack is something that is sold with an offer, and taken back by its card alone; some of it comes twice, in any order.
func takenBack(rng *rand.Rand, n int, at time.Time) []map[string]any {
	ids := []any{known("card", cardOf(n)), alias("ticket", fmt.Sprintf("lyon-2/%08d", n))}
	data := euros(1500)
	data["soft_optin"] = []any{map[string]any{"point": alias("email", address(n)), "family": "shoes", "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"}}}
	told := []map[string]any{
		{"id": fmt.Sprintf("t-%d", n), "type": "sale", "occurred_at": at, "identifiers": ids, "data": data},
		{"id": fmt.Sprintf("b-%d", n), "type": "event.retracted", "occurred_at": at.Add(20 * time.Second), "identifiers": ids, "data": map[string]any{"id": fmt.Sprintf("t-%d", n), "type": "sale"}},
	}
	for range rng.IntN(3) {
		told = append(told, told[rng.IntN(2)])
	}
	rng.Shuffle(len(told), func(x, y int) { told[x], told[y] = told[y], told[x] })
	return told
}

// Whatever is sent again under an id that was used, the registers come back as they were, and what is resolved once more changes nothing.
func TestWhatIsSaidAgainComesBack(t *testing.T) {
	i := newInstallation(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	later := i.sayAgain(rand.New(rand.NewPCG(seed, 3)), 40)
	i.live(40)
	for _, e := range later { // the resolver has heard the first of each
		i.send(eventpb.Channel_CHANNEL_STORE, e)
	}
	i.publish()
	i.resolved()
	was := survey(t, i.redis)
	require.Contains(t, was, "consent register")
	fresh := openRedis(t)
	_, err := rebuild.Redis(t.Context(), rebuild.Config{}, rebuild.Deps{Stream: i.client, Redis: fresh})
	require.NoError(t, err)
	require.Equal(t, was, survey(t, fresh))
	i.redis = fresh
	i.resolved()
	again := survey(t, fresh)
	delete(was, "leaf") // its version may move on
	delete(again, "leaf")
	require.Equal(t, was, again, "what is resolved again changes nothing")
}
