package rebuild

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// contended is a register that a rebuild joins into one that stands, while somebody else decides.
type contended struct {
	t     *testing.T
	cells *stateredis.Cells
	key   string
	n     int
}

func newContended(t *testing.T) *contended {
	t.Helper()
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.RedisServer(t).Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return &contended{t: t, cells: stateredis.NewCells(client), key: resolve.ConsentCell("maison", "maison-retail", identifier.Key{Namespace: identifier.Email, Value: "\x01 sixteen bytes .."})}
}

// with joins a decision into a value.
func (c *contended) with(value []byte, purpose, decision string) []byte {
	c.t.Helper()
	c.n++
	d := &eventpb.Decision{Id: fmt.Sprint("d", c.n), Purpose: purpose, Decision: decision, DecidedAt: time.Now().Unix() - 100 + int64(c.n)}
	joined, news, err := resolve.JoinDecisions(c.key, value, []*eventpb.Decision{d})
	require.NoError(c.t, err)
	require.True(c.t, news)
	return joined
}

// decide writes a decision as the consent API does: on what it has read.
func (c *contended) decide(purpose, decision string) {
	c.t.Helper()
	stored, err := c.cells.LoadCells(c.t.Context(), []string{c.key})
	require.NoError(c.t, err)
	stored[0].Value = c.with(stored[0].Value, purpose, decision)
	written, err := c.cells.CommitCells(c.t.Context(), stored)
	require.NoError(c.t, err)
	require.True(c.t, written[0])
}

// join joins the register of a changelog into the one that stands; between its reading and its writing something happens, each time it is tried.
func (c *contended) join(register []byte, between func(try int)) error {
	c.t.Helper()
	joined, try := shared[consentKind], 0
	shared[consentKind] = func(a, b []byte) ([]byte, error) {
		try++
		between(try)
		return joined(a, b)
	}
	defer func() { shared[consentKind] = joined }()
	w := &work{cells: c.cells}
	return w.join(c.t.Context(), []resolve.Cell{{Key: c.key, Version: 1, Value: register}})
}

// A register that somebody writes between its reading and its writing is joined again: neither the decision of now nor those of the changelog are lost.
func TestARegisterThatIsWrittenWhileItIsJoined(t *testing.T) {
	c := newContended(t)
	c.decide("profiling", "grant")
	require.NoError(t, c.join(c.with(nil, "overlay:restricted", "object"), func(try int) {
		if try == 1 {
			c.decide("geoloc", "refuse")
		}
	}))
	stored, err := c.cells.LoadCells(t.Context(), []string{c.key})
	require.NoError(t, err)
	register, err := consent.DecodeRegister(stored[0].Value)
	require.NoError(t, err)
	require.Contains(t, register.Overlays(time.Now().Unix()), consent.Restricted, "of the changelog")
	for _, p := range []consent.Purpose{consent.Profiling, consent.Geoloc} {
		require.Contains(t, register.All(), consent.PurposeChannel{Purpose: p}, "decided meanwhile")
	}
}

// One that somebody writes each time ends the rebuild with an error: it is not passed over.
func TestARegisterThatIsAlwaysWritten(t *testing.T) {
	c := newContended(t)
	c.decide("profiling", "grant")
	require.ErrorIs(t, c.join(c.with(nil, "overlay:restricted", "object"), func(try int) {
		c.decide("profiling", []string{"grant", "refuse"}[try%2])
	}), errContended)
}
