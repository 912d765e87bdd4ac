package ingest_test

import (
	"bytes"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event/badinput"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

func TestBadInput_eachNamesFieldAndFix_goodOnesOfTheBatchAreAccepted(t *testing.T) {
	rigs := map[string]*rig{}
	cases := badinput.Cases()
	require.GreaterOrEqual(t, len(cases), 60)
	for _, c := range cases {
		if rigs[c.Channel] == nil {
			rigs[c.Channel] = newRig(t, c.Channel, nil)
		}
	}
	runtime.GC()
	goroutines := runtime.NumGoroutine()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			r := rigs[c.Channel]
			body := goodOf(c.Channel, "before") + "\n" + string(c.Body) + "\n" + goodOf(c.Channel, "after")
			req := r.request(c.Channel+"-1", body)
			if !bytes.ContainsAny(c.Body, "\r\n") {
				req.Header.Set("Content-Type", "application/x-ndjson")
			}
			w := r.do(req)
			if len(body) > 1<<20 {
				require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
				return
			}
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			a := answerOf(t, w)
			if len(bytes.TrimSpace(c.Body)) == 0 {
				require.Equal(t, 2, a.Accepted)
				return
			}
			require.Len(t, a.Results, 3)
			require.Equal(t, []string{"accepted", "rejected", "accepted"}, []string{a.Results[0].Status, a.Results[1].Status, a.Results[2].Status})
			require.Equal(t, string(c.Reason), a.Results[1].Reason)
			require.Equal(t, c.Field, a.Results[1].Field)
			require.NotEmpty(t, a.Results[1].Fix)
		})
	}
	for channel, r := range rigs {
		require.Equal(t, "accepted", statuses(r.send(channel+"-1", goodOf(channel, "last"))), "%s still answers", channel)
		require.NotEmpty(t, r.producer.of(stream.TopicDeadLetter))
		testkit.LintMetrics(t, r.registry)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+1 }, 5*time.Second, time.Millisecond, "goroutines are left") // one is the check itself
}
