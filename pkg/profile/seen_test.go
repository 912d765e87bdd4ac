package profile_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/profile"
)

// An event is known by its id as long as nothing that its leaf took is more than 72 hours newer, also where so much came since that the log has
// forgotten it. Behind that its row in ClickHouse is written over, whose key is of the event alone.
func TestIDsAreKnownForSeventyTwoHours(t *testing.T) {
	first := event("first", "page.viewed", day0)
	s := folded(t, first)
	for i := range 2 * profile.DefaultLimits().Log {
		require.Equal(t, []profile.Outcome{profile.Folded}, fold(t, s, event(fmt.Sprint(i), "page.viewed", day0+hour)))
	}
	fold(t, s, event("72 hours later", "page.viewed", day0+72*hour))
	require.Equal(t, profile.Duplicate, s.Judge(first))
	fold(t, s, event("73 hours later", "page.viewed", day0+73*hour))
	require.Equal(t, profile.Folded, s.Judge(first))
	require.Equal(t, profile.RowKey(first), profile.RowKey(event("first", "page.viewed", day0+74*hour)))
}
