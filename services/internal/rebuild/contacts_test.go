package rebuild_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
)

// Contacts that were made are counted again in a Redis that was lost, once each, and join one that was made since.
func TestContactsAreCountedAgain(t *testing.T) {
	i := newInstallation(t)
	now := time.Now().Truncate(time.Second)
	point := identifier.KeyOf(identifier.Email, i.ring.Pseudonym(space, identifier.Email, "marie@example.org"))
	who := contact.Party{Space: space, Controller: retail, Gate: point, Points: []identifier.Key{point}}
	at := func(n int) contact.Contact {
		return contact.Contact{ID: contact.ID{byte(n)}, At: now.Add(-time.Duration(n) * time.Hour).Unix(), State: contact.Made, Channel: consent.ChannelEmail, Point: point}
	}
	var records []stream.Record
	for _, n := range []int{1, 2, 1} {
		r, err := stream.Encode(stream.TopicContacts, []byte(point.Value), &eventpb.Changelog{
			Space: space, Key: []byte(contact.Key(space, retail, point)), Value: contact.Log{}.With(at(n)).Encode(),
		}, now)
		require.NoError(t, err)
		records = append(records, r)
	}
	step, err := stream.Encode(stream.TopicContacts, []byte(point.Value), &eventpb.ContactStep{Space: space, Controller: retail, Contact: []byte{1}, Step: "confirm"}, now)
	require.NoError(t, err)
	require.NoError(t, i.out.Publish(t.Context(), append(records, step)))
	fresh := openRedis(t)
	rules := contact.Default()
	rules.Caps = []contact.Cap{{Most: 4, Hours: 168, Source: "test"}}
	desk := contact.NewDesk(stateredis.NewContacts(fresh), rules)
	yes := contact.Person{Permission: contact.Permission{Allowed: true}}
	reserve := func(n int) bool {
		v, _, err := desk.Reserve(t.Context(), who, contact.Ask{ID: contact.ID{byte(n)}, Point: point, Channel: consent.ChannelEmail}, yes, now)
		require.NoError(t, err)
		return v.Allowed
	}
	require.True(t, reserve(10), "while Redis is still empty")
	report, err := rebuild.Redis(t.Context(), rebuild.Config{}, rebuild.Deps{Stream: i.client, Redis: fresh})
	require.NoError(t, err)
	require.EqualValues(t, 4, report.Records[stream.TopicContacts], "a step is read, and counts nothing")
	require.True(t, reserve(11), "two came back, and one was there")
	require.False(t, reserve(12))
}
