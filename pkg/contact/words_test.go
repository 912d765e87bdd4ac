package contact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/contact"
)

// Every reason has its words in both languages, and what is allowed has none.
func TestReason_words(t *testing.T) {
	require.Nil(t, contact.ReasonNone.Words())
	seen := map[string]bool{}
	for _, r := range []contact.Reason{
		contact.ReasonPermission, contact.ReasonAge, contact.ReasonPaused, contact.ReasonTopic, contact.ReasonFrequency, contact.ReasonSilence, contact.ReasonCap,
		contact.ReasonHours, contact.ReasonPlace, contact.ReasonFull, contact.ReasonExpired, contact.ReasonMade, contact.ReasonUnknown,
	} {
		w := r.Words()
		require.NotNil(t, w, r)
		for _, text := range []string{w.FR, w.EN} {
			require.NotEmpty(t, text, r)
			require.False(t, seen[text], "%s: said of another reason too", text)
			seen[text] = true
		}
	}
}
