package stack

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const pollEvery = 20 * time.Millisecond

// Eventually asks again and again until holds returns nil, and returns how long that took. After within the test fails with the
// last reason.
func Eventually(t testing.TB, within time.Duration, what string, holds func() error) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := holds()
		took := time.Since(began)
		if err == nil {
			return took
		}
		if took > within {
			require.NoError(t, err, "after %s it is not so that %s", within, what)
		}
		<-tick.C
	}
}
