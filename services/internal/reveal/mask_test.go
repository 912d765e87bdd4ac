package reveal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/services/internal/reveal"
)

func TestMask(t *testing.T) {
	for _, c := range []struct {
		ns          identifier.Namespace
		value, want string
	}{
		{identifier.Email, "élise@example.org", "é••••@example.org"},
		{identifier.Phone, "+33612345678", "••••78"},
		{identifier.Card, "2990001234567", "••••67"},
		{identifier.Customer, "E1", "••••"},
		{"", "Élise", "É••••"},
		{"", "", "••••"},
	} {
		require.Equal(t, c.want, reveal.Mask(c.ns, c.value))
	}
}
