package contacts_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// The chaos of consent.md 3.7 before contacts: what the whole product does of it is told in services/resolver (TestPermitted_kafkaDown and the others).
// A step that counts has two writes, the log of contacts in Redis, then Kafka.

// A refusal on the telephone holds at once while Kafka is away; whoever said it is told to say it again, and then Kafka has it once, of its own time.
func TestKafkaDown_aRefusalHoldsAtOnceAndIsToldWhenItIsSentAgain(t *testing.T) {
	r := newRig(t, nil)
	r.decide(r.key(identifier.Phone, phone), consent.Marketing, "phone", consent.Grant)
	refusedAt := r.now
	r.silent = errAway
	w := r.send("service", "refused", call("c1", phone))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.Equal(t, "refused_before", r.ask("reserve", call("c2", phone)).Reason)
	require.Empty(t, r.logged())
	r.silent, r.now = nil, r.now.Add(time.Hour)
	require.Equal(t, "refused", r.ask("refused", call("c1", phone)).State)
	told := r.logged()
	require.Len(t, told, 1)
	var m eventpb.Changelog
	require.NoError(t, told[0].Decode(&m))
	l, err := contact.Decode(m.GetValue())
	require.NoError(t, err)
	require.Equal(t, refusedAt.Unix(), l.Contacts()[0].At)
	require.Equal(t, contact.Declined, l.Contacts()[0].State)
}

// A process that ends between the two writes of a hand-over has not answered: the contact counts, and no later try sends it.
func TestCrashBetweenTheTwoWrites_aContactCountsAndIsNeverSent(t *testing.T) {
	r := newRig(t, nil)
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	r.silent = errAway // it ends here: the service holds nothing of its own
	require.Equal(t, "unavailable", r.ask("confirm", mail("m1", marie)).Reason)
	r.silent = nil
	require.Equal(t, "already_made", r.ask("confirm", mail("m1", marie)).Reason)
	require.Equal(t, "cap", r.ask("reserve", mail("m2", marie)).Reason)
	require.Empty(t, r.logged(), "kafka was never told of it: it was not sent")
}

// A Redis that is lost and filled again may have been so before a step read it, or while it did: the grant that was read may be older than a refusal.
func TestHalfAState_permitsNothing(t *testing.T) {
	errHalf := errors.New("redis does not hold the whole state")
	for name, lostAt := range map[string]int{"before it is read": 1, "while it is read": 2} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
			require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
			for _, step := range []string{"reserve", "confirm"} {
				asked := 0
				r.whole = func() error {
					if asked++; asked == lostAt {
						return errHalf
					}
					return nil
				}
				require.Equal(t, "unavailable", r.ask(step, mail("m1", marie)).Reason, step)
			}
		})
	}
}
