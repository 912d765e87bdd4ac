package consent_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
)

func TestErasedUntil(t *testing.T) {
	ends := deny(100)
	ends.Expires = 150
	for name, c := range map[string]struct {
		said  []consent.Decision
		until int64
		ok    bool
	}{
		"never":              {nil, 0, false},
		"lies":               {[]consent.Decision{deny(100)}, math.MaxInt64, true},
		"lifted":             {[]consent.Decision{deny(100), grant(120)}, 120, true},
		"lifted twice":       {[]consent.Decision{deny(100), grant(120), grant(180)}, 120, true},
		"laid again":         {[]consent.Decision{deny(100), grant(120), deny(130)}, math.MaxInt64, true},
		"laid, lifted again": {[]consent.Decision{deny(100), grant(120), deny(130), grant(140)}, 140, true},
		"ended by its date":  {[]consent.Decision{ends}, 150, true},
		"lifted alone":       {[]consent.Decision{grant(120)}, 0, false},
		"not yet":            {[]consent.Decision{deny(300)}, 0, false},
	} {
		until, ok := on(consent.Erased.Purpose(), "", c.said...).ErasedUntil(200)
		require.Equal(t, c.ok, ok, name)
		require.Equal(t, c.until, until, name)
	}
	_, ok := on(consent.Restricted.Purpose(), "", deny(100)).ErasedUntil(200)
	require.False(t, ok, "another overlay")
}
