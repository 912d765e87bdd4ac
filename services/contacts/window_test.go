package contacts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/contact"
	"rcu/pkg/stream"
	"rcu/services/contacts"
)

// Whatever rules are set, a contact that counts is still on Kafka, from where it is counted again after Redis was lost.
func TestWindows_endBeforeKafkaForgets(t *testing.T) {
	rules := func(most contact.Cap, silence int) contacts.Config {
		c := contacts.Default()
		c.Rules.Caps, c.Rules.Silences = []contact.Cap{most}, []contact.Figure{{Channel: "phone", Days: silence, Source: "x"}}
		return c
	}
	widest := rules(contact.Cap{Most: 1, Days: contact.MaxWindow, Source: "x"}, contact.MaxWindow)
	require.NoError(t, widest.Validate())
	require.LessOrEqual(t, widest.Rules.Kept(), stream.ContactsRetention)
	require.NoError(t, rules(contact.Cap{Most: 1, Hours: 24 * contact.MaxWindow, Source: "x"}, 1).Validate())
	const tooLong = "are not counted again after a rebuild"
	require.ErrorContains(t, rules(contact.Cap{Most: 1, Days: contact.MaxWindow + 1, Source: "x"}, 1).Validate(), tooLong)
	require.ErrorContains(t, rules(contact.Cap{Most: 1, Hours: 24*contact.MaxWindow + 1, Source: "x"}, 1).Validate(), tooLong)
	require.ErrorContains(t, rules(contact.Cap{Most: 1, Days: 1, Source: "x"}, contact.MaxWindow+1).Validate(), "silences[0]: days")
	old := contacts.Default()
	old.Rules.Ages = []contact.Figure{{Channel: "phone", Days: 365, Source: "x"}}
	require.NoError(t, old.Validate(), "the age of a grant is none of it")
}
