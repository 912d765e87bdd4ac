package httpserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/httpserver"
)

// unheard is a context whose timer has not fired yet, as behind a pause of the process.
type unheard struct {
	context.Context
	deadline time.Time
}

func (u unheard) Deadline() (time.Time, bool) { return u.deadline, true }

func TestLate_goesByTheClock(t *testing.T) {
	require.NoError(t, httpserver.Late(t.Context()))
	require.NoError(t, httpserver.Late(unheard{t.Context(), time.Now().Add(time.Hour)}))
	require.ErrorIs(t, httpserver.Late(unheard{t.Context(), time.Now()}), context.DeadlineExceeded)
	gone, leave := context.WithCancel(t.Context())
	leave()
	require.ErrorIs(t, httpserver.Late(gone), context.Canceled)
}
