package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/warehouse"
)

// bought writes an order of a leaf under an owner, as a resolver of that time did.
func bought(t testing.TB, w *warehouse.Warehouse, l [16]byte, id, rcuID string, received time.Time) {
	t.Helper()
	f := fact("ka", l, id, rcuID, "order.placed", "web")
	f.ReceivedAt = received.UnixMicro()
	events, orders, lines := warehouse.NewEvents(), warehouse.NewOrders(), warehouse.NewOrderLines()
	events.Append(&warehouse.EventRow{Fact: f, Amount: 100, Currency: "EUR"})
	key := [16]byte{1: id[0], 2: id[len(id)-1]}
	orders.Append(&warehouse.OrderRow{Fact: f, OrderKey: key, Amount: 100, Currency: "EUR"})
	lines.Append(&f, &warehouse.LineRow{OrderKey: key, Line: 1, SKU: "A", Quantity: 1, Amount: 100, Currency: "EUR"})
	for _, b := range []warehouse.Block{events, orders, lines} {
		insert(t, w, b)
	}
}

// shown is what analysts see.
func shown(t testing.TB, w *warehouse.Warehouse) []any {
	t.Helper()
	return []any{
		ask(t, w, "SELECT * FROM customer_timeline ORDER BY event_key"),
		ask(t, w, "SELECT * FROM orders_by_channel ORDER BY ALL"),
		ask(t, w, "SELECT * EXCEPT (rcu_id, version) FROM events FINAL ORDER BY ALL"),
		ask(t, w, "SELECT * EXCEPT (rcu_id, version) FROM order_lines FINAL ORDER BY ALL"),
	}
}

func owned(t testing.TB, w *warehouse.Warehouse, table, rcuID string) any {
	t.Helper()
	return one(t, w, "SELECT count() FROM "+table+" FINAL WHERE rcu_id = '"+rcuID+"'")
}

// squashable has leaves with rows of more months than one insert may touch by default, whose owners changed in every way.
func squashable(t testing.TB) *warehouse.Warehouse {
	t.Helper()
	w := open(t)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for half := range 2 {
		b := warehouse.NewEvents()
		for month := range 55 {
			f := fact("ka", leaf(1), fmt.Sprintf("b%d-%d", half, month), "old", "product.viewed", "web")
			f.ReceivedAt = now.AddDate(0, -55*half-month, 0).UnixMicro()
			b.Append(&warehouse.EventRow{Fact: f, Behaviour: true})
		}
		insert(t, w, b)
	}
	for month := range 3 {
		bought(t, w, leaf(2), fmt.Sprintf("o%d", month), "old", now.AddDate(0, -month, 0))
	}
	browse(t, w, leaf(3), "other", "x1")
	browse(t, w, leaf(4), "old", "y1")
	override(t, w, leaf(1), "between", 5)
	override(t, w, leaf(1), "new", 10)
	override(t, w, leaf(2), "new", 11)
	override(t, w, leaf(3), "", 12)
	override(t, w, leaf(4), "recent", 1000)
	return w
}

func TestSquash_rowsTakeTheirOwnersAndOverridesGo(t *testing.T) {
	w := squashable(t)
	before := shown(t, w)
	n, err := w.Squash(t.Context(), 100, warehouse.SquashMost)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, 1.0, one(t, w, "SELECT count() FROM leaf_owners FINAL"), "the recent one stays")
	require.NoError(t, w.ReloadOwners(t.Context()))
	require.Equal(t, before, shown(t, w))
	require.Equal(t, 113.0, owned(t, w, "events", "new"))
	for _, table := range []string{"orders", "order_lines"} {
		require.Equal(t, 3.0, owned(t, w, table, "new"), table)
	}
	require.Equal(t, 1.0, owned(t, w, "events", "old"), "of the leaf whose override is recent")

	n, err = w.Squash(t.Context(), 100, warehouse.SquashMost)
	require.NoError(t, err)
	require.Zero(t, n)

	bought(t, w, leaf(2), "o0", "old", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) // delivered again, as it was
	require.Equal(t, before, shown(t, w), "what was delivered before stays behind what was squashed")
}

func TestSquash_cutShort_isDoneAgain(t *testing.T) {
	w := squashable(t)
	before := shown(t, w)
	ctx, kill := context.WithCancelCause(t.Context())
	_, err := w.SquashWith(ctx, 100, func() { kill(errors.New("killed")) })
	require.Error(t, err)
	require.Equal(t, 4.0, one(t, w, "SELECT count() FROM leaf_owners FINAL"))
	require.Equal(t, before, shown(t, w))
	rows := one(t, w, "SELECT count() FROM events")
	n, err := w.Squash(t.Context(), 100, warehouse.SquashMost)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.NoError(t, w.ReloadOwners(t.Context()))
	require.Equal(t, before, shown(t, w))
	require.LessOrEqual(t, one(t, w, "SELECT count() FROM events"), rows, "rows that have their owner are not written again")
}

func TestSquash_anOverrideThatComesMeanwhileStays(t *testing.T) {
	w := squashable(t)
	_, err := w.SquashWith(t.Context(), 100, func() { override(t, w, leaf(1), "newest", 20) })
	require.NoError(t, err)
	require.NoError(t, w.ReloadOwners(t.Context()))
	require.Equal(t, 110.0, one(t, w, "SELECT count() FROM customer_timeline WHERE rcu_id = 'newest'"))
	n, err := w.Squash(t.Context(), 100, warehouse.SquashMost)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, w.ReloadOwners(t.Context()))
	require.Equal(t, 110.0, one(t, w, "SELECT count() FROM customer_timeline WHERE rcu_id = 'newest'"))
}

func TestSquash_someAtATime(t *testing.T) {
	w := squashable(t)
	before := shown(t, w)
	for range 3 {
		n, err := w.Squash(t.Context(), 100, 1)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	require.NoError(t, w.ReloadOwners(t.Context()))
	require.Equal(t, before, shown(t, w))
	require.Equal(t, 1.0, one(t, w, "SELECT count() FROM leaf_owners FINAL"))
}
