package ingest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/profile"
	"rcu/pkg/stream"
)

// An order that is sent again after Redis went away has lost its devices, which nobody could judge. It is the same order in the same leaf: the fold
// and ClickHouse's key know it.
func TestAnOrderSentAgainWithoutRedisHasItsLeaf(t *testing.T) {
	t.Parallel()
	for name, identifiers := range map[string]string{
		"cookie and order number":   `{"namespace":"cookie","value":"c1"},{"namespace":"order","value":"5"}`,
		"e-mail, cookie and number": `{"namespace":"email","value":"anne@b.fr"},{"namespace":"cookie","value":"c1"},{"namespace":"order","value":"5"}`,
		"cookie alone":              `{"namespace":"cookie","value":"c1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "web", nil)
			r.send("web-1", decision("g", "cookie", "c1", "unify_behaviour", "grant", "2026-03-14T09:00:00Z"))
			order := `{"id":"o1","type":"order.placed","occurred_at":"2026-03-14T11:00:00Z","identifiers":[` + identifiers + `],"data":{"total":{"amount":4599,"currency":"EUR"}}}`
			require.Equal(t, "accepted", statuses(r.send("web-1", order)))
			r.cells.away.Store(true)
			require.Equal(t, "accepted", statuses(r.send("web-1", order)))
			copies := r.events(stream.TopicEventsWeb)
			require.Len(t, copies, 2)
			require.Len(t, copies[1].GetIdentifiers(), len(copies[0].GetIdentifiers())-1, "the second copy has no cookie")
			require.Equal(t, copies[0].GetLeafKey(), copies[1].GetLeafKey())
			require.Equal(t, r.producer.of(stream.TopicEventsWeb)[0].Key, r.producer.of(stream.TopicEventsWeb)[1].Key, "one partition has both")
			require.Equal(t, profile.RowKey(copies[0]), profile.RowKey(copies[1]))
			if len(copies[0].GetLeafKey()) == 0 {
				return
			}
			var state profile.State
			require.Equal(t, profile.Folded, state.Fold(profile.Folding{Event: copies[0]}))
			require.Equal(t, profile.Duplicate, state.Fold(profile.Folding{Event: copies[1]}))
		})
	}
}
