package scenarios

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/services/e2e/stack"
)

// indexed is how many records the matcher's index holds.
func indexed(t *testing.T, s *stack.Stack) int64 {
	t.Helper()
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: s.Redis})
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	n, err := stateredis.NewIndex(client).CountEntries(t.Context(), stack.Space)
	require.NoError(t, err)
	return n
}

// erase has somebody who was linked by a rule erased. The two are apart, and the index forgets both of their records: as they were one person, they
// are erased together. Nobody comes back by a record that says the same again.
func (n *namesake) erase(t *testing.T, s *stack.Stack) {
	t.Helper()
	before := indexed(t, s)
	var done map[string]any
	consent(t, s, "/v1/overlays", map[string]any{"id": "erase-1", "point": map[string]string{"namespace": "card", "value": n.card.Value}, "overlay": "erased"}, &done)
	stack.Eventually(t, soon, "the erased record is taken back", func() error { return n.parted(t, s) })
	forgotten := func() error {
		if now := indexed(t, s); now != before-2 {
			return fmt.Errorf("%d records are in the index, and %d were", now, before)
		}
		return nil
	}
	stack.Eventually(t, soon, "the index forgets both records", forgotten)
	require.Empty(t, probable(t, s), "nobody is asked about them")
}
