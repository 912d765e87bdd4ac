package profileapi_test

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/services/profileapi"
)

func TestAudit_isAChainOfEveryRead(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	id := w.name(identifier.Card, card)
	a.lookup("seller", "card", card, "contract")
	a.get("privacy", "/v1/profiles/"+id+"/timeline?purpose=legal")
	a.get("seller", "/v1/profiles/"+id+"/explain?purpose=contract")
	a.get("seller", "/v1/profiles/"+id+"?purpose=contract&controller=spa-fr")
	a.lookup("seller+", "card", "11112222", "contract")
	a.get("seller", "/v1/profiles/"+w.name(identifier.Card, "11112222")+"?purpose=share_partner:acme")
	a.get("seller", "/v1/profiles/"+id) // no purpose: nothing was read
	lines := a.written(6)
	require.Len(t, lines, 6)
	want := [][]string{
		{"lookup", "reader seller", "contract", id, "ok"},
		{"timeline", "reader privacy", "legal", id, "ok"},
		{"explain", "reader seller", "contract", id, "denied"},
		{"read", "reader seller", "contract", id, "denied"},
		{"lookup", "reader seller+", "contract", "", "not_found"},
		{"read", "reader seller", "share_partner:acme", w.name(identifier.Card, "11112222"), "not_found"},
	}
	var previous []byte
	for i, l := range lines {
		got := []string{l.GetAction(), l.GetActor(), l.GetPurpose(), l.GetRcuId(), l.GetOutcome()}
		require.Equal(t, want[i], got)
		require.Equal(t, "paris-1", l.GetStore())
		require.Equal(t, clock.UnixMicro(), l.GetAt())
		require.Equal(t, uint64(i), l.GetNumber())
		require.Equal(t, lines[0].GetChain(), l.GetChain())
		require.Equal(t, previous, l.GetPrevious())
		raw, err := proto.Marshal(l)
		require.NoError(t, err)
		sum := sha256.Sum256(a.audit.records[i].Value)
		require.Equal(t, a.audit.records[i].Value, raw)
		previous = sum[:]
	}
	require.Equal(t, []string{"shop-fr", "spa-fr"}, lines[4].GetControllers())
}

func TestAudit_readsThatCannotBeWrittenDownAreRefused(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, func(c *profileapi.Config, _ *profileapi.Deps) { c.AuditQueue = 3 })
	hold := make(chan struct{})
	a.audit.set(nil, hold)
	ok := 0
	require.Eventually(t, func() bool { // one batch is on its way, three lines wait
		got := a.lookup("service", "card", card, "contract")
		if got.Code == http.StatusOK {
			ok++
			return false
		}
		require.Equal(t, http.StatusServiceUnavailable, got.Code)
		require.Equal(t, "audit_unavailable", got.reason())
		require.NotEmpty(t, got.Header().Get("Retry-After"))
		require.NotContains(t, got.Body.String(), "Marie")
		return true
	}, 5*time.Second, time.Millisecond)
	require.LessOrEqual(t, ok, 3+3+1)
	close(hold)
	a.audit.set(nil, nil)
	require.Len(t, a.written(ok), ok, "every answer has its line")

	a.audit.set(errors.New("broker away"), nil)
	require.Eventually(t, func() bool {
		return a.lookup("service", "card", card, "contract").Code == http.StatusServiceUnavailable
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, http.StatusServiceUnavailable, a.lookup("service", "card", card, "contract").Code, "even while the queue has room")
	a.audit.set(nil, nil)
	require.Eventually(t, func() bool { return a.lookup("service", "card", card, "contract").Code == http.StatusOK }, 5*time.Second, 5*time.Millisecond)
}
