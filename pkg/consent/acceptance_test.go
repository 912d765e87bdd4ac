package consent_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/schemas"
)

// Row 110: whoever refuses everything that can be refused is served as before; what people gain and lose is said with every purpose.
func TestRow110_refusingChangesNoService(t *testing.T) {
	r := rand.New(rand.NewPCG(110, 1))
	service := []consent.Purpose{consent.Contract, consent.Legal, consent.Security}
	for range 2000 {
		var register consent.Register
		for _, i := range consent.Purposes() {
			for _, c := range append([]string{""}, i.Channels...) {
				if r.IntN(3) > 0 {
					d := deny(int64(r.IntN(20)))
					d.Dec = consent.Refuse + consent.Dec(r.IntN(3))
					register, _ = register.Join(consent.PurposeChannel{Purpose: i.Purpose, Channel: c}, d)
				}
			}
		}
		mask := consent.Permissions([]consent.Point{point(identifier.Card, register), point(identifier.Email, register)}, 30)
		for _, p := range service {
			require.True(t, mask.Has(p), p)
			require.True(t, register.Allowed(p, "", 1, 30), p)
		}
	}
	reg, err := registry.Load(schemas.Files)
	require.NoError(t, err)
	for id, p := range reg.Purposes {
		if !p.Decidable {
			continue
		}
		assert.NotEmpty(t, p.Benefit.FR, id)
		text, _ := reg.NoticeText(id, "1", "fr")
		assert.Contains(t, text, "Refuser ne change ni vos prix, ni vos points, ni nos services.", id)
	}
}

// Row 151: nothing is stored of a visitor before a choice: whatever else was decided, browsing without a grant on the device is dropped, and an
// event that is kept loses the device.
func TestRow151_nothingBeforeAChoice(t *testing.T) {
	r := rand.New(rand.NewPCG(151, 1))
	for range 5000 {
		var register consent.Register
		for _, i := range consent.Purposes() { // anything but a grant of browsing
			d := grant(int64(r.IntN(9)))
			if i.Purpose == consent.UnifyBehaviour || r.IntN(2) == 0 {
				d = deny(int64(r.IntN(9)))
			}
			if i.Purpose == consent.UnifyBehaviour && r.IntN(2) == 0 {
				continue // nothing decided at all
			}
			for _, c := range append([]string{""}, i.Channels...) {
				register, _ = register.Join(consent.PurposeChannel{Purpose: i.Purpose, Channel: c}, d)
			}
		}
		device := point(identifier.Cookie, register)
		verdict, keep := consent.G1(true, []consent.Point{device}, int64(r.IntN(12)), 12)
		require.Equal(t, consent.Drop, verdict)
		require.Empty(t, keep)
		verdict, keep = consent.G1(false, []consent.Point{device}, int64(r.IntN(12)), 12)
		require.Equal(t, consent.Collect, verdict, "a sale is kept")
		require.Empty(t, keep, "without the device")
	}
}

// Row 42: a seller sees what a customer looked at online under store_view_web alone; store purchases personalise the site under personalise
// alone. Neither grants the other.
func TestRow42_eachViewUnderItsConsent(t *testing.T) {
	both := []consent.Purpose{consent.StoreViewWeb, consent.Personalise}
	for _, given := range [][]consent.Purpose{nil, {consent.StoreViewWeb}, {consent.Personalise}, both} {
		var register consent.Register
		for _, p := range given {
			register, _ = register.Join(consent.PurposeChannel{Purpose: p}, grant(5))
		}
		mask := consent.Permissions([]consent.Point{point(identifier.Customer, register)}, 9)
		for _, p := range both {
			assert.Equal(t, slices.Contains(given, p), mask.Has(p), "%v: %s", given, p)
			assert.Equal(t, slices.Contains(given, p), register.AllowedAt(p, "", 9), "%v: %s", given, p)
		}
	}
}

// The default matrix of a new person: what nobody decides about, and what holds until somebody objects. A change here is a change of the law
// that we keep, and of the register.
func TestDefaultMatrix(t *testing.T) {
	var allowed []string
	for _, i := range consent.Purposes() {
		for _, c := range append([]string{""}, i.Channels...) {
			if (consent.Register{}).AllowedAt(i.Purpose, c, 9) {
				allowed = append(allowed, strings.TrimSpace(string(i.Purpose)+" "+c))
			}
		}
	}
	assert.Equal(t, []string{"contract", "legal", "security", "audience_exempt", "unify_core", "analytics_individual"}, allowed)
}
