package contacts_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
	"rcu/services/contacts"
)

// On a real Redis: a hundred requests at once under a cap of three give three, over the points of one person; and a withdrawal that stands in
// Redis is answered by the next request.
func TestRealRedis(t *testing.T) {
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.Redis(t)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	r := &rig{t: t, now: time.Now(), logs: &bytes.Buffer{}} // Redis forgets by a clock of its own
	r.serve(stateredis.NewGraph(client), stateredis.NewCells(client), stateredis.NewContacts(client), func(c *contacts.Config) {
		c.Rules.Caps = []contact.Cap{{Most: 3, Hours: 168, Source: "test"}}
		c.Timeout = 20 * time.Second
	})
	keys := []identifier.Key{r.key(identifier.Customer, "4711")}
	for i := range 4 {
		k := r.key(identifier.Email, fmt.Sprintf("marie%d@example.org", i))
		r.decide(k, consent.Marketing, "email", consent.Grant)
		keys = append(keys, k)
	}
	for _, k := range keys[1:] {
		r.together(keys[0], k)
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	reasons := map[string]int{}
	for i := range 100 {
		done.Go(func() {
			a := r.ask("reserve", mail(fmt.Sprintf("m%d", i), fmt.Sprintf("marie%d@example.org", i%4)))
			mu.Lock()
			defer mu.Unlock()
			reasons[a.Reason]++
		})
	}
	done.Wait()
	require.Equal(t, map[string]int{"": 3, "cap": 97}, reasons)
	r.decide(keys[1], consent.Marketing, "email", consent.Withdraw, r.now)
	require.Equal(t, "no_permission", r.ask("reserve", mail("late", "marie0@example.org")).Reason)
}
