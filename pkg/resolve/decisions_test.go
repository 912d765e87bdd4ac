package resolve_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// A decision goes into the register of its point, a wish into the wishes of its point, and neither into the other.
func TestJoinDecisions(t *testing.T) {
	point := identifier.Key{Namespace: identifier.Email, Value: "p"}
	refused := &eventpb.Decision{Space: "s", Controller: "c", Id: "1", Purpose: "marketing", Channel: "email", Decision: "refuse", DecidedAt: 5}
	pause := &eventpb.Decision{Space: "s", Controller: "c", Id: "2"}
	contact.Wish{Kind: contact.WishPause, At: 5, Value: 9}.Say(pause)
	require.Equal(t, resolve.ConsentCell("s", "c", point), resolve.DecisionCell(refused, point))
	require.Equal(t, resolve.WishCell("s", "c", point), resolve.DecisionCell(pause, point))
	both := []*eventpb.Decision{refused, pause}

	value, changed, err := resolve.JoinDecisions(resolve.DecisionCell(refused, point), nil, both)
	require.NoError(t, err)
	require.True(t, changed)
	register, err := consent.DecodeRegister(value)
	require.NoError(t, err)
	require.Len(t, register.All(), 1)
	_, changed, err = resolve.JoinDecisions(resolve.DecisionCell(refused, point), value, both)
	require.NoError(t, err)
	require.False(t, changed, "again")

	value, changed, err = resolve.JoinDecisions(resolve.DecisionCell(pause, point), nil, both)
	require.NoError(t, err)
	require.True(t, changed)
	book, err := contact.DecodeBook(value)
	require.NoError(t, err)
	require.Len(t, book.All(), 1)
	_, changed, err = resolve.JoinDecisions(resolve.DecisionCell(pause, point), value, both)
	require.NoError(t, err)
	require.False(t, changed)
	merged, err := resolve.MergeWishes(value, nil)
	require.NoError(t, err)
	require.Equal(t, value, merged)

	for _, d := range both {
		_, _, err = resolve.JoinDecisions(resolve.DecisionCell(d, point), []byte{0xff}, both)
		require.Error(t, err, "what cannot be read is not overwritten")
	}
}
