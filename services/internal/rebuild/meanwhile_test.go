package rebuild_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
)

// A decision that comes while its register is being filled does not displace what the register held, and is not displaced by it.
func TestADecisionWhileItsRegisterIsFilled(t *testing.T) {
	i := newInstallation(t)
	c := &chooser{i: i}
	const people = 400
	for n := range people {
		c.said(identifier.Email, address(n), "overlay:restricted", "", "object", 0, false)
	}
	i.publish()
	i.resolved()
	fresh := openRedis(t)
	ctx, done := context.WithCancel(t.Context())
	var deciding sync.WaitGroup
	var granted sync.Map // person -> a grant is in the register
	for part := range 4 {
		deciding.Go(func() {
			for n := part; ctx.Err() == nil; n += 4 {
				if i.grantAt(stateredis.NewCells(fresh), n%people, n) {
					granted.Store(n%people, true)
				}
			}
		})
	}
	_, err := rebuild.Redis(t.Context(), rebuild.Config{Margin: -1}, rebuild.Deps{Stream: i.client, Redis: fresh})
	done()
	deciding.Wait()
	require.NoError(t, err)
	cells := stateredis.NewCells(fresh)
	for n := range people {
		stored, err := cells.LoadCells(t.Context(), []string{i.registerOf(n)})
		require.NoError(t, err)
		register, err := consent.DecodeRegister(stored[0].Value)
		require.NoError(t, err)
		require.Contains(t, register.Overlays(time.Now().Unix()), consent.Restricted, "person %d", n)
		if _, said := granted.Load(n); said {
			require.Contains(t, register.All(), consent.PurposeChannel{Purpose: consent.Profiling}, "person %d", n)
		}
	}
}

func (i *installation) registerOf(n int) string {
	return resolve.ConsentCell(space, retail, identifier.KeyOf(identifier.Email, i.ring.Pseudonym(space, identifier.Email, address(n))))
}

// grantAt joins a decision into the register of somebody's address, as the consent API does: on what it has read. It reports whether it is there.
func (i *installation) grantAt(cells *stateredis.Cells, n, number int) bool {
	written := []bool{false}
	stored, err := cells.LoadCells(i.t.Context(), []string{i.registerOf(n)})
	if err == nil {
		d := &eventpb.Decision{Id: fmt.Sprintf("m%d", number), Purpose: "profiling", Decision: "grant", DecidedAt: time.Now().Unix()}
		if joined, news, wrong := resolve.JoinDecisions(stored[0].Key, stored[0].Value, []*eventpb.Decision{d}); wrong == nil && news {
			stored[0].Value = joined
			written, err = cells.CommitCells(i.t.Context(), stored)
		}
	}
	require.NoError(i.t, err)
	return written[0]
}
