package consent_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
)

func TestAllowsBrowsing(t *testing.T) {
	register := func(ds ...consent.Decision) (r consent.Register) {
		for _, d := range ds {
			r, _ = r.Join(consent.PurposeChannel{Purpose: consent.UnifyBehaviour}, d)
		}
		return r
	}
	grant := func(at int64) consent.Decision {
		return consent.Decision{At: at, Dec: consent.Grant, ID: fmt.Sprint("g", at)}
	}
	deny := func(at int64) consent.Decision { return consent.Decision{At: at, Dec: consent.Withdraw, ID: "w"} }
	for _, tt := range []struct {
		name  string
		r     consent.Register
		stamp int64
		shown bool
	}{
		{"granted, and still", register(grant(10)), 10, true},
		{"never granted", register(), 10, false},
		{"collected without a grant", register(grant(10)), 0, false},
		{"withdrawn since", register(grant(10), deny(50)), 10, false},
		{"withdrawn since, and granted again", register(grant(10), deny(50), grant(60)), 10, true},
		{"granted after it was seen", register(grant(60)), 10, false},
		{"a denial before it was heard of late", register(grant(10), deny(15), grant(60)), 10, false},
		{"a denial in the middle was heard of late", register(grant(10), deny(25), grant(60)), 10, false},
	} {
		require.Equal(t, tt.shown, tt.r.AllowsBrowsing(tt.stamp, 20, 30, 100), tt.name)
	}
}
