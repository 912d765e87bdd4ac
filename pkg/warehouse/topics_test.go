package warehouse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/warehouse"
)

// Whoever makes an audience sees who wishes to hear nothing of a topic: at whichever of their points, until it is taken back or over.
func TestSuppressedTopics(t *testing.T) {
	w := open(t)
	now := time.Now().Truncate(time.Second)
	profiles, ids, said := warehouse.NewProfiles(), warehouse.NewProfileIdentifiers(), warehouse.NewConsents()
	for _, id := range []string{"p1", "p2", "p3"} {
		profiles.Append(profile(id, 1, false))
		controller := profile(id, 1, false).Controller
		for _, namespace := range []string{"email", "phone"} {
			ids.Append(&warehouse.ProfileIdentifierRow{Controller: controller, Space: "fr", RCUID: id, Namespace: namespace, Pseudonym: id + namespace, Version: 1})
		}
	}
	n := 0
	says := func(controller, point, topic, decision string, wide bool, ago time.Duration, until time.Time) {
		n++
		row := &warehouse.ConsentRow{
			Controller: controller, Space: "fr", Source: "site", ID: string(rune('a' + n)), Namespace: point[2:], Point: point, Purpose: "wish:topic:" + topic,
			Decision: decision, Wide: wide, DecidedAt: now.Add(-ago).Unix(), ReceivedAt: now.UnixMicro(),
		}
		if !until.IsZero() {
			row.ExpiresAt = until.Unix()
		}
		said.Append(row)
	}
	own := profile("p1", 1, false).Controller
	never, later := time.Time{}, now.Add(24*time.Hour)
	says(own, "p1email", "baby", "object", false, 3*time.Hour, never)
	says(own, "p1phone", "baby", "object", false, 2*time.Hour, later)
	says(own, "p1phone", "alcohol", "object", false, 2*time.Hour, now.Add(-time.Hour)) // over
	says(own, "p2email", "baby", "object", false, 3*time.Hour, never)
	says(own, "p2email", "baby", "grant", false, 2*time.Hour, never) // taken back
	says(own, "p2phone", "children", "grant", false, 3*time.Hour, never)
	says(own, "p2phone", "children", "object", false, 3*time.Hour, later) // of one second the stricter
	says(own, "p3email", "baby", "object", true, 3*time.Hour, never)
	says(own, "p3email", "baby", "grant", false, 2*time.Hour, never) // what was said of the point alone takes back nothing wide
	says("another", "p3phone", "alcohol", "object", false, time.Hour, never)
	says(own, "p9email", "baby", "object", false, time.Hour, never) // nobody's
	insert(t, w, profiles)
	insert(t, w, ids)
	insert(t, w, said)
	at := func(t time.Time) string { return t.UTC().Format(time.DateTime) }
	require.Equal(t, []map[string]any{
		{"rcu_id": "p1", "topic": "baby", "until": at(time.Unix(0, 0))},
		{"rcu_id": "p2", "topic": "children", "until": at(later)},
		{"rcu_id": "p3", "topic": "baby", "until": at(time.Unix(0, 0))},
	}, ask(t, w, "SELECT rcu_id, topic, until FROM suppressed_topics ORDER BY rcu_id, topic"))
}
