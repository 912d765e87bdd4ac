package contacts_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/contacts"
)

// recalled is a rig whose store of contacts may be another one.
type recalled struct {
	*rig
	epoch uint64
}

func newRecalled(t *testing.T) *recalled {
	t.Helper()
	r := &recalled{rig: &rig{t: t, now: monday, logs: &bytes.Buffer{}}}
	r.recalls = &contacts.Recall{Epoch: func() uint64 { return r.epoch }, Made: func(_ context.Context, take func(stream.Record) error) error {
		for _, x := range r.told {
			if err := take(x); err != nil {
				return err
			}
		}
		return r.silent
	}}
	r.serve(statemem.NewGraph(), statemem.NewCells(), statemem.NewContacts(func() time.Time { return r.now }), nil)
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	r.decide(r.key(identifier.Phone, phone), consent.Marketing, "phone", consent.Grant)
	return r
}

// loses everything that was counted.
func (r *recalled) loses() {
	r.contacts = statemem.NewContacts(func() time.Time { return r.now })
}

// made has one contact made by e-mail, which is as many as the cap permits, and a call refused.
func (r *recalled) made() {
	r.t.Helper()
	require.NoError(r.t, r.service.CountAgain(r.t.Context()))
	require.True(r.t, r.ask("reserve", mail("m1", marie)).Allowed)
	require.True(r.t, r.ask("confirm", mail("m1", marie)).Allowed)
	require.Equal(r.t, "refused", r.ask("refused", call("c1", phone)).State)
}

// What a Redis that came back does not know any more is counted again before anything is permitted: caps, and the silence after a refusal.
func TestARedisThatLostItsLastSeconds_isToldWhatItLost(t *testing.T) {
	r := newRecalled(t)
	require.Equal(t, "unavailable", r.ask("reserve", mail("m0", marie)).Reason, "nobody knows what it lost before the start")
	r.made()
	r.loses()
	r.epoch++
	for range 2 {
		require.Equal(t, "unavailable", r.ask("reserve", mail("m2", marie)).Reason)
		require.Equal(t, "unavailable", r.ask("reserve", call("c2", phone)).Reason)
	}
	r.silent = errAway
	require.Error(t, r.service.CountAgain(t.Context()))
	require.Equal(t, "unavailable", r.ask("reserve", mail("m2", marie)).Reason, "nor is anything permitted while kafka does not say")
	r.silent = nil
	require.NoError(t, r.service.CountAgain(t.Context()))
	require.Equal(t, "cap", r.ask("reserve", mail("m2", marie)).Reason)
	require.Equal(t, "refused_before", r.ask("reserve", call("c2", phone)).Reason)

	at := r.told[len(r.told)-1]
	at.Value = []byte{0xff}
	r.told = append(r.told, at)
	r.epoch++
	require.NoError(t, r.service.CountAgain(t.Context()), "a record that cannot be read ends nothing")
	require.Equal(t, "cap", r.ask("reserve", mail("m2", marie)).Reason)
	r.epoch++
	require.Equal(t, http.StatusOK, r.send("service", "refused", call("c3", phone)).Code, "what restricts is taken at any time")
}

// The fault: whoever notices nothing permits what the person refused.
func TestARedisThatLostItsLastSeconds_unnoticedPermitsAgain(t *testing.T) {
	r := newRecalled(t)
	r.made()
	r.loses()
	require.True(t, r.ask("reserve", mail("m2", marie)).Allowed)
	require.True(t, r.ask("reserve", call("c2", phone)).Allowed)
}

// On a real Redis whose file is cut behind an answer, and a real broker.
func TestRealRedisLosesAContact(t *testing.T) {
	broker, err := stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	require.NoError(t, broker.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	out, err := broker.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	dir := t.TempDir()
	redis := testkit.StartRedisIn(t, dir)
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{redis.Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	markers := stateredis.NewMarkers(client)
	r := &rig{t: t, now: time.Now(), logs: &bytes.Buffer{}, kafka: out, recalls: &contacts.Recall{Epoch: markers.Epoch, Made: contacts.MadeLately(broker)}}
	r.serve(stateredis.NewGraph(client), stateredis.NewCells(client), stateredis.NewContacts(client), func(c *contacts.Config) {
		c.HTTP.Addr, c.Rules.Caps = "127.0.0.1:0", []contact.Cap{{Most: 1, Hours: 168, Source: "test"}}
	})
	r.decide(r.key(identifier.Email, marie), consent.Marketing, "email", consent.Grant)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.service.Run(ctx) }()
	require.Eventually(t, func() bool { return r.ask("reserve", call("c0", phone)).Reason == "no_permission" }, 20*time.Second, 20*time.Millisecond)
	keep := testkit.RedisSize(t, redis, dir)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	require.True(t, r.ask("confirm", mail("m1", marie)).Allowed)

	testkit.LoseRedis(t, redis, dir, keep)
	seen := map[string]bool{}
	require.Eventually(t, func() bool {
		a := r.ask("reserve", mail("m2", marie))
		seen[a.Reason] = true
		return a.Reason == "cap"
	}, 20*time.Second, 5*time.Millisecond, "%v", seen)
	require.NotContains(t, seen, "", "nothing is permitted before")
	require.Equal(t, "already_made", r.ask("confirm", mail("m1", marie)).Reason)
	stop()
	require.NoError(t, <-ended)
}
