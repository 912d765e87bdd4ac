package scenarios

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// applyPatterns puts the rules in force again with other patterns of blocked values.
func applyPatterns(t *testing.T, s *stack.Stack, change func([]any) []any) {
	t.Helper()
	out, err := s.Command(t, "--json", "rules", "show")
	require.NoError(t, err)
	var shown []struct {
		Rules map[string]any `json:"rules"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &shown))
	rules := shown[0].Rules
	held, _ := rules["blocked_patterns"].([]any)
	version, _ := rules["version"].(float64)
	rules["version"], rules["blocked_patterns"] = version+1, change(held)
	raw, err := json.Marshal(rules)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "rules.json")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	_, err = s.Command(t, "rules", "apply", file)
	require.NoError(t, err)
}

// TestIngestorsFollowPatternsOfBlockedValuesWhileTheyRun: a pattern put in force is stamped on what comes next, without a restart; taken
// out, it gives its values and their links back at once.
func TestIngestorsFollowPatternsOfBlockedValuesWhileTheyRun(t *testing.T) {
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	email := stack.Proved("email", p.email)
	pattern := "email:^" + p.email + "$" // of nobody else in this run
	s.Send(t, stack.Shop, order(at, 1000, p.accountID(), email, p.orderID()))
	known(t, s, email, bought(1000, 0, 1))
	applyPatterns(t, s, func(held []any) []any { return append(held, pattern) })
	n := int64(1)
	standing := func(want string) error {
		n++
		s.Send(t, stack.Shop, order(at.Add(time.Duration(n)*time.Minute), 1, p.accountID(), email, stack.ID("order", fmt.Sprintf("%s-%d", p.order, n))))
		var got string
		for range 20 {
			if got = s.Lookup(t, stack.Service, email, "contract").Standing; got == want {
				return nil
			}
		}
		return fmt.Errorf("the address is %q", got)
	}
	stack.Eventually(t, soon, "an event behind the pattern blocks the address", func() error { return standing("blocked") })
	applyPatterns(t, s, func(held []any) []any { return slices.DeleteFunc(held, func(x any) bool { return x == pattern }) })
	require.Empty(t, s.Lookup(t, stack.Service, email, "contract").Standing, "what was blocked comes back at once")
	require.Equal(t, known(t, s, p.accountID(), bought(1000+n-1, 0, n)).RCUID, s.Lookup(t, stack.Service, email, "contract").RCUID)
}
