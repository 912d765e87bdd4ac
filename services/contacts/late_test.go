package contacts_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/services/contacts"
)

// stopping is Kafka for a process that stands still when it has something to say, until the time of the step is over.
type stopping struct{}

func (stopping) Publish(ctx context.Context, _ []stream.Record) error {
	<-ctx.Done()
	return nil
}

// A process that stood still within a step knows what was permitted before, and the person may have refused since: the answer is no.
func TestLateAnswer_permitsNothing(t *testing.T) {
	r := &rig{t: t, now: monday, logs: &bytes.Buffer{}, kafka: stopping{}}
	r.serve(statemem.NewGraph(), statemem.NewCells(), statemem.NewContacts(func() time.Time { return r.now }), func(c *contacts.Config) { c.Timeout = 30 * time.Millisecond })
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	for _, step := range []string{"reserve", "confirm"} {
		w := r.send("service", step, mail("m1", marie))
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "%s: %s", step, w.Body)
		require.Contains(t, w.Body.String(), `"allowed":false`)
	}
}
