package profileapi_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/services/profileapi"
)

// stoppingCells are read by a process that stands still behind it, until the time of the request is over.
type stoppingCells struct{ resolve.Cells }

func (c stoppingCells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	cells, err := c.Cells.LoadCells(context.WithoutCancel(ctx), keys)
	<-ctx.Done()
	return cells, err
}

// A process that stood still while it read a person knows what could be shown before, and the person may have refused since: it shows nothing.
func TestLateAnswer_showsNothing(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, func(c *profileapi.Config, d *profileapi.Deps) {
		c.ReadTimeout, d.Cells = 200*time.Millisecond, stoppingCells{w.cells}
	})
	got := a.lookup("service", "card", card, "contract")
	require.Equal(t, http.StatusServiceUnavailable, got.Code)
	require.NotContains(t, got.Body.String(), "rcu_id")
}
