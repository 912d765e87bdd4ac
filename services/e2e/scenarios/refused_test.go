package scenarios

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event/badinput"
	"rcu/pkg/stream"
	"rcu/services/e2e/stack"
)

// goodSource of a channel.
var goodSource = map[string]string{"store": stack.TillParis, "web": stack.Shop, "mobile": stack.App, "callcentre": stack.Desk}

func TestEveryBadEventNamesItsFieldAndTheProgramIsUnharmed(t *testing.T) {
	s := stack.Shared(t)
	cases := badinput.Cases()
	require.GreaterOrEqual(t, len(cases), 60)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	identified := int64(0)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			source := goodSource[c.Channel]
			good, err := json.Marshal(happened("identifier.provided", at, p.accountID(), stack.Proved("email", p.email)))
			require.NoError(t, err)
			oneLine := !bytes.ContainsAny(c.Body, "\r\n")
			a := s.PostLines(t, source, oneLine, good, c.Body)
			if len(good)+len(c.Body) > 1<<20 {
				require.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
				return
			}
			require.Equal(t, http.StatusOK, a.Status, a.Body)
			require.Equal(t, "accepted", a.Results[0].Status)
			identified++
			if len(bytes.TrimSpace(c.Body)) == 0 {
				return
			}
			last := a.Results[len(a.Results)-1]
			require.Equal(t, "rejected", last.Status, a.Body)
			require.Equal(t, []string{c.Field, string(c.Reason)}, []string{last.Field, last.Reason})
			require.NotEmpty(t, last.Fix)
			if c.Planted != "" {
				require.NotContains(t, a.Body, c.Planted)
			}
		})
	}
	known(t, s, p.accountID(), func(r stack.Reading) error {
		return is(map[string]int64{"identifier.provided": identified})(numbers(r.Counters))
	})
	noneBuried(t, s, cases)
}

func numbers(counters map[string]int64) stack.Row {
	row := stack.Row{}
	for name, n := range counters {
		raw, err := json.Marshal(n)
		if err == nil {
			row[name] = json.Number(raw)
		}
	}
	return row
}

// noneBuried says that no dead letter shows what was planted in a bad event.
func noneBuried(t *testing.T, s *stack.Stack, cases []badinput.Case) {
	t.Helper()
	s.ReadTopic(t, stream.TopicDeadLetter, func(r stream.Record) {
		for _, c := range cases {
			if c.Planted != "" && strings.Contains(string(r.Value), c.Planted) {
				t.Errorf("a dead letter holds what was planted by %s", c.Name)
			}
		}
	})
}
